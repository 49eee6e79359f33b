"""The control channel on Windows: a named pipe, on which each client sends one line and gets one back.

There is always one instance of the pipe more than there are clients, which waits for the next one.
"""

import sys

from ....units.light import Any, dataclass, field
from .. import MOST_CLIENTS, CannotListen, Forget, Hear, Taken, Watch
from . import calls, pipes

assert sys.platform == "win32"


_PIPES = "\\\\.\\pipe\\"


@dataclass(eq=False)
class Client:
    """Somebody at the other end of an instance. step: what is being waited for."""

    instance: pipes.Instance
    received: bytearray = field(default_factory=bytearray)
    note: str = ""
    step: str = "connect"


class PipeChannel:
    """Serves the pipe `path` from `attach` until `close`. most_bytes: of a line; who sends more is hung up on.

    lock: by `take`.
    """

    def __init__(self, path: str, lock: int, most_bytes: int) -> None:
        self.path = path
        self._lock = lock
        self._most_bytes = most_bytes
        self._clients: set[Client] = set()
        self._waiting: Client | None = Client(pipes.Instance(path, first=True))

    def attach(self, watch: Watch, forget: Forget, hear: Hear) -> tuple[()]:
        self._watch, self._forget, self._hear = watch, forget, hear
        assert self._waiting is not None
        self._await(self._waiting)
        return ()

    def send(self, client: Client, data: bytes) -> None:
        """Send the answer, and part with the client when it has it all; one that has gone is no error."""
        if client in self._clients:
            client.step = "write"
            client.instance.write(data)
            self._await(client)

    def close(self) -> None:
        for client in list(self._clients):
            self._drop(client)
        if self._waiting is not None:
            self._forget(self._waiting.instance.event)
            self._waiting.instance.close()
            self._waiting = None
        calls.close(self._lock)

    def kept(self, heirs: list[int]) -> dict[str, Any]:
        """Nobody takes a channel over: Windows cannot replace the program of a process."""
        return {}

    def _await(self, client: Client) -> None:
        self._watch(client.instance.event, lambda: self._go_on(client))

    def _go_on(self, client: Client) -> None:
        self._forget(client.instance.event)
        result = client.instance.result()
        if client.step == "connect":
            self._welcome(client, gone=result is None)
        elif client.step == "read":
            self._receive(client, result if isinstance(result, bytes) else b"")
        elif client.step == "write":
            client.step = "last read"  # until it has hung up: who hangs up first throws away what is not read yet
            client.instance.read()
            self._await(client)
        else:
            self._drop(client)

    def _welcome(self, client: Client, *, gone: bool) -> None:
        self._waiting = None
        self._clients.add(client)
        self._mind_the_door()
        if gone:
            self._drop(client)
        else:
            self._read(client)

    def _mind_the_door(self) -> None:
        """Have an instance wait for the next client, as long as there is room."""
        if self._waiting is None and len(self._clients) < MOST_CLIENTS:
            self._waiting = Client(pipes.Instance(self.path))
            self._await(self._waiting)

    def _read(self, client: Client) -> None:
        client.step = "read"
        client.instance.read()
        self._await(client)

    def _receive(self, client: Client, part: bytes) -> None:
        client.received += part
        line, complete, _ = client.received.partition(b"\n")
        if complete:
            client.step = "asked"
            self._hear(client, bytes(line))
        elif not part or len(client.received) > self._most_bytes:
            self._drop(client)
        else:
            self._read(client)

    def _drop(self, client: Client) -> None:
        self._clients.discard(client)
        self._forget(client.instance.event)
        client.instance.close()
        self._mind_the_door()


def take(path: str) -> int:
    """Return the lock that makes this process the one supervisor of the path; raises CannotListen."""
    if not path.startswith(_PIPES):
        raise CannotListen(f"{path}: it is no name of a pipe; choose one like {_PIPES}NAME, with --control")
    try:
        lock = pipes.lock(path)
    except OSError as error:
        raise CannotListen(f"{path}: cannot listen there ({error.strerror}); choose another, with --control") from None
    if lock is None:
        how = "stop it with 'farmhand shutdown', or choose another pipe with --control or FARMHAND_CONTROL"
        raise Taken(f"{path}: another supervisor has this pipe; {how}")
    return lock
