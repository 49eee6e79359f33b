"""Every route as everybody: what is let in is what NEEDS says, and nothing else.

The views themselves are replaced by a mark that they were reached: the test is of the door, and no call may change what
the next one finds.
"""

import asyncio
import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from pretended import SECRET, awake, job
from signed_in import ADMIN, OPERATOR, VIEWER, SignedIn, at_page, sign_in
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Route
from stores import Clock, fresh

from farmhand.manager.app import create_app, create_asgi
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Need, Role
from farmhand.manager.rules.rollouts import Rollout
from farmhand.manager.rules.schedules import Schedule
from farmhand.manager.rules.tokens import Scope
from farmhand.manager.storage import agents, rollouts, schedules, tags, tokens
from farmhand.manager.storage.agents import Enrolment
from farmhand.manager.storage.schedules import Owner
from farmhand.manager.storage.store import Store
from farmhand.manager.storage.tables import metadata
from farmhand.manager.web.access import access
from farmhand.manager.web.access.access import guarded
from farmhand.manager.web.access.needs import NEEDS, TOUCHES, Touch
from farmhand.manager.web.api.contract import operations
from farmhand.worker.wire import Request, Status

SAFE = ("GET", "HEAD", "OPTIONS")
REACHED = 299
TEMPLATES = sorted((Path(access.__file__).parents[1] / "templates").glob("*.html"))
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Farm:
    """What the routes are about, by the names of the parameters in their paths; all of it has the tag gpu."""

    store: Store
    app: Flask
    ids: Mapping[str, str]
    callers: Mapping[str, Mapping[str, str]] = field(repr=False)


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"}


def furnished(store: Store) -> dict[str, str]:
    """Fill a farm with one of each thing that a route can name."""
    gpu = tags.add(store, "gpu", "", "test")
    worker, job_id = awake(store, "node-1"), job(store, tasks=1)
    tags.give(store, worker.id, [gpu.id], "test")
    tags.set_of_job(store, job_id, "test", tag_id=gpu.id)
    schedule = schedules.add(store, Owner("tag", gpu.id), Schedule(ZoneInfo("UTC"), ()), "test")
    rollout = Rollout("", Request(Status.RESTART, True), "test", at_once=1)
    return {
        "tag_id": gpu.id,
        "worker_id": worker.id,
        "job_id": job_id,
        "task_id": store.tasks(job_id)[0].id,
        "schedule_id": schedule.id,
        "rollout_id": rollouts.make(store, [worker.id], rollout),
    }


