"""What `show` says of a service beside its processes' set-up, as `systemctl show` of systemd 252 does."""

import pytest

from farmhand.supervisor.rules.elsewhere_shown import ELSEWHERE_SHOWN
from farmhand.supervisor.rules.life import Life
from farmhand.supervisor.rules.properties import Facts, properties
from farmhand.units.dialects import systemd


def shown(lines="", life=None, **facts):
    service = systemd.read("a.service", f"[Service]\nExecStart=/bin/true\n{lines}\n").service
    return properties(service, life or Life(), Facts(**facts))


@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ("", "PrivateTmp", "no"),
        ("PrivateTmp=yes", "PrivateTmp", "yes"),
        ("", "SystemCallErrorNumber", "2147483646"),
        ("", "BusName", ""),
        ("BusName=wrong", "BusName", ""),
        ("StandardInput=fd:x", "StandardInput", "fd"),
        ("StandardInput=fd:x", "StandardInputFileDescriptorName", "x"),
        ("StandardInput=fd:a:b", "StandardInput", "null"),
        ("StandardInput=file:/a:b", "StandardInputFileDescriptorName", ""),
        ("[Unit]\nPropagatesStopTo=b.service", "PropagatesStopTo", "b.service"),
        ("[Unit]\nReloadPropagatedFrom=b.service", "ReloadPropagatedFrom", "b.service"),
    ],
)
def test_values(lines, name, value):
    assert shown(lines)[name] == value


@pytest.mark.parametrize(
    ("facts", "name", "value"),
    [
        ({}, "MemoryCurrent", "[not set]"),
        ({}, "CPUUsageNSec", "[not set]"),
        ({}, "ControlGroup", ""),
        ({"group": "/a/b.service"}, "ControlGroup", "/a/b.service"),
        ({"used": {"TasksCurrent": 3}}, "TasksCurrent", "3"),
        ({"used": {"TasksCurrent": 3}}, "MemoryCurrent", "[not set]"),
    ],
)
def test_what_is_used_is_shown_as_far_as_it_is_counted(facts, name, value):
    assert shown(**facts)[name] == value


@pytest.mark.parametrize(
    ("life", "stamp"),
    [
        (Life(), "0"),
        (Life(watchdog=30.0), "20000000"),
        (Life(watchdog=30.0, watchdog_sec=4.0), "26000000"),
    ],
    ids=["it is off", "WatchdogSec= ago", "what the service asked for ago"],
)
def test_the_watchdog_was_heard_one_span_before_it_would_bite(life, stamp):
    assert shown("WatchdogSec=10s", life, monotonic_zero=1e6)["WatchdogTimestampMonotonic"] == stamp


def test_what_is_systemds_alone_is_nothing_that_is_in_force_here():
    assert ELSEWHERE_SHOWN.items() <= shown().items()
