"""The supervisor's side of the control channel: reads the lines that come, and writes those that go back."""

from collections.abc import Iterable

from ...units.light import Any
from ..exit_codes import BAD_INPUT
from ..platforms import Channel
from .protocol import BadRequest, Handle, Reply, decode_request, encode


class ControlServer:
    """Has the requests that come in by a channel handled."""

    def __init__(self, channel: Channel, handle: Handle) -> None:
        self._channel = channel
        self._handle = handle

    def hear(self, client: Any, line: bytes) -> None:
        """A client sent its line."""
        try:
            request = decode_request(line)
        except BadRequest as bad:
            self._answer(client, Reply(BAD_INPUT, (f"the request is not understood: {bad}",)))
        else:
            client.note = line.decode()
            self._handle(request, lambda reply: self._answer(client, reply))

    def resume(self, clients: Iterable[Any], rejoin: Handle) -> None:
        """Go on with clients that wait for an answer of an earlier program."""
        for client in clients:
            rejoin(decode_request(client.note.encode()), lambda reply, client=client: self._answer(client, reply))  # type: ignore[misc]

    def _answer(self, client: Any, reply: Reply) -> None:
        self._channel.send(client, encode(reply))
