"""What of the answers travels compressed: pages and lists, by Starlette's middleware, and nothing that is short.

Live updates never do, as each of their messages goes out at once.
"""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An answer of fewer bytes fits into one packet as it is.
SHORT = 1000

# More than this saves a twentieth, and takes twice as long.
LEVEL = 5


def compressed(app: ASGIApp) -> ASGIApp:
    """Compress what is long enough, for those who can read it."""
    return GZipMiddleware(whole(app), minimum_size=SHORT, compresslevel=LEVEL)


def whole(app: ASGIApp) -> ASGIApp:
    """Send short answers in one piece: what comes in several is taken for a long one."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        pieces: list[bytes] | None = None

        async def send_whole(message: Message) -> None:
            nonlocal pieces
            if message["type"] == "http.response.start" and _is_short(message):
                pieces = []
            if pieces is None or message["type"] != "http.response.body":
                await send(message)
                return
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                await send({**message, "body": b"".join(pieces)})

        await app(scope, receive, send_whole)

    return call


def _is_short(start: Message) -> bool:
    length = Headers(raw=start["headers"]).get("content-length", "")
    return length.isdecimal() and int(length) < SHORT
