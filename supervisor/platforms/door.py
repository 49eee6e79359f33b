"""Where requests come in, until the first of them does: the path of the control socket, locked and listened at.

server.py, which answers, is loaded only then, with all that it takes.
"""

import contextlib
import errno
import fcntl
import os
import time

TYPE_CHECKING = False

if TYPE_CHECKING:
    import socket
else:
    import _socket as socket  # the module around it brings enum, re and selectors

_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW  # it is emptied: never what a link leads to
MOST_CLIENTS = 128  # at a time; whoever comes then waits at the door: they shall not use up our descriptors
_DYING = 1.0  # seconds that a supervisor may take to vanish that was killed


class CannotListen(Exception):
    """The socket cannot be made, or another supervisor has it; the text says which and how to mend it."""


class Taken(CannotListen):
    """It is another supervisor that has the path."""


def take(path: str) -> int:
    """Return the lock that makes this process the one supervisor of the path; raises CannotListen.

    The kernel takes it back from a process that was killed: when that, and what it was just starting, is gone.
    """
    lock = None
    try:
        folder = os.path.dirname(path) or "."
        with contextlib.suppress(FileExistsError):
            os.makedirs(os.path.dirname(folder) or ".", exist_ok=True)
            os.mkdir(folder, 0o700)
        if (owner := os.stat(folder).st_uid) not in (0, os.geteuid()):
            raise OSError(errno.EPERM, f"the folder belongs to user {owner}")
        lock = os.open(f"{path}.lock", _LOCK_FLAGS, 0o600)
        _wait_for(lock)
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    except OSError as error:
        holder = _holder(lock)
        if lock is not None:
            os.close(lock)
        if isinstance(error, BlockingIOError):
            raise Taken(
                f"{path}: another supervisor, process {holder or 'unknown'}, has this socket; stop it with 'farmhand "
                "shutdown', or choose another socket with --control or FARMHAND_CONTROL"
            ) from None
        raise _cannot_listen(path, error) from None
    return lock


def _wait_for(lock: int) -> None:
    """Get the lock, also from one who is just dying; raises BlockingIOError."""
    deadline = time.monotonic() + _DYING
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)


def _holder(lock: int | None) -> int:
    """Return the process that wrote its id into the lock, 0 if there is none."""
    text = b"" if lock is None else os.pread(lock, 20, 0).strip()
    return int(text) if text.isdigit() else 0


def listen(path: str) -> int:
    """Return a descriptor that listens at the path; a socket that is there already was left: the lock was free.

    Raises CannotListen.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        before = os.umask(0o177)  # nobody else's from the first moment on
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(before)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _cannot_listen(path, error) from None
    return listener.detach()


def shut(path: str, lock: int, listener: int) -> None:
    """Listen no more, and let another supervisor have the path."""
    os.close(listener)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.close(lock)


def _cannot_listen(path: str, error: OSError) -> CannotListen:
    why = error.strerror or str(error)
    return CannotListen(
        f"{path}: cannot listen there ({why}); choose another socket with --control or FARMHAND_CONTROL"
    )
