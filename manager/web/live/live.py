"""Live pages: Server-Sent Events, whose id is the seq of the newest event they tell of.

/live/workers sends the rows that changed as HTML, the counts and the toast; the other streams
only ring, and their page fetches itself again. What a page missed while it was not connected
comes first: from its Last-Event-ID or, at its first connection, from its parameter `since`.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ...rules.facts import Kind
from ...rules.finding import BadFilter
from ...storage.events import Event
from ..access.entitled import while_entitled
from ..actions.following import read_following
from ..actions.toast import Following, follow, toast
from ..given import whole_number
from ..site import build
from ..workers.listing import View, read_view
from ..workers.rows import STATES, Row
from .feed import Feed, News

# At most four flushes a second; and a word every few seconds, so that both sides notice a dead connection.
# What the last news came too soon for is asked SOON.
PACE, TICK, SOON = 0.25, 8.0, 1.0

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}

# What the pages of rolling actions tell of.
ROLLOUTS = frozenset({Kind.ROLLOUT_MADE, Kind.ROLLOUT_STATUS, Kind.ROLLOUT_WORKER})

Body = Mapping[str, object]


class Page(Protocol):
    """One open page: what it wants to know of the news, and of the time that passes.

    patience: after how many seconds without news it wants a word.
    """

    @property
    def patience(self) -> float: ...

    async def begin(self, seq: int) -> None: ...

    async def tell(self, news: News) -> Body | None: ...

    async def tick(self) -> Body: ...

    def leave(self) -> None: ...


class WorkersPage:
    """The list of workers, as one reader sees it, and the click whose course it follows."""

    def __init__(self, feed: Feed, view: View, following: Following | None) -> None:
        self._feed, self._view, self._following = feed, view, following
        self._told: Sequence[str] | None = None
        self._behind = False

    @property
    def patience(self) -> float:
        return min(SOON, TICK) if self._behind else TICK

    async def begin(self, seq: int) -> None:
        """Take note of what the page shows: its list, and who may have left that since it was made, at `seq`."""
        listed, touched = await self._feed.listed(self._view), await run_in_threadpool(self._feed.touched, seq)
        self._feed.shows(self, {*listed.ids, *touched})

    def leave(self) -> None:
        self._feed.left(self)

    async def tell(self, news: News) -> Body | None:
        if self._following:
            self._following = follow(self._following, news.events)
        if all(event.worker_id is None for event in news.events):
            return None
        shown = toast(self._following, news.now) if self._following else None
        return {
            "now": news.now / 1000,
            "rows": news.html,
            "gone": sorted(news.gone),
            "counts": {state.name: news.counts.get(state.name, 0) for state in STATES},
            "summary": news.summary,
            "toast": self._feed.fragments.toast(shown, self._view.address()),
            **await self._order(anew=False),
        }

    async def tick(self) -> Body:
        """Tell when the listed workers were last seen, and who wants attention by now: no event tells."""
        order = await self._order(anew=True)
        rows, summary = await run_in_threadpool(self._look, self._told or ())
        return {
            "now": self._feed.store.clock() / 1000,
            "seen": {row.id: [row.seen.epoch, row.late] for row in rows if row.seen},
            "summary": summary,
            **order,
        }

    def _look(self, ids: Sequence[str]) -> tuple[Sequence[Row], str]:
        farm = self._feed.totals()
        return self._feed.rows(ids, farm), self._feed.fragments.summary(farm)

    async def _order(self, *, anew: bool) -> Body:
        """Tell which rows the list has, in order, where that is not known to the page."""
        found = await self._feed.listed(self._view, anew=anew)
        self._behind = found.seq < self._feed.pulse.newest
        if found.ids == self._told:
            return {}
        self._told = found.ids
        self._feed.shows(self, found.ids)
        return {"order": list(found.ids)}


class Bell:
    """A page that fetches itself again when something happened that concerns it."""

    def __init__(self, feed: Feed, concerns: Callable[[Event], bool]) -> None:
        self._feed, self._concerns = feed, concerns

    @property
    def patience(self) -> float:
        return TICK

    async def begin(self, seq: int) -> None:
        pass

    def leave(self) -> None:
        pass

    async def tell(self, news: News) -> Body | None:
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
    await page.begin(seq)
    try:
        async for text in _news(feed, page, seq):
            yield text
    finally:
        page.leave()


async def _news(feed: Feed, page: Page, seq: int) -> AsyncIterator[str]:
    newest = await run_in_threadpool(feed.store.newest)
    if seq > newest:  # the page was shown by a manager with other data
        seq = newest
        yield message({}, id=seq, event="reload")
    while not feed.pulse.closing:
        if not await feed.pulse.after(seq, page.patience):
            if not feed.pulse.closing:
                yield message(await page.tick(), event="tick")
            continue
        newest, news = feed.pulse.newest, await feed.since(seq)
        seq = max(newest, news.seq if news else 0)
        body = await page.tell(news) if news else None
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
            view = read_view(given)
        except BadFilter as error:
            return PlainTextResponse(error.text, 400)
        following = await run_in_threadpool(read_following, feed.store, given.get("follow", ""))
        return await answer(request, WorkersPage(feed, view, following))

    def bell(concerns: Callable[[Request], Callable[[Event], bool]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await answer(request, Bell(feed, concerns(request)))

        return endpoint

    async def answer(request: Request, page: Page) -> Response:
        said = request.headers.get("last-event-id") or request.query_params.get("since") or str(feed.pulse.newest)
        since = whole_number(said)
        if since is None:
            return PlainTextResponse(f"since: {said[:40]!r} is not the number of an event", 400)
        outdated = request.query_params.get("build", build()) != build()
        told = while_entitled(feed.store, request, stream(feed, page, since, outdated=outdated))
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
