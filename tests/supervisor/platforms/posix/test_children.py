"""What every POSIX system has: in which order signals go to the members of a tree."""

import fcntl
import os
import resource
import signal

import pytest

from farmhand.supervisor.platforms.children import Process, is_readable, signal_all

MAIN, OTHER = 1, 2
TERM, CONT, HUP, USR1 = signal.SIGTERM, signal.SIGCONT, signal.SIGHUP, signal.SIGUSR1


@pytest.mark.parametrize(
    ("numbers", "sent"),
    [
        ((TERM, CONT), [(MAIN, (TERM, CONT)), (OTHER, (TERM, CONT))]),
        ((HUP, CONT), [(MAIN, (HUP, CONT)), (OTHER, (HUP, CONT))]),
        ((USR1, CONT, HUP), [(MAIN, (USR1, CONT, HUP)), (OTHER, (USR1, CONT)), (OTHER, (HUP,))]),
    ],
    ids=["as ever", "SIGHUP is what it is ended with", "SIGHUP comes with it"],
)
def test_all_but_the_main_process_have_heard_the_rest_when_sighup_comes(numbers, sent):
    got = []
    members = [Process(pid, 0, MAIN, MAIN, 0.0, alive=True) for pid in (MAIN, OTHER)]
    signal_all(lambda: members, lambda member, *given: got.append((member.pid, given)), MAIN, numbers)
    assert sorted(got[:2]) + got[2:] == sent


def test_a_descriptor_may_have_any_number():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1100), hard))
    reader, writer = os.pipe()
    high = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 1050)
    try:
        assert not is_readable(high)
        os.write(writer, b"x")
        assert is_readable(high, 10)
    finally:
        for fd in (reader, writer, high):
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
