"""A connection on which no request comes ends; uvicorn would wait for one, and for the rest of its head, for ever."""

import asyncio
from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

# How long the head of a request may take, in seconds; h11 limits how long it is.
PATIENCE = 30.0


class Cycle(Shape):
    """A request and its answer."""

    response_complete: bool


class Connection(Shape):
    """What uvicorn makes for each connection, as far as it matters here."""

    cycle: Cycle | None
    transport: asyncio.Transport


def impatient(protocol: Callable[..., asyncio.Protocol], patience: float = PATIENCE) -> Callable[..., asyncio.Protocol]:
    """Have connections end on which a request is not begun, or its head not ended, within so many seconds."""

    def make(**settings: object) -> asyncio.Protocol:
        made = protocol(**settings)
        connection, opened, received = cast(Connection, made), made.connection_made, made.data_received
        timers: list[asyncio.TimerHandle] = []

        def watch() -> None:
            """Go on waiting for the head that has begun; a request that is served takes as long as it takes."""
            serves = connection.cycle is not None and not connection.cycle.response_complete
            if serves:
                stop()
            elif not timers:
                timers.append(asyncio.get_running_loop().call_later(patience, lambda: connection.transport.abort()))

        def stop() -> None:
            while timers:
                timers.pop().cancel()

        def connection_made(transport: asyncio.BaseTransport) -> None:
            opened(transport)
            watch()

        def data_received(data: bytes) -> None:
            received(data)
            watch()

        made.connection_made = connection_made  # type: ignore[method-assign]
        made.data_received = data_received  # type: ignore[method-assign]
        return made

    return make
