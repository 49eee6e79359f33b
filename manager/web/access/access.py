"""The one door: every request is let through, sent to sign in or refused here, as NEEDS says.

Who asks is found by the first of WAYS that knows. What an operator who is limited to some tags may touch is asked
here too, for what is named in the path; views ask `may_touch` for the rest.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import urlencode

from flask import Flask, current_app, flash, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from werkzeug.exceptions import Forbidden

from ...rules.access import Need
from ...rules.actions import Answer
from ...storage import reach
from ...storage.store import Store
from ..api import agent_api, worker_api
from ..errors import answer, for_program
from ..serving.masking import masked, unmasked
from ..serving.metrics import by_scraper
from ..site import store
from .callers import STRANGER, Call, Caller, Kind, Unknown, anybody, caller
from .needs import NEEDS, TOUCHES, Touch
from .origin import SAFE, parts, refuse_other_sites
from .peers import peer
from .sessioncookie import by_session, secret_of
from .ways import by_network, by_proxy, by_token, is_opened

__all__ = ["caller", "may", "may_touch"]

# Returns who asks if it knows this kind of credentials and some came along; raises Unknown where they are nobody's.
Way = Callable[[Store, Call], Caller | None]


def nobody_has_to(store: Store, call: Call) -> Caller | None:
    """Know anybody who is at this machine; raises Unknown where a proxy says that it speaks for somebody elsewhere."""
    if not store.settings.without_login:
        return None
    if call.peer.speaks_for_others:
        raise Unknown("a proxy passed this on, and --without-login is for this machine alone; start it without that")
    return anybody(call.address)


# In this order; the first that knows the caller says who it is.
WAYS: tuple[Way, ...] = (nobody_has_to, by_token, by_proxy, by_session, by_network, by_scraper)

SIGN_IN = "/sign-in"

# Names of what proves that a form or a script is of a page of ours: the field, the header.
FIELD, HEADER = "csrf", "X-Farmhand-Token"


def find(store: Store, call: Call) -> Caller | None:
    """Return who asks, None where nobody says so; raises Unknown. Blocks."""
    return next((found for way in WAYS if (found := way(store, call)) is not None), None)


# -- what views and templates ask


def may(need: str) -> bool:
    """Say whether who asks may, at all, do what needs "view", "operate" or "admin"."""
    return caller().may(Need(need)).granted


def may_touch(worker_ids: Collection[str]) -> Mapping[str, str]:
    """Return which of these workers the caller may not act on, and why; the reasons complete "NAME ..."."""
    with store().database.read() as connection:
        return reach.spared(connection, caller().grants, worker_ids)


def parted(worker_ids: Sequence[str]) -> tuple[list[str], list[Answer]]:
    """Part workers in those that the caller may act on, and answers that say of each other one why it is left out."""
    spared = may_touch(worker_ids)
    if not spared:
        return list(worker_ids), []
    others = [Answer(it.id, it.name, False, spared[it.id], changed=False) for it in store().workers(spared.keys())]
    return [id for id in worker_ids if id not in spared], others


def demand_everywhere() -> None:
    """Raise Forbidden unless the caller may act on the farm as a whole."""
    _demand(frozenset())


def demand_tag(tag_id: str | None) -> None:
    """Raise Forbidden unless the caller may act on what has this tag, or none."""
    _demand(frozenset() if tag_id is None else frozenset({tag_id}))


def demand_workers(worker_ids: Collection[str]) -> None:
    """Raise Forbidden unless the caller may act on each of these workers."""
    for why in may_touch(worker_ids).values():
        raise Forbidden(f"One of the workers concerned {why}. Nothing was changed.")


def demand_job(job_id: str) -> None:
    """Raise Forbidden unless the caller may act on this job."""
    with store().database.read() as connection:
        tags = reach.of_job(connection, job_id)
    _demand(tags)


def csrf() -> Markup:
    """Write the hidden field that every form has which changes something."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, proof())


def proof() -> str:
    """Return what proves that a request comes from a page that this session was shown; empty without a session."""
    return masked(_proof())


def _proof() -> str:
    session = caller().session
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"{FIELD} {session}".encode(), hashlib.sha256).hexdigest() if session else ""


# -- Flask's requests


def prepare(app: Flask) -> None:
    """Have every request pass here before its view."""
    app.before_request(enforce)
    app.jinja_env.globals.update(csrf=csrf, csrf_token=proof, may=may, caller=caller, may_touch=may_touch)


def enforce() -> ResponseReturnValue | None:
    """Refuse what the caller may not do, before anything is read of it but who asks."""
    endpoint = request.endpoint
    if endpoint is None:  # there is no such page, or not by this method, which is answered so
        return None
    need = NEEDS.get(endpoint)
    if need is None:
        raise Forbidden(f"{endpoint}: nobody has said who may call this")
    refuse_other_sites(request)
    if need in CREDENTIALS:
        CREDENTIALS[need]()
        return None
    try:
        found = find(store(), of_flask())
    except Unknown as error:
        return None if need is Need.OPEN else unknown(str(error))
    g.caller = found or STRANGER
    if found is None:
        return None if need is Need.OPEN else unknown("")
    _examine(found, need, endpoint)
    return None


