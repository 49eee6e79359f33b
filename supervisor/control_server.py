"""The supervisor's side of the control socket: never blocks, however slow a client is.

All its sockets are in one selector of their own, and that selector's descriptor is what the loop waits for.
"""

import contextlib
import fcntl
import os
import selectors
import socket
from pathlib import Path

from ..units.light import dataclass, field
from .control import MOST_BYTES, BadRequest, Handle, Reply, decode_request, encode
from .platforms.peers import peer_uid


class CannotListen(Exception):
    """The socket cannot be made, or another supervisor has it; the text says which and how to mend it."""


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))


class ControlServer:
    """Listens at `path` from the start until `close`; raises CannotListen. `serve` when `fileno` is readable."""

    def __init__(self, path: Path, handle: Handle) -> None:
        self.path = path
        self._handle = handle
        self._selector = selectors.DefaultSelector()
        self._lock, self._listener = _listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._clients: set[_Client] = set()

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

    def close(self) -> None:
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        self._listener.close()
        self.path.unlink(missing_ok=True)
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
            self._answer(client, Reply(2, (f"the request is not understood: {bad}",)))
        else:
            self._handle(request, lambda reply: self._answer(client, reply))

    def _answer(self, client: _Client, reply: Reply) -> None:
        if client in self._clients:
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


def _listen(path: Path) -> tuple[int, socket.socket]:
    """Return the lock that makes this process the one supervisor of the path, and the listening socket.

    The kernel takes the lock back from a process that was killed; a socket without it is a left-over.
    """
    lock = None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if lock is not None:
            os.close(lock)
        if isinstance(error, BlockingIOError):
            raise CannotListen(
                f"{path}: another supervisor has this socket; stop it with 'farmhand shutdown', "
                "or choose another socket with --control or FARMHAND_CONTROL"
            ) from None
        why = error.strerror or str(error)
        raise CannotListen(
            f"{path}: cannot listen there ({why}); choose another socket with --control or FARMHAND_CONTROL"
        ) from None
    return lock, listener
