"""sd_notify datagrams."""

import pytest

from farmhand.supervisor.rules.notify import Message, access, may_tell, parse
from farmhand.units.spec import Service


@pytest.mark.parametrize(
    ("datagram", "message"),
    [
        pytest.param(b"READY=1", Message(tells=("ready",)), id="ready"),
        pytest.param(b"READY=1\nSTATUS=up\n", Message(tells=("ready",), status="up"), id="several fields"),
        pytest.param(b"RELOADING=1\nREADY=1", Message(tells=("reloading", "ready")), id="several states"),
        pytest.param(b"STATUS=a\nSTATUS=b", Message(status="a"), id="of other fields the first"),
        pytest.param(b"STATUS=a=b", Message(status="a=b"), id="the value may hold ="),
        pytest.param(b"READY=0", Message(), id="only 1 means yes"),
        pytest.param(b"EXTEND_TIMEOUT_USEC=1500000", Message(extend_timeout=1.5), id="microseconds become seconds"),
        pytest.param(b"WATCHDOG_USEC=2000000\nWATCHDOG=1", Message(watchdog="1", watchdog_sec=2.0), id="watchdog"),
        pytest.param(b"MAINPID=12\nERRNO=2", Message(main_pid=12, errno=2), id="numbers"),
        pytest.param(b"MAINPID=-1\nERRNO=x", Message(), id="what is no number is left out"),
        pytest.param(b"MAINPID=%d" % 2**64 + b"\nERRNO=" + b"1" * 5000, Message(), id="nor what no number can be"),
        pytest.param(b"EXTEND_TIMEOUT_USEC=" + b"9" * 400, Message(), id="nor a span without an end"),
        pytest.param(
            "STATUS=a\u2028READY=1\rERRNO=3".encode(), Message(status="a\u2028READY=1", errno=3), id="line ends"
        ),
        pytest.param(b"MONOTONIC_USEC=2500000", Message(monotonic=2.5), id="when it was sent"),
        pytest.param(b"\xff\xfe", Message(), id="no text at all"),
    ],
)
def test_parse(datagram, message):
    assert parse(datagram) == message


@pytest.mark.parametrize(
    ("type", "written", "heard"),
    [
        ("simple", None, "none"),
        ("simple", "none", "none"),
        ("notify", None, "main"),
        ("notify", "none", "main"),
        ("notify", "all", "all"),
        ("simple", "exec", "exec"),
    ],
)
def test_access(type, written, heard):
    assert access(Service("a", type=type, notify_access=written)) == heard


def test_a_watchdog_needs_the_socket():
    assert access(Service("a", watchdog_sec=5)) == "main"


# Whose messages count; systemd.service(5), NotifyAccess=.
SENDERS = {"none": "", "main": "main", "exec": "main control", "all": "main control other"}


@pytest.mark.parametrize("written", SENDERS)
@pytest.mark.parametrize("sender", ["main", "control", "other"])
def test_who_may_tell(written, sender):
    assert may_tell(Service("a", notify_access=written), sender) is (sender in SENDERS[written].split())