CREDENTIALS: Mapping[Need, Callable[[], None]] = {
    Need.WORKER: worker_api.authenticate,
    Need.AGENT: agent_api.authenticate,
}


def of_flask() -> Call:
    headers = Headers(headers=dict(request.headers.items()))
    address, seen = request.remote_addr or "", peer(request.environ.get("asgi.scope", {}))
    return Call(headers, request.cookies, address, request.path, request.is_secure, seen, counts=True)


def _examine(found: Caller, need: Need, endpoint: str) -> None:
    if found.session and request.method not in SAFE and not proven():
        raise Forbidden(
            "this did not come from a page of yours; load the page anew and try again. Nothing was changed."
        )
    permission = found.may(need)
    if not permission.granted:
        raise Forbidden(_refused(permission.reason))
    if need is Need.OPERATE and not found.everywhere:
        _LOOKUPS[TOUCHES.get(endpoint, Touch.FARM)](request.view_args or {})


def proven() -> bool:
    """Say whether an unsafe request comes from a page that was shown to its session."""
    said = request.headers.get(HEADER)
    if said is None:
        said = request.form.get(FIELD, "")
    return hmac.compare_digest(unmasked(said).encode(), _proof().encode())


def unknown(why: str) -> ResponseReturnValue:
    """Ask who it is: a program for credentials, a person to sign in."""
    if for_program():
        said = make_response(answer(401, why or _how_to_sign_in()))
        said.headers["WWW-Authenticate"] = 'Bearer realm="farmhand"'
        return said
    if why:  # whom a proxy vouches for has to be told
        flash(f"{why[:1].upper()}{why[1:]}.", "bad")
    elif secret_of(request):
        lost = "" if request.method in SAFE else " Nothing was changed by your last click."
        flash(f"Your session has ended.{lost} Sign in to go on where you were.", "warn")
    here = request.full_path.rstrip("?") if request.method in SAFE else _referrer()
    return redirect(f"{SIGN_IN}?{urlencode({'next': here})}", 303)


def _how_to_sign_in() -> str:
    how = "sign in: send a token, as in Authorization: Bearer fh_…"
    if not is_opened(request.path):
        return how
    return f"{how}; for programs that cannot, the setting open_networks names the networks that they are in"


def _referrer() -> str:
    """Return the page that a form was sent from, as it was filtered and selected."""
    page = parts(request.referrer or "")
    return f"{page.path}?{page.query}" if page.query else page.path


def _refused(reason: str) -> str:
    return f"You {reason}. An admin can change what you may do. Nothing was changed."


def _demand(tags: Collection[str]) -> None:
    permission = caller().may(Need.OPERATE, tags)
    if not permission.granted:
        raise Forbidden(_refused(permission.reason))


def _by(look_up: Callable[..., Collection[str]], name: str) -> Callable[[Mapping[str, str]], None]:
    def look(said: Mapping[str, str]) -> None:
        with store().database.read() as connection:
            tags = look_up(connection, said[name].lower())
        _demand(tags)

    return look


def _in_rollout(rollout_id: str) -> Collection[str]:
    with store().database.read() as connection:
        return reach.in_rollout(connection, rollout_id)


_LOOKUPS: Mapping[Touch, Callable[[Mapping[str, str]], None]] = {
    Touch.WORKER: _by(reach.of_worker, Touch.WORKER.value),
    Touch.JOB: _by(reach.of_job, Touch.JOB.value),
    Touch.TASK: _by(reach.of_task, Touch.TASK.value),
    Touch.SCHEDULE: _by(reach.of_schedule, Touch.SCHEDULE.value),
    Touch.ROLLOUT: lambda said: demand_workers(_in_rollout(said[Touch.ROLLOUT.value])),
    Touch.MANY: lambda said: None,
    Touch.FARM: lambda said: demand_everywhere(),
}


# -- Starlette's


def guarded(store: Store, route: Route) -> Route:
    """Return a route that lets only those through whom NEEDS names; workers and agents it looks up itself."""
    need = NEEDS[route.name]
    if need in CREDENTIALS:
        return route
    endpoint = route.endpoint

    async def call(request: Request) -> Response:
        try:
            found = await run_in_threadpool(find, store, of_starlette(request))
        except Unknown as error:
            return JSONResponse({"message": str(error)}, 401)
        if found is None:
            return JSONResponse({"message": "sign in: this is shown to those who are known"}, 401)
        permission = found.may(need)
        if not permission.granted:
            return JSONResponse({"message": _refused(permission.reason)}, 403)
        request.state.caller = found
        answered: Response = await endpoint(request)
        return answered

    return Route(route.path, call, name=route.name)


def of_starlette(request: Request) -> Call:
    address = request.client.host if request.client else ""
    is_https = request.url.scheme == "https"
    return Call(request.headers, request.cookies, address, request.url.path, is_https, peer(request.scope))


def known_still(store: Store, call: Call, was: Caller) -> bool:
    """Say whether who opened a stream is still who it was, with the same grants: sessions end, roles change."""
    if was.kind is Kind.NOBODY_HAS_TO:
        return True
    try:
        return find(store, call) == was
    except Unknown:
        return False
