"""While the database is away: who is told so, and whose connection ends without a word."""

import asyncio
import contextlib
import socket
import sqlite3
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import cast

import postgres
import pytest
import urllib3
from manager_server import serving
from pretended import SECRET as KNOWN
from pretended import Pretended, register
from starlette.types import Message, Receive, Scope, Send
from stores import opened

from farmhand.manager.storage.store import Store
from farmhand.manager.web.serving.hangup import HANG_UP, unanswered
from farmhand.worker.client import Client, Credentials, Introduction
from farmhand.worker.rules.answers import SignedOn, Trouble
from farmhand.worker.wire import Status

NOBODY = "00000000-0000-0000-0000-000000000000"
ME = Introduction("render-1", "linux", "farmhand test", ("misc",), can_restart=False)

http = urllib3.PoolManager(retries=False)


@pytest.fixture
def worker(store: Store) -> Pretended:
    return register(store, "render-1")


@contextlib.contextmanager
def away(store: Store) -> Iterator[None]:
    """Take away what the manager needs of its database, and bring it back."""
    with contextlib.closing(sqlite3.connect(str(store.database.engine.url.database))) as other:
        other.execute("ALTER TABLE worker RENAME TO elsewhere")
        try:
            yield
        finally:
            other.execute("ALTER TABLE elsewhere RENAME TO worker")


CALLS = [
    ("POST", "sign-on", b'{"name": "n", "software_version": "1", "supported_task_types": []}'),
    ("POST", "sign-off", b""),
    ("GET", "state", None),
    ("POST", "state-changed", b'{"status": "awake"}'),
    ("POST", "task", b""),
    ("POST", f"task/{NOBODY}", b'{"log": "a line"}'),
    ("GET", f"task/{NOBODY}/may-i-run", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=[path for _, path, _ in CALLS])
def test_a_worker_gets_no_answer(
    url: str, store: Store, worker: Pretended, method: str, path: str, body: bytes
) -> None:
    headers = {**urllib3.make_headers(basic_auth=f"{worker.id}:{KNOWN}"), "Content-Type": "application/json"}
    with away(store), pytest.raises(urllib3.exceptions.ProtocolError):
        http.request(method, f"{url}/api/v3/worker/{path}", headers=headers, body=body)


def test_not_a_byte_is_sent(url: str, store: Store) -> None:
    host, port = url.removeprefix("http://").split(":")
    call = f"GET /api/v3/worker/state HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic eDp5\r\n\r\n"
    with away(store), socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(call.encode())
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1000) == b""


def test_a_worker_is_itself_when_the_database_is_back(url: str, store: Store, worker: Pretended) -> None:
    client = Client(url, Credentials(worker.id, KNOWN))
    with away(store):
        assert isinstance(client.sign_on(ME), Trouble)
    assert client.sign_on(ME) == SignedOn(Status.AWAKE, "/api/farmhand/push")
    assert [each.id for each in store.workers()] == [worker.id]


def test_who_has_no_identity_yet_is_told_to_try_again(url: str, store: Store) -> None:
    said = {"name": "n", "secret": "s", "platform": "linux", "supported_task_types": []}
    with away(store):
        answer = http.request("POST", f"{url}/api/v3/worker/register-worker", json=said)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["code"] == 503


def test_operators_are_told(url: str, store: Store) -> None:
    with away(store):
        answer = http.request("GET", f"{url}/api/v3/worker-mgt/workers")
        page = http.request("GET", f"{url}/workers")
    assert (answer.status, page.status) == (503, 503)
    assert "try again" in page.data.decode()


@contextlib.contextmanager
def closed(database: str) -> Iterator[None]:
    """Have PostgreSQL end all connections to a database and take none, as while it starts again."""
    server = postgres.server()
    server.do(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    server.do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    try:
        yield
    finally:
        server.do(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")


def test_a_worker_outlives_a_restart_of_postgresql(tmp_path: Path) -> None:
    with opened("postgresql", tmp_path) as store, serving(store) as url:
        worker = register(store, "render-1")
        client = Client(url, Credentials(worker.id, KNOWN))
        with closed(str(store.database.engine.url.database)):
            assert isinstance(client.sign_on(ME), Trouble)
            assert isinstance(client.sign_on(ME), Trouble)
        assert client.sign_on(ME) == SignedOn(Status.AWAKE, "/api/farmhand/push")


def test_other_refusals_are_answered(url: str, worker: Pretended) -> None:
    started = time.monotonic()
    assert http.request("POST", f"{url}/api/v3/worker/sign-on").status == 403
    assert time.monotonic() - started < 5


def test_what_breaks_in_between_is_not_answered_either() -> None:
    order: list[str] = []

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("a defect")

    async def receive() -> Message:
        order.append("gone")
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        order.append("answered")

    scope = {"type": "http", "path": "/api/v3/worker/sign-on", "extensions": {HANG_UP: lambda: order.append("hung up")}}
    with pytest.raises(RuntimeError):
        asyncio.run(cast(Coroutine[None, None, None], unanswered(broken)(scope, receive, send)))
    assert order == ["hung up", "gone"]
