"""The supervisor's side of the control socket: never blocks, however slow a client is.

All its sockets are in one selector of their own, and that selector's descriptor is what the loop waits for.
"""

import contextlib
import errno
import fcntl
import os
import selectors
import socket
import time
from collections.abc import Iterable

from ...units.light import Any, dataclass, field
from ..exit_codes import BAD_INPUT
from ..platforms.peers import peer_uid
from .protocol import MOST_BYTES, BadRequest, Handle, Reply, Request, decode_request, encode

_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW  # it is emptied: never what a link leads to
MOST_CLIENTS = 128  # at a time; whoever comes then waits at the door: they shall not use up our descriptors
_DYING = 1.0  # seconds that a supervisor may take to vanish that was killed


class CannotListen(Exception):
    """The socket cannot be made, or another supervisor has it; the text says which and how to mend it."""


class Taken(CannotListen):
    """It is another supervisor that has the path."""


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    waits_for: Request | None = None


class ControlServer:
    """Listens at `path` from the start until `close`; raises CannotListen. `serve` when `fileno` is readable.

    lock: of the path, by `take`. listener: the descriptor that an earlier program of this process listened at.
    """

    def __init__(self, path: str, handle: Handle, lock: int, listener: int | None = None) -> None:
        self.path = path
        self._handle = handle
        self._selector = selectors.DefaultSelector()
        self._lock = lock
        self._listener = _listen(path) if listener is None else socket.socket(fileno=listener)
        self._clients: set[_Client] = set()
        self._mind_the_door()

    def fileno(self) -> int:
        # The selectors of Linux, macOS and the BSDs have a descriptor that is itself readable when one of theirs is.
        return int(self._selector.fileno())

    def serve(self) -> None:
        """Do what can be done without waiting."""
        for key, _ in self._selector.select(0):
            if key.fileobj is self._listener:
                self._accept()
            elif key.data.unsent:
                self._send(key.data)
            else:
                self._receive(key.data)

    def kept(self, heirs: list[int]) -> dict[str, Any]:
        """Return lock, listener and clients for the program that replaces this one; see `resume`."""
        clients = [
            [
                client.socket.fileno(),
                client.received.decode("latin-1"),
                client.unsent.tobytes().decode("latin-1"),
                encode(client.waits_for).decode() if client.waits_for else "",
            ]
            for client in self._clients
        ]
        heirs += [self._lock, self._listener.fileno(), *(client.socket.fileno() for client in self._clients)]
        return {"lock": self._lock, "listener": self._listener.fileno(), "clients": clients}

    def resume(self, clients: Iterable[tuple[int, str, str, str]], rejoin: Handle) -> None:
        """Go on with clients that an earlier program spoke to. rejoin: for those who wait for an answer."""
        for fd, received, unsent, waits_for in clients:
            client = _Client(socket.socket(fileno=fd), bytearray(received, "latin-1"))
            os.set_inheritable(fd, False)
            self._clients.add(client)
            if waits_for:
                client.waits_for = decode_request(waits_for.encode())
                rejoin(client.waits_for, lambda reply, client=client: self._answer(client, reply))  # type: ignore[misc]
            elif unsent:
                client.unsent = memoryview(unsent.encode("latin-1"))
                self._selector.register(client.socket, selectors.EVENT_WRITE, client)
            else:
                self._selector.register(client.socket, selectors.EVENT_READ, client)
        self._mind_the_door()

    def close(self) -> None:
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self._lock)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _ = self._listener.accept()
            if peer_uid(connection) not in (0, os.geteuid()):
                connection.close()
                return
            connection.setblocking(False)
            client = _Client(connection)
            self._clients.add(client)
            self._selector.register(connection, selectors.EVENT_READ, client)
            self._mind_the_door()

    def _mind_the_door(self) -> None:
        """Look for newcomers as long as there is room."""
        room, looking = len(self._clients) < MOST_CLIENTS, self._listener in self._selector.get_map()
        if room and not looking:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif looking and not room:
            self._selector.unregister(self._listener)

    def _receive(self, client: _Client) -> None:
        try:
            part = client.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionError:
            part = b""
        client.received += part
        line, complete, _ = client.received.partition(b"\n")
        if complete:
            self._selector.unregister(client.socket)  # one request is all it may send
            self._ask(client, bytes(line))
        elif not part or len(client.received) > MOST_BYTES:
            self._drop(client)

    def _ask(self, client: _Client, line: bytes) -> None:
        try:
            request = decode_request(line)
        except BadRequest as bad:
            self._answer(client, Reply(BAD_INPUT, (f"the request is not understood: {bad}",)))
        else:
            client.waits_for = request
            self._handle(request, lambda reply: self._answer(client, reply))

    def _answer(self, client: _Client, reply: Reply) -> None:
        if client in self._clients:
            client.waits_for = None
            client.unsent = memoryview(encode(reply))
            self._selector.register(client.socket, selectors.EVENT_WRITE, client)
            self._send(client)

    def _send(self, client: _Client) -> None:
        try:
            client.unsent = client.unsent[client.socket.send(client.unsent) :]
        except BlockingIOError:
            return
        except ConnectionError:
            client.unsent = client.unsent[:0]
        if not client.unsent:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        self._clients.discard(client)
        with contextlib.suppress(KeyError):
            self._selector.unregister(client.socket)
        client.socket.close()
        self._mind_the_door()


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


def _listen(path: str) -> socket.socket:
    """Return the listening socket; one that is there already is a left-over, for the lock was free."""
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
    return listener


def _cannot_listen(path: str, error: OSError) -> CannotListen:
    why = error.strerror or str(error)
    return CannotListen(
        f"{path}: cannot listen there ({why}); choose another socket with --control or FARMHAND_CONTROL"
    )