def everybody(store: Store, app: Flask, ids: Mapping[str, str], clock: Clock) -> dict[str, Mapping[str, str]]:
    """Return the headers of everybody's requests."""
    cpu = tags.add(store, "cpu", "", "test")
    gone = sign_in(store, "gone", *ADMIN)
    clock.passes(timedelta(days=8).total_seconds())
    enrolled = agents.enrol(store, Enrolment("agent", "linux", "1", "the agent's secret", "00" * 32, "127.0.0.1"))

    def browser(name: str, *grants: Grant) -> SignedIn:
        return at_page(app, sign_in(store, name, *grants))

    admin = browser("admin", *ADMIN)
    token, revoked = (tokens.make(store, admin.person.id, "t", Scope(Role.OPERATOR), 3_600_000, "test") for _ in "12")
    tokens.revoke(store, revoked.token.id, "test")
    return {
        "anonymous": {},
        "viewer": browser("viewer", *VIEWER).headers,
        "operator": browser("operator", *OPERATOR).headers,
        "operator of gpu": browser("of gpu", Grant(Role.OPERATOR, ids["tag_id"])).headers,
        "operator of cpu": browser("of cpu", Grant(Role.OPERATOR, cpu.id)).headers,
        "admin": admin.headers,
        "operator's token": {"Authorization": f"Bearer {token.text}"},
        "revoked token": {"Authorization": f"Bearer {revoked.text}"},
        "wrong token": {"Authorization": "Bearer fh_0000000000000000000000000000000000000000000"},
        "expired session": gone.headers,
        "worker": basic(ids["worker_id"], SECRET),
        "agent": basic(enrolled, "the agent's secret"),
        "wrong origin": admin.headers | {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
        "no proof": {"Cookie": admin.headers["Cookie"]},
        "wrong proof": admin.headers | {"X-Farmhand-Token": "0" * 64},
    }


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    clock = Clock()
    store = fresh(tmp_path_factory.mktemp("data"), Settings(), clock)
    app = create_app(store)
    ids = furnished(store)
    yield Farm(store, app, ids, everybody(store, app, ids, clock))
    store.close()


def expected(who: str, need: Need, touch: Touch, method: str) -> str:
    """Say what has to become of a request: "in", "who" (sign in first) or "no"."""
    unsafe = method not in SAFE
    if unsafe and who == "wrong origin":
        return "no"
    if need in (Need.WORKER, Need.AGENT):
        return "in" if who == need.value else "no"
    if unsafe and who in ("no proof", "wrong proof"):
        return "no"
    if need is Need.OPEN:
        return "in"
    if who in UNKNOWN:
        return "who"
    return "in" if who in MAY[need] or (need is Need.OPERATE and touch in OF_TAG.get(who, ())) else "no"


UNKNOWN = {"anonymous", "wrong token", "revoked token", "expired session", "worker", "agent"}
ADMINS = {"admin", "wrong origin", "no proof", "wrong proof"}
MAY = {
    Need.VIEW: {"viewer", "operator", "operator's token", "operator of gpu", "operator of cpu", *ADMINS},
    Need.OPERATE: {"operator", "operator's token", *ADMINS},
    Need.ADMIN: ADMINS,
}
OF_TAG = {"operator of gpu": set(Touch) - {Touch.FARM}, "operator of cpu": {Touch.MANY}}


def verdict(status: int, location: str | None) -> str:
    """Say what became of a request; what it got wrong after it was let in does not matter."""
    if status == 401 or (location or "").startswith("/sign-in?"):
        return "who"
    return "no" if status == 403 else "in"


def test_every_route_of_flask_as_everybody(farm: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    for endpoint in farm.app.view_functions:
        farm.app.view_functions[endpoint] = lambda **_: ("", REACHED)
    client, wrong, cells, routes = farm.app.test_client(use_cookies=False), [], 0, set()
    for rule in farm.app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: farm.ids.get(name[1], NOBODY), rule.rule)
        need, touch = NEEDS[rule.endpoint], TOUCHES.get(rule.endpoint, Touch.FARM)
        for method in sorted((rule.methods or set()) - {"HEAD"}):
            routes.add((rule.rule, method))
            for who, headers in farm.callers.items():
                answer = client.open(path, method=method, headers=headers)
                cells += 1
                if verdict(answer.status_code, answer.location) != expected(who, need, touch, method):
                    wrong.append(f"{method} {rule.rule} as {who}: {answer.status_code} {answer.text[:120]}")
    with capsys.disabled():
        print(f"\n{cells} cells: {len(routes)} routes of Flask and their methods, as {len(farm.callers)} callers")
    assert not wrong, "\n".join(wrong)


def test_every_route_of_starlette_as_everybody(farm: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    app, _ = create_asgi(farm.store)
    routes, wrong = of_starlette(app), []
    for route in routes:
        path = re.sub(r"{(\w+)}", lambda name: farm.ids.get(name[1], NOBODY), route.path) + "?since=x"
        for who, headers in farm.callers.items():
            status = asyncio.run(begin(app, path, headers))
            if verdict(status, None) != expected(who, NEEDS[route.name], Touch.FARM, "GET"):
                wrong.append(f"GET {route.path} as {who}: {status}")
    with capsys.disabled():
        print(f"\n{len(routes) * len(farm.callers)} cells: {len(routes)} routes of Starlette")
    assert not wrong, "\n".join(wrong)


def of_starlette(app: Starlette) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route)]


