"""Who sends slowly keeps nobody out, and what is sent arrives whole."""

import asyncio
import contextlib
import socket
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from farmhand.manager.app import LARGEST, THREADS
from farmhand.manager.web.serving import bodies
from farmhand.manager.web.serving.bodies import SMALL, whole

LONG = SMALL * 3


def begin(url: str, length: str) -> socket.socket:
    """Begin a request whose body never comes."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(
        f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\n{length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=".encode()
    )
    return connection


@pytest.mark.parametrize("length", ["Content-Length: 1000", f"Content-Length: {LONG}", "Transfer-Encoding: chunked"])
def test_strangers_who_send_slowly_keep_nobody_out(url: str, length: str) -> None:
    with contextlib.ExitStack() as slow:
        for _ in range(THREADS + 1):
            slow.enter_context(begin(url, length))
        caller = HTTPConnection(urlsplit(url).netloc, timeout=20)
        caller.request("GET", "/sign-in")
        assert caller.getresponse().status in (200, 303)
        caller.close()


def served(scope_headers: dict[str, str], chunks: list[bytes], *, patience: float = 20.0, hangs_up: bool = False):
    """Serve one request, and return its status and what the application was given of it."""
    given, status = [], []

    async def app(scope, receive, send):
        more = True
        while more:
            message = await receive()
            given.append(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    messages = iter(chunks)

    async def receive():
        for chunk in messages:
            return {"type": "http.request", "body": chunk, "more_body": True}
        if hangs_up:
            return {"type": "http.disconnect"}
        if patience < 1:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        status.append(message.get("status"))

    async def serve():
        headers = [(name.encode(), value.encode()) for name, value in scope_headers.items()]
        await whole(app, LONG, patience)({"type": "http", "headers": headers}, receive, send)

    asyncio.run(serve())
    return (status[0] if status else None), b"".join(given)


@pytest.mark.parametrize(
    "headers", [{"content-length": str(LONG)}, {"content-length": "9"}, {"transfer-encoding": "chunked"}]
)
def test_a_body_arrives_whole(headers: dict[str, str]) -> None:
    chunks = [b"x" * 10_000, b"y" * 70_000, b"z"]
    assert served(headers, chunks) == (200, b"".join(chunks))


def test_of_what_is_too_large_no_more_is_kept_and_the_rest_is_there_to_be_refused() -> None:
    chunks = [b"x" * SMALL] * 6
    assert served({"transfer-encoding": "chunked"}, chunks) == (200, b"".join(chunks))


@pytest.mark.parametrize("length", ["9", str(LONG)])
def test_nobody_waits_for_ever(length: str) -> None:
    assert served({"content-length": length}, [b"x"], patience=0.01) == (408, b"")


def test_who_hangs_up_is_not_served() -> None:
    assert served({"content-length": "9"}, [b"x"], hangs_up=True) == (None, b"")


def test_long_bodies_wait_for_a_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SEATS", 0)
    assert served({"content-length": "9"}, [b"x"]) == (200, b"x")
    assert served({"content-length": str(LONG)}, [b"x"], patience=0.01) == (408, b"")


def test_one_that_says_it_is_too_large_is_refused_unread(url: str) -> None:
    with begin(url, f"Content-Length: {LARGEST + 1}") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
