"""Connections on which nothing comes do not stay, and those that are in use do."""

import asyncio

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from farmhand.manager.web.serving.impatient import impatient

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def talk(sent: list[bytes], *, patience: float, serves_for: float = 0.0) -> bytes:
    """Send these, each once the one before is answered or on its way, and return all that is answered until the end."""

    async def app(scope, receive, send):
        await asyncio.sleep(serves_for)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, http="h11", timeout_keep_alive=1, log_level="critical")
    config.load()
    make = impatient(H11Protocol, patience)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: make(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    found = b""
    try:
        for part in sent:
            writer.write(part)
            if part.endswith(b"\r\n\r\n"):
                found += await reader.readuntil(b"\r\n\r\n")
        return found + await reader.read()
    except (ConnectionResetError, asyncio.IncompleteReadError):
        return found
    finally:
        writer.close()
        server.close()


@pytest.mark.parametrize(
    "sent", [[], [b"GET / HT"], [b"GET / HTTP/1.1\r\n", b"X-A: "]], ids=["nothing", "line", "head"]
)
def test_what_is_no_request_yet_ends(sent: list[bytes]) -> None:
    async def ends() -> None:
        async with asyncio.timeout(20):
            assert await talk(sent, patience=0.05) == b""

    asyncio.run(ends())


def test_so_does_a_second_one_that_is_begun_only() -> None:
    async def ends() -> None:
        async with asyncio.timeout(20):
            assert (await talk([REQUEST, b"GET / HT"], patience=0.05)).count(b"204") == 1

    asyncio.run(ends())


def test_a_request_takes_as_long_as_it_takes() -> None:
    async def is_served() -> None:
        async with asyncio.timeout(20):
            assert (await talk([REQUEST], patience=0.05, serves_for=0.3)).count(b"204") == 1

    asyncio.run(is_served())
