"""The workers' waiting request, wire.PUSH: a bell that rings when a worker should ask what is new.

One query a ring looks after all who wait, and a request that waits holds no thread.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from werkzeug.datastructures import Authorization

from ...worker.wire import PUSH_WAIT
from ..rules.workers import Worker
from ..storage.store import Store
from .pulse import Pulse

# Rings closer together than this, in seconds, are looked at together.
PACE = 0.02


class Bells:
    """Who waits for the bell of which worker, and beyond which seq."""

    def __init__(self, store: Store, pulse: Pulse) -> None:
        self._store, self._pulse = store, pulse
        self._waiting: defaultdict[str, dict[asyncio.Future[int | None], int]] = defaultdict(dict)

    async def watch(self) -> None:
        """Ring for whom something has happened, until the pulse closes; then nobody waits any more."""
        seq = self._pulse.newest
        while not self._pulse.closing:
            if await self._pulse.after(seq, None):
                seq = self._pulse.newest
                await self._ring()
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

    async def _ring(self) -> None:
        if self._waiting:
            bells = await run_in_threadpool(self._store.bells, tuple(self._waiting))
            for worker_id, bell in bells.items():
                self._tell(worker_id, bell)

    def _tell(self, worker_id: str, bell: int | None) -> None:
        for waiter, since in self._waiting.get(worker_id, {}).items():
            if not waiter.done() and (bell is None or bell > since):
                waiter.set_result(bell)


def endpoint(store: Store, bells: Bells, wait: float = PUSH_WAIT) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint for wire.PUSH; wait is in seconds."""

    async def push(request: Request) -> Response:
        worker = await run_in_threadpool(authenticate, store, request.headers.get("authorization"))
        if worker is None:
            return JSONResponse({"code": 403, "message": "unknown worker, or wrong secret"}, 403)
        since = request.query_params.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) < 19):
            return JSONResponse({"code": 400, "message": f"since: {since[:40]!r} is not the number of an event"}, 400)
        await run_in_threadpool(store.saw, worker.id, int(since))
        bell = await first(bells.after(worker.id, int(since), wait), gone(request))
        return Response(status_code=204) if bell is None else JSONResponse({"seq": bell})

    return push


def authenticate(store: Store, header: str | None) -> Worker | None:
    """Return the worker whose Basic credentials these are, if any."""
    credentials = Authorization.from_header(header)
    if credentials is None or credentials.type != "basic":
        return None
    return store.authenticate(credentials.username or "", credentials.password or "")


async def gone(request: Request) -> None:
    """Wait until the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def first(wanted: Awaitable[int | None], other: Awaitable[None]) -> int | None:
    """Return what is wanted, or None if the other is sooner."""
    mine, theirs = asyncio.ensure_future(wanted), asyncio.ensure_future(other)
    try:
        await asyncio.wait({mine, theirs}, return_when=asyncio.FIRST_COMPLETED)
        return mine.result() if mine.done() else None
    finally:
        mine.cancel()
        theirs.cancel()
