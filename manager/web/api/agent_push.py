"""The agents' waiting request: a bell that rings when an operator asks something of one. As for workers, in push.py."""

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from werkzeug.datastructures import Authorization

from ....worker.wire import PUSH_WAIT
from ...storage import agents
from ...storage.store import Store
from ..given import whole_number
from .agent_api import AGENTS
from .push import Bells, first, gone

PATH = f"{AGENTS}/wait"


def endpoint(store: Store, bells: Bells, wait: float = PUSH_WAIT) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint for PATH; wait is in seconds."""

    async def push(request: Request) -> Response:
        said = request.query_params.get("since", "0")
        since = whole_number(said)
        agent_id = await run_in_threadpool(_arrive, store, request.headers.get("authorization"))
        if agent_id is None:
            return JSONResponse({"message": "unknown agent, or wrong secret"}, 403)
        if since is None:
            return JSONResponse({"message": f"since: {said[:40]!r} is not the number of an event"}, 400)
        bell = await first(bells.after(agent_id, since, wait), gone(request))
        return Response(status_code=204) if bell is None else JSONResponse({"seq": bell})

    return push


def _arrive(store: Store, header: str | None) -> str | None:
    """Return the id of the agent that calls; None for credentials that are nobody's."""
    said = Authorization.from_header(header)
    basic = said if said is not None and said.type == "basic" else None
    found = agents.authenticate(store, basic.username or "", basic.password or "") if basic else None
    return None if found is None else found.id
