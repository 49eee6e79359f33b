"""The calls of workers, which are many and small, from the event loop to Flask and back in one step each.

What may be large, on its way in or out, is left to a bridge that passes it on piece by piece.
"""

import asyncio
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi.wsgi import build_environ
from starlette.types import ASGIApp, Receive, Scope, Send

from ....worker.wire import API

WORKERS = f"{API}/worker/"

# Bytes of a request that are read before it is served.
SMALL = 256 * 1024

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def quick(app: Callable[..., Iterable[bytes]], other: ASGIApp, threads: int) -> ASGIApp:
    """Serve a WSGI application's calls for workers in so many threads, and everything else by `other`."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="call")

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if not is_small(scope):
            await other(scope, receive, send)
            return
        content = await read(receive)
        if content is None:
            return
        environ = build_environ(scope, io.BytesIO(content))  # type: ignore[arg-type]
        status, headers, answer = await asyncio.get_running_loop().run_in_executor(pool, serve, app, environ)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return call


def is_small(scope: Scope) -> bool:
    """Say whether this is a worker's call that says how long it is, and is short."""
    if scope["type"] != "http" or not scope["path"].startswith(WORKERS):
        return False
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    return b"transfer-encoding" not in headers and length.isdigit() and int(length) <= SMALL


async def read(receive: Receive) -> bytes | None:
    """Return a request's body; None if its sender has hung up."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def serve(app: Callable[..., Iterable[bytes]], environ: Any) -> Answer:
    """Call a WSGI application and return all that it answers."""
    said: list[tuple[int, list[tuple[bytes, bytes]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        said.append(
            (int(status[:3]), [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers])
        )

    answer = app(environ, start_response)
    try:
        content = b"".join(answer)
    finally:
        getattr(answer, "close", lambda: None)()
    return *said[-1], content
