"""Networks from which Flamenco's programs may call without signing in: what is open to them, and to whom not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from manager_server import serving
from sqlalchemy import text
from stores import fresh

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Need
from farmhand.manager.signin import Allowed, OpenNetworks
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.needs import NEEDS
from farmhand.manager.web.access.peers import Peer

INSIDE, OUTSIDE = "10.20.3.4", "10.21.3.4"
OPEN = OpenNetworks(("10.20.0.0/16",))
JOB = {"name": "a job", "type": "echo-sleep-test", "submitter_platform": "linux", "settings": {"message": "hello"}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path, Settings(shared_storage_path="/farm", open_networks=OPEN, host_names=("farm.example",)))
    yield store
    store.close()


@pytest.fixture
def app(store: Store) -> Flask:
    return create_app(store)


def ask(app: Flask, method: str, path: str, address: str = INSIDE, peer: Peer | None = None, **more: Any) -> Any:
    scope = {"farmhand.peer": peer or Peer(address)}
    around = {"REMOTE_ADDR": address, "asgi.scope": scope, "HTTP_HOST": "10.20.0.1:8080"}
    return app.test_client().open(path, method=method, environ_overrides={**around, **more.pop("around", {})}, **more)


def test_the_add_on_may_look_and_submit(app: Flask) -> None:
    for path in ("version", "jobs/types", "jobs", "configuration/shared-storage/users/linux", "worker-mgt/tags"):
        assert ask(app, "GET", f"/api/v3/{path}").status_code == 200, path
    assert ask(app, "POST", "/api/v3/jobs/check", json=JOB).status_code == 204
    made = ask(app, "POST", "/api/v3/jobs", json=JOB)
    assert made.status_code == 200
    assert made.json["status"] == "queued"


def test_a_program_outside_is_told_what_would_let_it_in(app: Flask) -> None:
    answer = ask(app, "POST", "/api/v3/jobs", OUTSIDE, json=JOB)
    assert answer.status_code == 401
    assert "send a token" in answer.json["message"]
    assert "the setting open_networks names the networks" in answer.json["message"]
    assert "open_networks" not in ask(app, "GET", "/api/farmhand/tokens", OUTSIDE).json["message"]


def test_that_is_all(app: Flask, store: Store) -> None:
    job = ask(app, "POST", "/api/v3/jobs", json=JOB).json["id"]
    body = {"status": "canceled", "reason": "so"}
    answer = ask(app, "POST", f"/api/v3/jobs/{job}/setstatus", json=body)
    assert answer.status_code == 403
    assert "You are a viewer; this takes an operator" in answer.json["message"]
    assert store.job(job).status.value == "queued"


@pytest.mark.parametrize(
    ("allow", "looks", "submits", "cancels"),
    [(Allowed.VIEW, 200, 403, 403), (Allowed.SUBMIT, 200, 200, 403), (Allowed.OPERATE, 200, 200, 204)],
)
def test_how_much_is_open_is_set(store: Store, allow: Allowed, looks: int, submits: int, cancels: int) -> None:
    job = ask(create_app(store), "POST", "/api/v3/jobs", json=JOB).json["id"]
    store.settings = replace(store.settings, open_networks=replace(OPEN, allow=allow))
    app = create_app(store)
    assert ask(app, "GET", "/api/v3/jobs").status_code == looks
    assert ask(app, "POST", "/api/v3/jobs", json=JOB).status_code == submits
    answer = ask(app, "POST", f"/api/v3/jobs/{job}/setstatus", json={"status": "canceled", "reason": "so"})
    assert answer.status_code == cancels


def test_nobody_else_is_let_in(app: Flask) -> None:
    assert ask(app, "GET", "/api/v3/jobs", OUTSIDE).status_code == 401
    assert ask(app, "POST", "/api/v3/jobs", OUTSIDE, json=JOB).status_code == 401


@pytest.mark.parametrize("allow", Allowed)
def test_no_page_and_no_call_of_ours_is_open(store: Store, allow: Allowed) -> None:
    store.settings = replace(store.settings, open_networks=replace(OPEN, allow=allow))
    app = create_app(store)
    closed = 0
    for rule in app.url_map.iter_rules():
        if NEEDS.get(rule.endpoint) in (Need.OPEN, Need.WORKER, Need.AGENT) or rule.rule.startswith("/api/v3/"):
            continue
        path = re.sub("<[^>]*>", "x", rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = ask(app, method, path)
            assert answer.status_code in (303, 401), (method, path)
            closed += 1
    assert closed > 30


def test_an_admins_calls_stay_closed_whatever_is_allowed(store: Store) -> None:
    store.settings = replace(store.settings, open_networks=replace(OPEN, allow=Allowed.OPERATE))
    app = create_app(store)
    assert ask(app, "GET", "/api/v3/configuration/file").status_code == 403
    worker = "00000000-0000-0000-0000-000000000001"
    assert ask(app, "DELETE", f"/api/v3/worker-mgt/workers/{worker}").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another site's"),
        pytest.param({"Origin": "null"}, id="a file's"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site's, as browsers say today"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbour's"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, id="one that calls itself ours"),
        pytest.param({"Host": "evil.example"}, id="one whose name was let point here"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_in_a_browser_inside_is_refused(app: Flask, headers: dict[str, str], method: str) -> None:
    around = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    answer = ask(app, method, "/api/v3/jobs", around=around, json=JOB)
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize("host", ["10.20.0.1:8080", "farm.example", "localhost:8080", "[fd00::1]:8080"])
def test_it_may_be_called_by_its_addresses_and_names(app: Flask, host: str) -> None:
    assert ask(app, "GET", "/api/v3/jobs", around={"HTTP_HOST": host}).status_code == 200


def test_a_proxy_inside_does_not_let_those_in_for_whom_it_speaks(app: Flask) -> None:
    answer = ask(app, "GET", "/api/v3/jobs", peer=Peer(INSIDE, speaks_for_others=True))
    assert answer.status_code == 401
    assert "name it in trusted_proxies" in answer.json["message"]
    through = Peer("10.20.0.9", speaks_for_others=True)
    assert ask(app, "GET", "/api/v3/jobs", peer=through).status_code == 200, "the proxy has said who calls"
    assert ask(app, "GET", "/api/v3/jobs", OUTSIDE, peer=through).status_code == 401


def test_each_address_is_written_down_once_a_day(app: Flask, store: Store) -> None:
    for address in (INSIDE, INSIDE, "10.20.3.5", OUTSIDE):
        ask(app, "GET", "/api/v3/jobs", address)
    with store.database.read() as connection:
        found = connection.execute(text("SELECT who FROM audit WHERE what = 'access.network' ORDER BY seq"))
        assert found.scalars().all() == [f"{INSIDE} (not signed in)", "10.20.3.5 (not signed in)"]


def test_it_is_off_by_default(tmp_path: Path) -> None:
    store = fresh(tmp_path / "other", Settings())
    assert ask(create_app(store), "GET", "/api/v3/jobs", "127.0.0.1").status_code == 401
    store.close()


def test_over_a_real_connection_the_address_counts(tmp_path: Path) -> None:
    import requests

    settings = Settings(open_networks=OpenNetworks(("127.0.0.0/8",)))
    store = fresh(tmp_path / "served", settings)
    with serving(store) as url:
        assert requests.get(f"{url}/api/v3/jobs", timeout=10).json() == {"jobs": []}
        forged = requests.get(f"{url}/api/v3/jobs", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=10)
        assert forged.status_code == 401
        assert requests.get(f"{url}/", timeout=10, allow_redirects=False).status_code in (302, 303, 401)
    store.close()
