"""The workers' waiting request, wire.PUSH: a bell that rings when a worker should ask what is new.

One query a ring finds all whom it is for, and a request that waits holds no thread.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from werkzeug.datastructures import Authorization

from ....worker.wire import PUSH_WAIT
from ...rules.workers import Worker
from ...storage.store import Store
from ..given import whole_number
from ..live.pulse import Pulse

# Rings closer together than this, in seconds, are looked at together.
PACE = 0.02


class Ringer(Protocol):
    """Knows the bells of those who wait, by their ids."""

    def bell(self, id: str, /) -> int: ...
    def bells(self, since: int, /) -> Mapping[str, int]: ...


class Bells:
    """Who waits for the bell of which worker, and beyond which seq."""

    def __init__(self, store: Ringer, pulse: Pulse) -> None:
        self._store, self._pulse = store, pulse
        self._waiting: defaultdict[str, dict[asyncio.Future[int | None], int]] = defaultdict(dict)

    async def watch(self) -> None:
        """Ring for whom something has happened, until the pulse closes; then nobody waits any more."""
        seq = self._pulse.newest
        while not self._pulse.closing:
            if await self._pulse.after(seq, None):
                before, seq = seq, self._pulse.newest
                await self._ring(before)
        for worker_id in tuple(self._waiting):
            self._tell(worker_id, None)

    async def after(self, worker_id: str, since: int, seconds: float) -> int | None:
        """Wait until the worker's bell is beyond `since` and return it; None where the time ran out."""
        waiter: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting[worker_id][waiter] = since
        try:
            bell = await run_in_threadpool(self._store.bell, worker_id)
            if bell > since or self._pulse.closing:
                return bell if bell > since else None
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError:
            return None
        finally:
            del self._waiting[worker_id][waiter]
            if not self._waiting[worker_id]:
                del self._waiting[worker_id]

    async def _ring(self, since: int) -> None:
        if not self._waiting:
            return
        try:
            bells = await run_in_threadpool(self._store.bells, since)
        except Exception as error:  # whoever waits gets it, and asks again
            for waiter in [waiter for waiters in self._waiting.values() for waiter in waiters if not waiter.done()]:
                waiter.set_exception(error)
            return
        for worker_id, bell in bells.items():
            self._tell(worker_id, bell)

    def _tell(self, worker_id: str, bell: int | None) -> None:
        for waiter, since in self._waiting.get(worker_id, {}).items():
            if not waiter.done() and (bell is None or bell > since):
                waiter.set_result(bell)


def patience(push_timeout: float) -> float:
    """Return how long a request may wait, in seconds, so that a worker is heard in time to be no lost one."""
    return min(PUSH_WAIT, push_timeout * 2 / 3)


def endpoint(store: Store, bells: Bells) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint for wire.PUSH."""
    wait = patience(store.settings.push_timeout)

    async def push(request: Request) -> Response:
        said = request.query_params.get("since", "0")
        since = whole_number(said)
        worker = await run_in_threadpool(arrive, store, request.headers.get("authorization"), since)
        if worker is None:
            return JSONResponse({"message": "unknown worker, or wrong secret"}, 403)
        if since is None:
            return JSONResponse({"message": f"since: {said[:40]!r} is not the number of an event"}, 400)
        bell = await first(bells.after(worker.id, since, wait), broken(request, store, worker.id))
        return Response(status_code=204) if bell is None else JSONResponse({"seq": bell})

    return push


def arrive(store: Store, header: str | None, since: int | None) -> Worker | None:
    """Note what a worker has seen, and return it; None for credentials that are nobody's."""
    said = Authorization.from_header(header)
    basic = said if said is not None and said.type == "basic" else None
    worker = store.authenticate(basic.username or "", basic.password or "") if basic else None
    if worker is not None and since is not None:
        store.saw(worker, since)
    return worker


async def gone(request: Request) -> None:
    """Wait until the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def broken(request: Request, store: Store, worker_id: str) -> None:
    """Wait until the worker has hung up, which none does that goes on: it may have ended without a word."""
    await gone(request)
    store.seen.hung_up(worker_id)


async def first(wanted: Awaitable[int | None], other: Awaitable[None]) -> int | None:
    """Return what is wanted, or None if the other is sooner."""
    mine, theirs = asyncio.ensure_future(wanted), asyncio.ensure_future(other)
    try:
        await asyncio.wait({mine, theirs}, return_when=asyncio.FIRST_COMPLETED)
        return mine.result() if mine.done() else None
    finally:
        mine.cancel()
        theirs.cancel()
