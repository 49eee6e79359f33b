"""What exit codes of Windows say, on any system: the names that the same misfortunes have elsewhere."""

import pytest

from farmhand.supervisor.platforms.windows.exits import KILLED, code_of, exit_of
from farmhand.supervisor.rules.exitstatus import Exit

# NTSTATUS values as Microsoft's ntstatus.h has them.
CRASHES = """
C0000005 SIGSEGV  access violation
C00000FD SIGSEGV  stack overflow
C0000006 SIGBUS   in page error
80000002 SIGBUS   datatype misalignment
C000001D SIGILL   illegal instruction
C0000096 SIGILL   privileged instruction
C000008C SIGFPE   array bounds exceeded
C0000094 SIGFPE   integer division by zero
C0000095 SIGFPE   integer overflow
80000003 SIGTRAP  breakpoint
C0000374 SIGABRT  heap corruption
C0000409 SIGABRT  stack buffer overrun
C0000135 SIGABRT  a library that was not found
C0000142 SIGABRT  a library that could not be initialised
C000013A SIGINT   control c exit
40010004 SIGTERM  terminated by the end of the session
"""


@pytest.mark.parametrize("line", CRASHES.strip().splitlines())
def test_a_crash_is_a_signal(line):
    code, name, _ = line.split(maxsplit=2)
    assert exit_of(int(code, 16)) == Exit(signal=name)


@pytest.mark.parametrize("code", [0, 1, 47, 255, 256, 259, 0x7FFFFFFF, 0x80070005, 0xD0000001, 0xFFFFFFFF])
def test_an_exit_code_is_a_number_without_sign(code):
    """Also one of a program that ended with -1, or with an HRESULT."""
    assert exit_of(code) == Exit(code=code)


def test_who_was_killed_here_was_killed():
    assert exit_of(KILLED) == Exit(signal="SIGKILL")


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT", "SIGTERM", "SIGSEGV", "SIGABRT"])
def test_who_ends_as_by_a_signal_is_read_so(name):
    assert exit_of(code_of(name)) == Exit(signal=name)
