"""The supervisor's side of the control channel: reads the lines that come, and writes those that go back."""

import sys
from collections.abc import Iterable

from ...units.light import Any
from ..exit_codes import BAD_INPUT, FAILED
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
            try:
                self._handle(request, lambda reply: self._answer(client, reply))
            except Exception as defect:  # who only asks must not end what runs services
                sys.excepthook(type(defect), defect, defect.__traceback__)
                self._answer(client, Reply(FAILED, (f"{request.verb}: a defect of farmhand: {defect!r}",)))

    def resume(self, clients: Iterable[Any], rejoin: Handle) -> None:
        """Go on with clients that wait for an answer of an earlier program."""
        for client in clients:
            rejoin(decode_request(client.note.encode()), lambda reply, client=client: self._answer(client, reply))  # type: ignore[misc]

    def _answer(self, client: Any, reply: Reply) -> None:
        self._channel.send(client, encode(reply))
