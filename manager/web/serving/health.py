"""Whether this process is alive, and whether it can serve: for those who start it and those who send it requests.

Open to all, and saying nothing else.
"""

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ...storage.store import Store

# So many seconds a database may take to answer.
PATIENCE = 3.0

_SCHEMA = text("SELECT version_num FROM alembic_version")


def routes(store: Store) -> list[Route]:
    async def alive(_request: Request) -> Response:
        return _say("alive")

    async def ready(_request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                doubt = await run_in_threadpool(_doubt, store)
        except TimeoutError:
            doubt = "the database is slow to answer"
        return _say("ready") if doubt is None else _say(doubt, 503)

    return [Route("/healthz", alive, name="health.alive"), Route("/readyz", ready, name="health.ready")]


def _doubt(store: Store) -> str | None:
    try:
        with store.database.look() as connection:
            found = connection.execute(_SCHEMA).scalar()
    except SQLAlchemyError:
        return "the database does not answer"
    return None if found == store.revision else "the database has another schema than this manager"


def _say(what: str, status: int = 200) -> Response:
    return PlainTextResponse(f"{what}\n", status, headers={"Cache-Control": "no-store"})
