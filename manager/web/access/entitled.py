"""A stream goes on for as long as its reader may read it: sessions end, roles change, tokens are taken back."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ...clock import steady_clock
from ...storage.store import Store
from .access import known_still, of_starlette

# The last message to who is not: the page loads itself anew, and is told there what it takes.
ENDED = 'event: reload\ndata: {"outdated": true}\n\n'

# How often that is looked up, in milliseconds; a stream has a message at least as often.
LOOK_MS = 8_000


async def while_entitled(
    store: Store, request: Request, told: AsyncIterator[str], look_ms: int = LOOK_MS
) -> AsyncIterator[str]:
    """Yield a stream's messages until its end, or until who asked for it is not the same caller any more."""
    call, caller, looked = of_starlette(request), request.state.caller, steady_clock()
    async with aclosing(cast(AsyncGenerator[str, None], told)) as messages:
        async for message in messages:
            if steady_clock() - looked >= look_ms:
                if not await run_in_threadpool(known_still, store, call, caller):
                    yield ENDED
                    return
                looked = steady_clock()
            yield message
