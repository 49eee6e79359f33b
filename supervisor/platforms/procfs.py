"""What /proc says of the processes of this machine; proc(5). Linux only."""

import fcntl
import os
import sys
from collections.abc import Iterator, Set

from . import AROUND, MARK
from .children import Process
from .launch import full_mark

_MID_EXEC_TRIES = 100

# linux/pidfd.h: struct pidfd_info, of which the mask and the exit status are of interest here.
_PIDFD_INFO, _MASK, _STATUS = 64, slice(0, 8), slice(60, 64)
_PIDFD_GET_INFO = 3 << 30 | _PIDFD_INFO << 16 | 0xFF << 8 | 11
_PIDFD_INFO_EXIT = 1 << 3


def look_at(pid: int) -> Process | None:
    """Return the process with this id, None if there is none; one that has ended but is not yet reaped is not alive."""
    try:
        text = _read_line(f"/proc/{pid}/stat")
    except OSError:
        return None
    state, parent, group, session, *rest = text[text.rindex(b")") + 2 :].split()
    threads, start = int(rest[13]), int(rest[15])
    # A main thread that has ended before the others shows as a zombie too.
    return Process(pid, int(parent), int(group), int(session), start, alive=state not in b"ZX" or threads > 1)


def is_still(pid: int) -> bool:
    """Say whether a process is stopped or has ended: it does nothing any more by itself."""
    try:
        text = _read(f"/proc/{pid}/stat")
    except OSError:
        return True
    return text[text.rindex(b")") + 2 :][:1] in b"TtZX"


def everybody() -> Iterator[Process]:
    """Yield all living processes of this machine that may be seen."""
    for name in os.listdir("/proc"):
        if name.isdigit() and (process := look_at(int(name))) is not None and process.alive:
            yield process


def end_of(pid: int, start: float, pidfd: int) -> int | None:
    """Return the wait status of somebody else's child that has ended, None where it is not to be known.

    The kernel tells it to the owner as long as nobody has reaped it (proc(5), field 52 of stat), and since Linux 6.15
    to whoever holds its pidfd afterwards (pidfd_open(2), PIDFD_GET_INFO).
    """
    try:
        text = _read(f"/proc/{pid}/stat")
        fields = text[text.rindex(b")") + 2 :].split()
        if fields[0] == b"Z" and int(fields[19]) == start:
            theirs = os.stat(f"/proc/{pid}").st_uid
            return int(fields[49]) if os.geteuid() in (0, theirs) else None
    except OSError:
        pass
    info = bytearray(_PIDFD_INFO)
    info[_MASK] = _PIDFD_INFO_EXIT.to_bytes(8, sys.byteorder)
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
    except OSError:
        return None
    known = int.from_bytes(info[_MASK], sys.byteorder)
    return int.from_bytes(info[_STATUS], sys.byteorder, signed=True) if known & _PIDFD_INFO_EXIT else None


def epoch() -> str:
    """Return what changes when the machine starts anew, and differs between process id namespaces."""
    boot = _read("/proc/sys/kernel/random/boot_id").decode().strip()
    return f"{boot} {os.readlink('/proc/self/ns/pid')}"


def children(pid: int) -> list[int]:
    """Return the children of all threads of a process; the kernel may leave out some while the process runs."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found.extend(map(int, _read(f"/proc/{pid}/task/{thread}/children").split()))
    except OSError:
        return found  # it ended meanwhile
    return found


def own_children(*, but: Set[int]) -> list[int]:
    """Return the children of this process's main thread, which is the one that orphans are given to.

    None is left out if only this thread reaps them. but: children that are not wanted.
    """
    listed = _read(f"/proc/self/task/{os.getpid()}/children")
    if listed.count(b" ") == len(but):  # each id is followed by one
        return []
    return [pid for pid in map(int, listed.split()) if pid not in but]


def mark(pid: int) -> str:
    """Return the mark that a process was given with its environment, "" if it has none or may not be read."""
    try:
        variables = dict(_pair(variable) for variable in _environment(pid).split(b"\0"))
    except OSError:
        return ""  # it ended, or it is somebody else's
    own, around = (os.fsdecode(variables.get(name.encode(), b"")) for name in (MARK, AROUND))
    return full_mark(own, around)


def has_memory(pid: int) -> bool:
    """Say whether a process can be read still; one that is ending gives that back before it counts as ended."""
    try:
        return bool(_read(f"/proc/{pid}/cmdline"))
    except OSError:
        return False


def _pair(variable: bytes) -> tuple[bytes, bytes]:
    name, _, value = variable.partition(b"=")
    return name, value


def _environment(pid: int) -> bytes:
    """Read a process's environment; in the middle of execve(2) it has none, nor arguments, for some microseconds."""
    for _ in range(_MID_EXEC_TRIES):
        environment = _read(f"/proc/{pid}/environ")
        if environment or _read(f"/proc/{pid}/cmdline") or not _has_program(pid):
            return environment
    return b""


def _has_program(pid: int) -> bool:
    """Say whether a process has ever executed anything: those of the kernel have not."""
    try:
        os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return True


def _read_line(path: str) -> bytes:
    """Read what the kernel writes at one go."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = b""
        while part := os.read(file, 1 << 16):
            content += part
        return content
    finally:
        os.close(file)
