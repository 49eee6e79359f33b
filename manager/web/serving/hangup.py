"""A worker whose call the manager fails to serve gets no answer at all: its connection ends.

A Flamenco Worker takes every answer but 200 to its sign-on as a rejection, throws its identity away and registers anew;
and a report that got any answer counts as delivered. A connection that ends means "not now" to it: it signs on again
after 5 s, and keeps its reports on disk. So while the database is away, nothing is lost by it.

A proxy between the two must not make an answer of that either; docs/how-to/several-managers.md.
"""

from asyncio import Protocol, Transport
from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ....worker.wire import API

# Under this name, a scope's extensions have what ends its connection.
HANG_UP = "farmhand.hang_up"

# A call that arrived in part is none that was refused.
TOO_SLOW = 408

WORKERS = f"{API}/worker/"
# Its caller has no identity yet that it could throw away, and ends after any failure.
REGISTER = f"{API}/worker/register-worker"


def unanswered(app: ASGIApp) -> ASGIApp:
    """End the connection of a worker instead of answering 5xx, or 408, where the server can."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        hang_up: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
        if hang_up is None or not concerns(scope.get("path", "")):
            await app(scope, receive, send)
            return
        failed = False

        async def send_unless_failed(message: Message) -> None:
            nonlocal failed
            failed = failed or message.get("status", 0) >= 500 or message.get("status") == TOO_SLOW
            if not failed:
                await send(message)

        try:
            await app(scope, receive, send_unless_failed)
        except Exception:
            await end(hang_up, receive)
            raise
        if failed:
            await end(hang_up, receive)

    return call


async def end(hang_up: Callable[[], None], receive: Receive) -> None:
    """Hang up, and wait until the server knows: what comes back to it before that is answered 500."""
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass


def concerns(path: str) -> bool:
    """Say whether a call's caller is a worker that has an identity."""
    return path.startswith(WORKERS) and path != REGISTER


class Connection(Shape):
    """What uvicorn makes for each connection, as far as it matters here."""

    app: ASGIApp
    transport: Transport


def able_to_hang_up(protocol: Callable[..., Protocol]) -> Callable[..., Protocol]:
    """Let what is served on uvicorn's connections end them."""

    def make(**settings: object) -> Protocol:
        made = protocol(**settings)
        connection = cast(Connection, made)
        app = connection.app

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            able = {**scope.get("extensions", {}), HANG_UP: connection.transport.abort}
            await app({**scope, "extensions": able}, receive, send)

        connection.app = call
        return made

    return make
