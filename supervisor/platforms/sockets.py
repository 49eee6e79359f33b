"""The clients of the control socket: served without ever waiting for one of them, however slow it is.

All sockets are in one selector of their own, and that selector's descriptor is what the loop waits for.
"""

import contextlib
import os
import select
import selectors
import socket
from collections.abc import Iterable

from ...units.light import Any, dataclass, field
from . import MOST_CLIENTS, Hear
from .peers import peer_uid
from .spare import has_spare_files

_FEW_CLIENTS = 8  # where files are short


@dataclass(eq=False)
class Client:
    """Somebody who connected. note: what the owner of the channel wants to remember of it."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    note: str = ""


class SocketChannel:
    """Serves those who connect at `listener`; `serve` when `fileno` is readable. most_bytes: of a line."""

    def __init__(self, listener: int, hear: Hear, most_bytes: int) -> None:
        self._hear = hear
        self._most_bytes = most_bytes
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(fileno=listener)
        self._clients: set[Client] = set()
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

    def send(self, client: Client, data: bytes) -> None:
        """Send the answer, and part with the client when it has it all; one that has gone is no error."""
        if client in self._clients:
            client.note = ""
            client.unsent = memoryview(data)
            self._selector.register(client.socket, selectors.EVENT_WRITE, client)
            self._send(client)

    def kept(self, heirs: list[int]) -> list[list[Any]]:
        """Return the clients for the program that replaces this one; see `resume`."""
        heirs += [client.socket.fileno() for client in self._clients]
        return [
            [
                client.socket.fileno(),
                client.received.decode("latin-1"),
                client.unsent.tobytes().decode("latin-1"),
                client.note,
            ]
            for client in self._clients
        ]

    def resume(self, clients: Iterable[tuple[int, str, str, str]]) -> list[Client]:
        """Go on with clients that an earlier program spoke to; return those with a note, who wait for an answer."""
        for fd, received, unsent, note in clients:
            client = Client(socket.socket(fileno=fd), bytearray(received, "latin-1"), note=note)
            os.set_inheritable(fd, False)
            self._clients.add(client)
            if unsent:
                client.unsent = memoryview(unsent.encode("latin-1"))
                self._selector.register(client.socket, selectors.EVENT_WRITE, client)
            elif not note:
                self._selector.register(client.socket, selectors.EVENT_READ, client)
        self._mind_the_door()
        return [client for client in self._clients if client.note]

    def close(self) -> int:
        """Hang up on everybody; returns the descriptor that is listened at, which stays open."""
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        return self._listener.detach()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _ = self._listener.accept()
            if peer_uid(connection) not in (0, os.geteuid()):
                connection.close()
                return
            connection.setblocking(False)
            client = Client(connection)
            self._clients.add(client)
            self._selector.register(connection, selectors.EVENT_READ, client)
            self._mind_the_door()

    def _mind_the_door(self) -> None:
        """Look for newcomers as long as there is room."""
        most = MOST_CLIENTS if has_spare_files() else _FEW_CLIENTS
        if len(self._clients) >= most:
            self._part_with_the_gone()
        room, looking = len(self._clients) < most, self._listener in self._selector.get_map()
        if room and not looking:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif looking and not room:
            self._selector.unregister(self._listener)

    def _part_with_the_gone(self) -> None:
        """Make room: of those who wait for an answer nobody else notices that they have hung up.

        One who has closed only its own direction still listens, and that is another event.
        """
        minded = self._selector.get_map()
        by_fd = {client.socket.fileno(): client for client in self._clients if client.socket not in minded}
        hung_up = select.poll()
        for fd in by_fd:
            hung_up.register(fd, 0)
        for fd, event in hung_up.poll(0):
            if event & select.POLLHUP:
                self._part_with(by_fd[fd])

    def _receive(self, client: Client) -> None:
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
            self._hear(client, bytes(line))
        elif not part or len(client.received) > self._most_bytes:
            self._drop(client)

    def _send(self, client: Client) -> None:
        try:
            client.unsent = client.unsent[client.socket.send(client.unsent) :]
        except BlockingIOError:
            return
        except ConnectionError:
            client.unsent = client.unsent[:0]
        if not client.unsent:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        self._part_with(client)
        self._mind_the_door()

    def _part_with(self, client: Client) -> None:
        self._clients.discard(client)
        with contextlib.suppress(KeyError):
            self._selector.unregister(client.socket)
        client.socket.close()
