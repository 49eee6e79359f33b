"""Live pages: Server-Sent Events, whose id is the seq of the newest event they tell of.

/live/workers sends the rows that changed as HTML, the counts and the toast; the other streams
only ring, and their page fetches itself again. What a page missed while it was not connected
comes first: from its Last-Event-ID or, at its first connection, from its parameter `since`.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ..rules.facts import Kind
from ..storage.events import Event
from .feed import Feed, News
from .following import read_following
from .listing import BadFilter, Filters, listing, read_filters
from .push import read_seq
from .rows import STATES
from .site import build
from .toast import Following, follow, toast

# At most four flushes a second; and a word every few seconds, so that both sides notice a dead connection.
PACE, TICK = 0.25, 8.0

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}

# What the pages of rolling actions tell of.
ROLLOUTS = frozenset({Kind.ROLLOUT_MADE, Kind.ROLLOUT_STATUS, Kind.ROLLOUT_WORKER})

Body = Mapping[str, object]


class Page(Protocol):
    """One open page: what it wants to know of the news, and of the time that passes."""

    def tell(self, news: News) -> Body | None: ...

    async def tick(self) -> Body: ...


class WorkersPage:
    """The list of workers, as one reader has filtered it, and the click whose course it follows."""

    def __init__(self, feed: Feed, filters: Filters, following: Following | None) -> None:
        self._feed, self._filters, self._following = feed, filters, following

    def tell(self, news: News) -> Body | None:
        if self._following:
            self._following = follow(self._following, news.events)
        if not news.html and all(event.worker_id is None for event in news.events):
            return None
        listed = news.listed(self._filters)
        shown = toast(self._following, news.now) if self._following else None
        return {
            "now": news.now / 1000,
            "rows": news.html,
            "listed": [id for id in news.html if id in listed],
            "gone": list({event.worker_id for event in news.events if event.worker_id} - news.rows.keys()),
            "counts": {state.name: news.counts.get(state.name, 0) for state in STATES},
            "summary": news.summary,
            "toast": self._feed.fragments.toast(shown, self._filters.address()),
        }

    async def tick(self) -> Body:
        """Tell when the listed workers were last seen, and who wants attention by now: no event tells."""
        now, rows = await self._feed.current()
        shown = listing(rows, self._filters).rows
        return {
            "now": now / 1000,
            "seen": {row.id: [row.seen.epoch, row.late] for row in shown if row.seen},
            "summary": await run_in_threadpool(self._feed.fragments.summary, rows),
        }


class Bell:
    """A page that fetches itself again when something happened that concerns it."""

    def __init__(self, feed: Feed, concerns: Callable[[Event], bool]) -> None:
        self._feed, self._concerns = feed, concerns

    def tell(self, news: News) -> Body | None:
        return {"now": news.now / 1000} if any(map(self._concerns, news.events)) else None

    async def tick(self) -> Body:
        return {"now": self._feed.store.clock() / 1000}


def message(body: Body, *, id: int | None = None, event: str = "") -> str:
    """Write one message; JSON has no line breaks that could end it early."""
    lines = [f"id: {id}"] if id is not None else []
    lines += [f"event: {event}"] if event else []
    return "\n".join([*lines, f"data: {json.dumps(body)}", "", ""])


async def stream(feed: Feed, page: Page, seq: int, *, outdated: bool = False) -> AsyncIterator[str]:
    """Yield the messages of one connection until the manager closes; a client that hangs up cancels it.

    outdated: the page was made by other code than this.
    """
    yield "retry: 1000\n\n"
    if outdated:
        yield message({"outdated": True}, event="reload")
    newest = await run_in_threadpool(feed.store.newest)
    if seq > newest:  # the page was shown by a manager with other data
        seq = newest
        yield message({}, id=seq, event="reload")
    while not feed.pulse.closing:
        if not await feed.pulse.after(seq, TICK):
            if not feed.pulse.closing:
                yield message(await page.tick(), event="tick")
            continue
        newest, news = feed.pulse.newest, await feed.since(seq)
        seq = max(newest, news.seq if news else 0)
        body = page.tell(news) if news else None
        if news is None:
            yield message({}, id=seq, event="reload")
        elif body is not None:
            yield message(body, id=seq)


Endpoint = Callable[[Request], Awaitable[Response]]


def routes(feed: Feed) -> list[Route]:
    """Return the streams as routes."""

    async def workers(request: Request) -> Response:
        given = request.query_params
        try:
            filters = read_filters(given)
        except BadFilter as error:
            return PlainTextResponse(error.text, 400)
        following = await run_in_threadpool(read_following, feed.store, given.get("follow", ""))
        return await answer(request, WorkersPage(feed, filters, following))

    def bell(concerns: Callable[[Request], Callable[[Event], bool]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await answer(request, Bell(feed, concerns(request)))

        return endpoint

    async def answer(request: Request, page: Page) -> Response:
        said = request.headers.get("last-event-id") or request.query_params.get("since") or str(feed.pulse.newest)
        since = read_seq(said)
        if since is None:
            return PlainTextResponse(f"since: {said[:40]!r} is not the number of an event", 400)
        outdated = request.query_params.get("build", build()) != build()
        told = stream(feed, page, since, outdated=outdated)
        return StreamingResponse(told, media_type="text/event-stream", headers=HEADERS)

    return [
        Route("/live/workers", workers, name="live.workers"),
        Route(
            "/live/worker/{id}",
            bell(lambda request: lambda event: event.worker_id == request.path_params["id"]),
            name="live.worker",
        ),
        Route("/live/rollouts", bell(lambda request: lambda event: event.kind in ROLLOUTS), name="live.rollouts"),
        Route("/live/jobs", bell(lambda request: lambda event: event.job_id is not None), name="live.jobs"),
        Route(
            "/live/job/{id}",
            bell(lambda request: lambda event: event.job_id == request.path_params["id"]),
            name="live.job",
        ),
    ]
