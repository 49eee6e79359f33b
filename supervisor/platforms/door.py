"""Where requests come in, until the first of them does: the path of the control socket, locked and listened at.

sockets.py, which serves those who come, is loaded only then, with all that it takes.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Mapping, Sequence

from ...units.light import Any
from . import CannotListen, Forget, Hear, Taken, Watch

TYPE_CHECKING = False

if TYPE_CHECKING:
    import socket

    from .sockets import SocketChannel
else:
    import _socket as socket  # the module around it brings enum, re and selectors

_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW  # it is emptied: never what a link leads to
_DYING = 1.0  # seconds that a supervisor may take to vanish that was killed


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


class Door:
    """The channel of a path, from `attach` until `close`. lock: by `take`. kept: of an earlier program of this process.

    Raises CannotListen.
    """

    def __init__(self, path: str, lock: int, most_bytes: int, kept: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self._lock = lock
        self._most_bytes = most_bytes
        self._inside: SocketChannel | None = None
        self._clients = kept["clients"] if kept else ()
        self._listener: int = kept["listener"] if kept else _listen(path)
        os.set_inheritable(self._listener, False)

    def attach(self, watch: Watch, forget: Forget, hear: Hear) -> Sequence[Any]:
        self._watch, self._forget, self._hear = watch, forget, hear
        if self._clients:
            return self._open().resume(self._clients)
        watch(self._listener, lambda: self._open().serve())
        return ()

    def send(self, client: Any, data: bytes) -> None:
        if self._inside is not None:
            self._inside.send(client, data)

    def kept(self, heirs: list[int]) -> dict[str, Any]:
        heirs += [self._lock, self._listener]
        clients = self._inside.kept(heirs) if self._inside else []
        return {"lock": self._lock, "listener": self._listener, "clients": clients}

    def close(self) -> None:
        """Listen no more, and let another supervisor have the path."""
        os.close(self._inside.close() if self._inside else self._listener)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self._lock)

    def _open(self) -> "SocketChannel":
        """Load what serves clients, now that the first of them has come."""
        from .sockets import SocketChannel

        self._forget(self._listener)
        self._inside = SocketChannel(self._listener, self._hear, self._most_bytes)
        self._watch(self._inside.fileno(), self._inside.serve)
        return self._inside


def _listen(path: str) -> int:
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


def _cannot_listen(path: str, error: OSError) -> CannotListen:
    why = error.strerror or str(error)
    return CannotListen(
        f"{path}: cannot listen there ({why}); choose another socket with --control or FARMHAND_CONTROL"
    )
