"""The manager as one web application: Flask for what answers at once, Starlette for what waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from a2wsgi import WSGIMiddleware
from flask import Flask, Response
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..worker import wire
from .instruments import counted
from .storage import keys
from .storage.agents import Bells as AgentBells
from .storage.store import Store
from .web import errors, site
from .web.access import access, accountpages, auditing, loginpages, oidcpages, peoplepages, tokenpages
from .web.access.naming import named
from .web.access.peers import knowing_peers
from .web.access.sessioncookie import Told
from .web.actions import actionpages, rolloutpages
from .web.api import (
    action_api,
    agent_api,
    agent_push,
    api,
    audit_api,
    job_api,
    joining_api,
    meta_api,
    operator_api,
    plan_api,
    push,
    query_api,
    rollout_api,
    schedule_api,
    submission,
    tag_api,
    task_api,
    token_api,
    upnp,
    worker_api,
)
from .web.audit import auditpages, noticepages
from .web.install import installpages
from .web.jobs import jobpages, taskpages
from .web.live import live, logfeed
from .web.live.feed import Feed
from .web.live.fragments import Fragments
from .web.live.pulse import Pulse
from .web.serving import health, metrics
from .web.serving.bodies import whole
from .web.serving.compressed import compressed
from .web.serving.hangup import unanswered
from .web.serving.quick import quick
from .web.sleep import schedulepages, tagpages
from .web.workers import agentpages, carepages, historypages, joinpages, pages, savedviews, workerpages

# Requests that Flask answers at the same time; each holds a thread.
THREADS = 16

# Calls of workers that are served at the same time, by the database: one that is a file in this process keeps Python
# busy, and more than a few are in each other's way; of one elsewhere, most wait for its answers.
AT_ONCE = {"sqlite": 3, "postgresql": THREADS}

# The largest thing that anybody sends is the picture of a frame; one that is a little too large is told so.
LARGEST = wire.LARGEST_PICTURE + 1024 * 1024

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Over https alone: browsers take it from nowhere else.
STAYS = {"Strict-Transport-Security": "max-age=31536000"}

# The pages, and both APIs.
MODULES = (
    pages,
    loginpages,
    oidcpages,
    accountpages,
    peoplepages,
    tokenpages,
    token_api,
    savedviews,
    actionpages,
    rolloutpages,
    tagpages,
    workerpages,
    historypages,
    carepages,
    installpages,
    schedulepages,
    joinpages,
    jobpages,
    taskpages,
    joining_api,
    worker_api,
    meta_api,
    upnp,
    operator_api,
    action_api,
    plan_api,
    rollout_api,
    agent_api,
    agentpages,
    job_api,
    task_api,
    tag_api,
    schedule_api,
    query_api,
    auditpages,
    audit_api,
    noticepages,
    metrics,
)


def create_app(store: Store) -> Flask:
    """Make the part that answers at once: the pages and both APIs."""
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    # The key signs what the next page has to say after a click.
    app.config.update(
        SECRET_KEY=keys.shared(store, keys.SESSIONS),
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.session_interface = Told()
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "finalize": site.visible}
    app.extensions["store"] = store
    for module in MODULES:
        app.register_blueprint(module.bp)
    site.prepare(app)
    submission.prepare(app, store.settings)
    errors.prepare(app)
    metrics.prepare(app, store)
    access.prepare(app)
    oidcpages.prepare(app, store)
    auditing.prepare(app)
    api.prepare(app)

    app.after_request(finish)
    return app


def finish(response: Response) -> Response:
    """Have nothing kept that does not say for how long, and call nothing a text that is none."""
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == 204:  # what Flask would say of the text that there is not
        response.headers.pop("Content-Type", None)
    return response


class Waiting:
    """What waits: live pages, and the workers' requests for news. `close` lets all of them go."""

    def __init__(self, store: Store, fragments: Fragments) -> None:
        self._store = store
        self._pulses = pages, workers = Pulse(live.PACE), Pulse(push.PACE)
        self._bells = push.Bells(store, workers)
        self._agents = push.Bells(AgentBells(store), workers)
        self._room = logfeed.Room(store, pages)
        self.routes = [
            access.guarded(store, route)
            for route in (
                Route(wire.PUSH, push.endpoint(store, self._bells), name="push.worker"),
                Route(agent_push.PATH, agent_push.endpoint(store, self._agents), name="push.agent"),
                *live.routes(Feed(store, pages, fragments)),
                logfeed.route(store, self._room, pages),
            )
        ]

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        with contextlib.ExitStack() as listening:
            for pulse in self._pulses:
                pulse.begin(self._store.newest())
                listening.callback(self._store.listen(pulse.ring))
                pulse.ring(self._store.newest())
            watches = [asyncio.create_task(bells.watch()) for bells in (self._bells, self._agents, self._room)]
            yield
        self.close()
        await asyncio.gather(*watches)

    def heard(self) -> int:
        """Return the newest event that the pages have heard of."""
        return self._pulses[0].newest

    def close(self) -> None:
        """Answer all who wait; to be called from the event loop's thread."""
        for pulse in self._pulses:
            pulse.close()


def secured(app: ASGIApp) -> ASGIApp:
    """Add the SECURITY headers to every answer that has none of its own, and over https that it stays so."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**SECURITY, **(STAYS if scope.get("scheme") == "https" else {})}.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_secured)

    return call


def ending(app: WSGIApplication) -> WSGIApplication:
    """Say to a WSGI application that a request's body ends by itself, also one that did not say how long it is."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return app({**environ, "wsgi.input_terminated": True}, start_response)

    return call


def create_asgi(store: Store) -> tuple[Starlette, Waiting]:
    """Make the whole: what waits, and Flask in threads for everything else."""
    flask = create_app(store)
    waiting = Waiting(store, Fragments(flask))
    measures: metrics.Measures = flask.extensions["measures"]
    measures.heard = waiting.heard
    routes = [counted(route, measures.instruments) for route in waiting.routes]
    in_pieces: ASGIApp = WSGIMiddleware(ending(flask), workers=THREADS)  # type: ignore[arg-type, assignment]
    said = store.settings
    middleware = [
        Middleware(compressed),
        Middleware(knowing_peers, said.trusted_proxies, said.proxy_login),
        Middleware(secured),
        Middleware(named, said.host_names),
        Middleware(unanswered),
    ]
    app = Starlette(routes=[*routes, *health.routes(store)], middleware=middleware, lifespan=waiting.lifespan)
    # Not a Mount, which leaves out paths with a line's end in them.
    app.router.default = whole(quick(flask, in_pieces, AT_ONCE[store.database.name]), LARGEST)
    return app, waiting
