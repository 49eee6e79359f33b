"""A bad network on loopback: a port that passes on to another, unless it is told to lose what comes.

What is lost one way only is the worst: the one side has done what the other never hears of.
"""

import contextlib
import socket
import threading
from enum import Enum


class Mode(Enum):
    OPEN = "everything passes"
    DEAF = "nothing passes"
    MUTE = "questions pass, answers do not"


class Door:
    """Listens on `port` for as long as it is not closed. lost: how often something did not pass."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.mode = Mode.OPEN
        self.lost = 0
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def let(self, mode: Mode) -> None:
        """Change what passes. What was under way breaks: half of it may be lost."""
        self.mode = mode
        self.cut()

    def cut(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._to), 5) as called:
            called.settimeout(None)
            self._open |= {caller, called}
            back = threading.Thread(target=self._pass, args=(called, caller, {Mode.OPEN}), daemon=True)
            back.start()
            self._pass(caller, called, {Mode.OPEN, Mode.MUTE})
            back.join()
            self._open -= {caller, called}

    def _pass(self, source: socket.socket, sink: socket.socket, passes: set[Mode]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.mode in passes:
                    sink.sendall(data)
                else:
                    self.lost += 1
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
