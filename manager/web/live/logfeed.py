"""A task's log as it grows: Server-Sent Events, whose id is where in the file its reader has come to.

So whoever was cut off goes on where he was, at any manager. A message has the lines that have ended since, and the one
that has not; `over` says that this try at the task is over, and is the last. Nothing is asked for again and again:
`Room` wakes those who look at a log when it grew (storage/growth.py), and when something happened to its task.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ....worker.wire import TaskStatus
from ...rules.logtext import Line, read_lines
from ...rules.tasks import Task
from ...storage import events, tails
from ...storage.growth import AGAIN
from ...storage.store import Missing, Store
from ..access.entitled import while_entitled
from ..given import whole_number
from .live import HEADERS, message
from .pulse import Pulse

PATH = "/live/log/{id}"

# So much of a log is sent at once, in bytes; of more than that, the end.
MOST = 64 * 1024

# Seconds between two messages to one reader.
PACE = 0.25


class Room:
    """Who looks at which log, in one event loop."""

    def __init__(self, store: Store, pulse: Pulse) -> None:
        self._store, self._pulse = store, pulse
        self._readers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def reader(self, task_id: str) -> Iterator[asyncio.Event]:
        """Yield what is set whenever there may be news of a task or its log."""
        news = asyncio.Event()
        self._readers[task_id].add(news)
        try:
            yield news
        finally:
            self._readers[task_id].remove(news)
            if not self._readers[task_id]:
                del self._readers[task_id]

    async def watch(self) -> None:
        """Wake whom it concerns until the pulse closes, and then everybody."""
        loop = asyncio.get_running_loop()

        def grew(task_id: str) -> None:
            if task_id in self._readers:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._wake, [task_id])

        end, seq = self._store.growth.listen(grew), self._pulse.newest
        while not self._pulse.closing:
            if await self._pulse.after(seq, None):
                before, seq = seq, self._pulse.newest
                self._wake(await self._touched(before, list(self._readers)))
        end()
        self._wake(list(self._readers))

    async def _touched(self, since: int, task_ids: Sequence[str]) -> Iterable[str]:
        """Return those of these tasks that something happened to; all, where the database cannot be asked."""

        def look() -> Sequence[str]:
            with self._store.database.look() as connection:
                return events.tasks_after(connection, since, task_ids)

        try:
            return await run_in_threadpool(look) if task_ids else ()
        except SQLAlchemyError:  # they look for themselves, and each says that it failed
            return task_ids

    def _wake(self, task_ids: Iterable[str]) -> None:
        for task_id in task_ids:
            for news in self._readers.get(task_id, ()):
                news.set()


@dataclass(frozen=True)
class Look:
    """What is new of a log: its lines, where the next look begins, and what became of the task, None while it runs."""

    ended: tuple[Line, ...]
    open: Line
    skipped: int
    offset: int
    over: str | None


def look(store: Store, task_id: str, attempt: int, offset: int) -> Look:
    """See what a log has from an offset on; blocks."""
    try:
        task = store.task(task_id)
    except Missing:
        return Look((), (), 0, offset, "deleted")
    over = None if task.status is TaskStatus.ACTIVE and task.attempt == attempt else task.status.value
    piece = tails.since(store.log_path(task), offset, MOST)
    lines = read_lines(piece.data)
    return Look(lines.ended, lines.open, piece.skipped, piece.begins + len(piece.data) - lines.rest, over)


async def follow(store: Store, room: Room, pulse: Pulse, task: Task, offset: int) -> AsyncIterator[str]:
    """Yield the messages of one connection until the try at the task is over, or the manager closes."""
    yield "retry: 1000\n\n"
    shown: Line = ()
    passed, said = asyncio.get_running_loop().time, -AGAIN
    with room.reader(task.id) as news:
        while not pulse.closing:
            news.clear()
            if passed() - said >= AGAIN:
                said = passed()
                await run_in_threadpool(store.growth.looks, task.id)
            seen = await run_in_threadpool(look, store, task.id, task.attempt, offset)
            if seen.ended or seen.skipped or seen.open != shown:
                yield message(_body(seen), id=seen.offset)
            offset, shown = seen.offset, seen.open
            if seen.over is not None:
                yield message({"status": seen.over}, event="over")
                return
            await asyncio.sleep(PACE)
            if not await _set(news, AGAIN):
                yield message({}, event="tick")


async def _set(news: asyncio.Event, seconds: float) -> bool:
    """Wait until there is news; say whether there was in time."""
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(news.wait(), seconds)
    return False


def _body(seen: Look) -> dict[str, object]:
    return {"lines": [_pairs(line) for line in seen.ended], "open": _pairs(seen.open), "skipped": seen.skipped}


def _pairs(line: Line) -> list[list[str]]:
    return [[span.style, span.text] for span in line]


def route(store: Store, room: Room, pulse: Pulse) -> Route:
    """Return the stream of a task's log; its parameter `from` says from where on, where the browser does not."""

    async def endpoint(request: Request) -> Response:
        said = request.headers.get("last-event-id") or request.query_params.get("from", "0")
        offset = whole_number(said)
        if offset is None:
            return PlainTextResponse(f"from: {said[:40]!r} is not a place in a file", 400)
        try:
            task = await run_in_threadpool(store.task, request.path_params["id"])
        except Missing as missing:
            return PlainTextResponse(str(missing), 404)
        told = while_entitled(store, request, follow(store, room, pulse, task, offset))
        return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)

    return Route(PATH, endpoint, name="live.log")
