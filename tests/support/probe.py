"""What a process may do where it is, tried and printed as JSON: {what: "yes", or the name of the error}.

Run by Blender's Python in a task, or by any other: standard library only. The last argument is a folder to try to write
to; it is anybody's to write to.
"""

import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable

CLONE_NEWUSER = 0x10000000
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_PRIVATE, MAP_ANONYMOUS = 2, 0x20
PER_LINUX32 = 8

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p


def call(result: int | None) -> None:
    """Raise for what a function of C returned."""
    if result in (-1, None, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "")


def write(path: str) -> None:
    with open(path, "w"):
        pass
    os.unlink(path)


def in_child(act: Callable[[], None]) -> None:
    """Do what cannot be undone in another process."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except OSError as problem:
            os._exit(problem.errno or 255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise OSError(code, "")


def setuid_program(folder: str) -> None:
    path = os.path.join(folder, "setuid")
    with open(path, "w") as file:
        try:
            os.fchmod(file.fileno(), 0o4755)
        finally:
            os.unlink(path)


def tries(elsewhere: str, temporary: str) -> dict[str, Callable[[], object]]:
    return {
        "write elsewhere": lambda: write(os.path.join(elsewhere, "x")),
        "write to /tmp": lambda: open(os.path.join("/tmp", temporary), "w").close(),
        "look into homes": lambda: os.listdir("/home"),
        "make a namespace": lambda: in_child(lambda: call(libc.unshare(CLONE_NEWUSER))),
        "open a socket of another kind": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
        "ask by netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "run what it wrote": lambda: call(
            libc.mmap(None, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        ),
        "be of another kind": lambda: in_child(lambda: call(libc.personality(PER_LINUX32))),
        "read /proc/meminfo": lambda: open("/proc/meminfo").close(),
        "read the kernel's log": lambda: call(libc.klogctl(10, None, 0)),
        "bind a thread": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
        "make a setuid program": lambda: setuid_program("/tmp"),
        "use /dev/fuse": lambda: os.stat("/dev/fuse"),
        "read random numbers": lambda: open("/dev/urandom").close(),
    }


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as problem:
        return errno.errorcode.get(problem.errno or 0, str(problem))
    return "yes"


def probe(elsewhere: str, temporary: str) -> dict[str, str]:
    """Try everything. temporary: the name of a file that is left in /tmp, to see whose /tmp it is."""
    return {what: outcome(act) for what, act in tries(elsewhere, temporary).items()}


if __name__ == "__main__":
    print(json.dumps(probe(*sys.argv[-2:])))
