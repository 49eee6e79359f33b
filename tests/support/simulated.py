"""Many workers in one process: real HTTP on real connections, and tasks that are only waited for."""

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

SECRET = "51mu1473d" * 7

# How their names begin.
SIMULATED = "simulated-"


class NoAnswer(Exception):
    """The connection broke, or the answer was that nobody is there."""


class Line:
    """One connection, opened when it is needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: object = None, credentials: str = "") -> tuple[int, Any]:
        """Return the status and the JSON of an answer; raises NoAnswer."""
        content = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._address[0]}:{self._address[1]}",
            f"Content-Length: {len(content)}",
            *(["Content-Type: application/json"] if content else []),
            *([f"Authorization: Basic {credentials}"] if credentials else []),
        ]
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(*self._address)
            reader, writer = self._streams
            writer.write("\r\n".join([*head, "", ""]).encode() + content)
            status, answer = await _read(reader)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise NoAnswer(f"{method} {path}: {error}") from None
        if status >= 500:
            raise NoAnswer(f"{method} {path}: {status}")
        return status, answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _read(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if headers.get("transfer-encoding") == "chunked":
        content = b""
        while size := int(await reader.readline(), 16):
            content += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        content = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), json.loads(content) if content else None


@dataclass
class Run:
    """A worker's going at a task, by a clock that all of them have in common."""

    task: str
    attempt: int
    worker: str
    began: float
    ended: float = float("inf")
    kept: bool = False


@dataclass
class Worker:
    """One worker, which does what it is told and is told it at once."""

    url: str
    name: str
    seconds: Callable[[], float]
    runs: list[Run]
    id: str = ""
    status: str = ""
    told: list[float] = field(default_factory=list)
    _since: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Work until canceled."""
        self._line, listening = Line(self.url), Line(self.url)
        said = {"name": self.name, "platform": "linux", "secret": SECRET, "supported_task_types": ["misc"]}
        _, found = await self._surely("POST", "register-worker", said)
        self.id = found["uuid"]
        said = {"name": self.name, "software_version": "1", "supported_task_types": ["misc"], "can_restart": True}
        _, found = await self._surely("POST", "sign-on", said)
        await self._becomes(found["status_requested"])
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._listen(listening))
                both.create_task(self._work())
        finally:
            self._line.close()
            listening.close()

    @property
    def _credentials(self) -> str:
        return base64.b64encode(f"{self.id}:{SECRET}".encode()).decode()

    async def _call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        return await self._line.call(method, f"/api/v3/worker/{path}", body, self._credentials)

    async def _surely(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call until there is an answer."""
        while True:
            try:
                return await self._call(method, path, body)
            except NoAnswer:
                await asyncio.sleep(random.uniform(0.05, 0.3))

    async def _listen(self, line: Line) -> None:
        while True:
            try:
                status, answer = await line.call(
                    "GET", f"/api/farmhand/push?since={self._since}", credentials=self._credentials
                )
            except NoAnswer:
                await asyncio.sleep(random.uniform(0.05, 0.3))
                continue
            if status == 200:
                self.told.append(time.monotonic())
                self._since = answer["seq"]
                self._news.set()

    async def _becomes(self, status: str) -> None:
        await self._surely("POST", "state-changed", {"status": status})
        self.status = status

    async def _work(self) -> None:
        while True:
            self._news.clear()
            if self.status == "asleep":
                _, wanted = await self._surely("GET", "state")
            else:
                code, wanted = await self._surely("POST", "task")
                if code == 200:
                    await self._run(wanted)
                    continue
            if wanted and "status_requested" in wanted:
                await self._becomes(wanted["status_requested"])
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 5)

    async def _run(self, task: Mapping[str, Any]) -> None:
        run = Run(task["uuid"], task["attempt"], self.name, time.monotonic())
        self.runs.append(run)
        await asyncio.sleep(self.seconds())
        said = {"taskStatus": "completed", "activity": "done", "attempt": task["attempt"], "log": "a line"}
        code, _ = await self._surely("POST", f"task/{task['uuid']}", said)
        run.ended, run.kept = time.monotonic(), code == 204


@contextlib.asynccontextmanager
async def at_work(url: str, number: int, seconds: Callable[[], float]) -> Any:
    """Have so many workers live for as long as the block runs; yields them and what they ran."""
    runs: list[Run] = []
    workers = [Worker(url, f"{SIMULATED}{index:03}", seconds, runs) for index in range(number)]
    living = [asyncio.create_task(worker.live()) for worker in workers]
    try:
        yield workers, runs
    finally:
        for each in living:
            each.cancel()
        ended = await asyncio.gather(*living, return_exceptions=True)
        problems = [one for one in ended if not isinstance(one, asyncio.CancelledError)]
        assert not problems, problems[:3]