async def begin(app, path: str, headers: Mapping[str, str]) -> int:
    """Call an ASGI application and return the status that it begins its answer with."""
    where, _, query = path.partition("?")
    said = {"host": "127.0.0.1", **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8080),
        "headers": [(name.lower().encode(), value.encode()) for name, value in said.items()],
    }
    began: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        if message["type"] == "http.response.start" and not began.done():
            began.set_result(message["status"])

    serving = asyncio.create_task(app(scope, receive, send))
    await asyncio.wait({serving, began}, return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    await asyncio.wait({serving})
    return began.result()


# -- the table itself


def test_every_route_has_its_row_and_every_row_its_route(farm: Farm) -> None:
    there = {rule.endpoint for rule in farm.app.url_map.iter_rules()}
    there |= {route.name for route in of_starlette(create_asgi(farm.store)[0])}
    assert there == NEEDS.keys()


def test_a_route_without_a_row_is_refused(farm: Farm) -> None:
    app = create_app(farm.store)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    for headers in farm.callers.values():
        assert app.test_client(use_cookies=False).get("/forgotten", headers=headers).status_code == 403
    with pytest.raises(KeyError):
        guarded(farm.store, Route("/forgotten", lambda request: None, name="forgotten"))


# What anybody may call: a row more is a door more.
OPEN = """
    static upnp.description meta_api.show_version meta_api.show_document worker_api.register agent_api.enrol
    loginpages.sign_in loginpages.try_to_sign_in loginpages.welcome loginpages.choose
    oidcpages.start oidcpages.back oidcpages.signed_out
    health.alive health.ready
"""

# What a viewer may send that is no question: to what is their own, and what only says what something would do.
OWN = """
    loginpages.sign_out schedule_api.preview_schedule
    accountpages.change_password accountpages.end_sessions accountpages.set_shortcuts
    tokenpages.add tokenpages.revoke token_api.make_token token_api.revoke_token
    pages.turn savedviews.change
"""


def test_no_more_is_open_than_has_to_be(farm: Farm) -> None:
    assert {name for name, need in NEEDS.items() if need is Need.OPEN} == set(OPEN.split())


def test_who_may_look_may_change_nothing_but_what_is_their_own(farm: Farm) -> None:
    unsafe = {rule.endpoint for rule in farm.app.url_map.iter_rules() if (rule.methods or set()) - set(SAFE)}
    assert {name for name in unsafe if NEEDS[name] is Need.VIEW} == set(OWN.split())


def test_what_only_an_operator_may_do_is_an_unsafe_request(farm: Farm) -> None:
    safe = {rule.endpoint for rule in farm.app.url_map.iter_rules() if "GET" in (rule.methods or set())}
    assert {name for name in safe if NEEDS[name] is Need.OPERATE} <= {"meta_api.shaman"}


def test_the_document_names_the_credentials_that_the_table_asks_for(farm: Farm) -> None:
    schemes = {"worker": Need.WORKER, "agent": Need.AGENT}
    for rule in farm.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            call = operations().get((method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)))
            if call is not None:
                needed = NEEDS[rule.endpoint]
                assert schemes.get(call.security) == (needed if needed in schemes.values() else None), rule.rule
                assert call.is_open == (needed is Need.OPEN), rule.rule


def test_every_touch_is_of_a_route_that_operates_and_its_parameter_in_the_path(farm: Farm) -> None:
    rules = {rule.endpoint: rule for rule in farm.app.url_map.iter_rules()}
    for name, touch in TOUCHES.items():
        assert NEEDS[name] is Need.OPERATE, name
        assert touch in (Touch.MANY, Touch.FARM) or touch.value in rules[name].arguments, name


# -- GET changes nothing


def content(store: Store) -> dict[str, list[str]]:
    """Return all that the database has, but when a session was used last, and what is noted of refusals."""
    with store.database.read() as connection:
        return {
            name: sorted(
                map(repr, connection.execute(select(*(c for c in table.columns if c.name != "seen_at"))).all())
            )
            for name, table in metadata.tables.items()
            if not name.startswith("audit") and name != "spent"
        }


def test_no_page_and_no_call_that_only_looks_changes_anything(tmp_path: Path) -> None:
    clock = Clock()
    store = fresh(tmp_path, Settings(), clock)
    app = create_app(store)
    ids = furnished(store)
    headers = at_page(app, sign_in(store, "admin", *ADMIN)).headers
    before, client = content(store), app.test_client(use_cookies=False)
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and NEEDS[rule.endpoint] not in (Need.WORKER, Need.AGENT):
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: ids.get(name[1], NOBODY), rule.rule)
            assert client.get(path, headers=headers).status_code < 500 or rule.endpoint == "meta_api.shaman", path
            assert content(store) == before, path
    store.close()


# -- forms


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_proves_where_it_is_from(path: Path) -> None:
    for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL):
        assert "{{ csrf() }}" in form, form
