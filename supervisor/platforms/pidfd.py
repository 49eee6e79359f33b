"""Processes signalled by a descriptor and a start time, for an id alone may be another one's by then. Linux only."""

import contextlib
import os

from . import procfs
from .children import Process
from .signals import signal


def stop_group(member: Process) -> None:
    """Stop a member and its process group, the one unit that no fork slips out of.

    A group has only members in it, for it lies within a session that a member began; and while a stopped member
    is in it, its id is not used again.
    """
    if send(member, signal.SIGSTOP):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(member.group, signal.SIGSTOP)


def send(member: Process, *numbers: int) -> bool:
    """Send signals unless the process is gone; say whether they were sent."""
    if (fd := open_pidfd(member.pid, member.start)) is None:
        return False
    try:
        for number in numbers:
            signal.pidfd_send_signal(fd, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(fd)
    return True


def open_pidfd(pid: int, start: float) -> int | None:
    """Return a pidfd of a process, None if it is gone, even if its id is another's now."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return None
    now = procfs.look_at(pid)
    if now is not None and now.start == start:
        return fd
    os.close(fd)
    return None


def lives(process: Process) -> bool:
    now = procfs.look_at(process.pid)
    return now is not None and now.start == process.start and now.alive
