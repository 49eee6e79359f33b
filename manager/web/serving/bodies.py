"""Requests' bodies, read whole by the event loop before anything that has a thread serves them.

Else a thread would wait for whoever sends slowly, and there are few: sixteen strangers could keep everybody out.
"""

import asyncio
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# How long somebody may take to send all of it, in seconds.
PATIENCE = 120.0

# Bytes of a body that are kept in memory; what is longer goes into a file that has no name.
SMALL = 64 * 1024

# So many long bodies are taken at the same time, and no more than that is on the disk; others wait for their turn.
SEATS = 64

TOO_SLOW = "That took too long to send."


def whole(app: ASGIApp, largest: int, patience: float = PATIENCE) -> ASGIApp:
    """Serve a request once its body is here, up to so many bytes; what is larger is left to the application."""
    seats = asyncio.Semaphore(SEATS)

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        length = declared(scope)
        if length == 0 or length > largest:
            await app(scope, receive, send)
            return
        with SpooledTemporaryFile(SMALL) as kept:
            try:
                async with asyncio.timeout(patience):
                    last = await (keep(receive, kept, largest) if length <= SMALL else seated(receive, kept, largest))
            except TimeoutError:
                await PlainTextResponse(TOO_SLOW, 408, {"Connection": "close"})(scope, receive, send)
                return
            if last["type"] != "http.disconnect":
                kept.seek(0)
                await app(scope, replayed(kept, last, receive), send)

    async def seated(receive: Receive, kept: IO[bytes], largest: int) -> Message:
        async with seats:
            return await keep(receive, kept, largest)

    return call


def declared(scope: Scope) -> int:
    """Return how many bytes a request says that it has; the least that is long where it does not say."""
    headers = dict(scope.get("headers", ()))
    if b"transfer-encoding" in headers:
        return SMALL + 1
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else SMALL + 1


async def keep(receive: Receive, kept: IO[bytes], largest: int) -> Message:
    """Keep a body, or as much of it as shows that it is too large; returns the last message."""
    while True:
        message = await receive()
        kept.write(message.get("body", b""))
        if not message.get("more_body") or kept.tell() > largest:
            return message


def replayed(kept: IO[bytes], last: Message, receive: Receive) -> Receive:
    """Return what receives a body that was kept, and after it what there is beyond the last message."""

    async def again() -> Message:
        content = kept.read(SMALL)
        if content or not last.get("more_body"):
            return {"type": "http.request", "body": content, "more_body": bool(content)}
        return await receive()

    return again
