"""The supervisor's side of the control socket: never blocks, however slow a client is.

All its sockets are in one selector of their own, and that selector's descriptor is what the loop waits for.
"""

import contextlib
import os
import selectors
import socket
from collections.abc import Iterable

from ...units.light import Any, dataclass, field
from ..exit_codes import BAD_INPUT
from ..platforms.peers import peer_uid
from .door import MOST_CLIENTS, listen, shut
from .protocol import MOST_BYTES, BadRequest, Handle, Reply, Request, decode_request, encode


@dataclass(eq=False)
class _Client:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    waits_for: Request | None = None


class ControlServer:
    """Listens at `path` from the start until `close`; raises CannotListen. `serve` when `fileno` is readable.

    lock: of the path, by `take`. listener: the descriptor to listen at, if there is one already.
    """

    def __init__(self, path: str, handle: Handle, lock: int, listener: int | None = None) -> None:
        self.path = path
        self._handle = handle
        self._selector = selectors.DefaultSelector()
        self._lock = lock
        self._listener = socket.socket(fileno=listen(path) if listener is None else listener)
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
        shut(self.path, self._lock, self._listener.detach())

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
