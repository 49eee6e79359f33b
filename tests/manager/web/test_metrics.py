"""/metrics, /healthz and /readyz: what they say, and to whom."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml
from manager_server import serving
from pretended import ask, awake, job
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from farmhand.manager.app import create_app
from farmhand.worker.wire import Status

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "config" / "monitoring"


def families(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(found, name, **labels):
    """Return a sample's value, None where there is none."""
    samples = [sample for family in found.values() for sample in family.samples if sample.name == name]
    return next((sample.value for sample in samples if sample.labels == labels), None)


def test_the_farm_is_in_numbers(client, store):
    worker = awake(store, "node-1")
    job(store)
    worker.finishes(worker.asks_for_work())
    ask(store, Status.ASLEEP, worker, lazy=True)
    found = families(client)
    assert value(found, "farmhand_workers", status="awake") == 1
    assert value(found, "farmhand_tasks", status="queued") == 3
    assert value(found, "farmhand_tasks_ready", type="misc") == 3
    assert value(found, "farmhand_tasks_ended_total", status="completed") == 1
    assert value(found, "farmhand_requests_pending", to="asleep") == 1
    assert value(found, "farmhand_database_up") == 1


def test_this_process_is_in_numbers(client):
    client.get("/workers")
    client.get("/nothing-of-the-kind")
    found = families(client)
    assert value(found, "farmhand_http_requests_total", endpoint="pages.workers", status="200") == 1
    assert value(found, "farmhand_http_requests_total", endpoint="none", status="404") == 1
    assert value(found, "farmhand_http_request_duration_seconds_count", endpoint="pages.workers") == 1
    assert value(found, "farmhand_database_transaction_seconds_count", kind="read")


def test_a_second_look_at_once_does_not_count_anew(client, store):
    first = families(client)
    awake(store, "node-1")
    assert value(families(client), "farmhand_workers", status="awake") is None
    assert value(first, "farmhand_database_up") == 1


def test_a_database_that_does_not_answer_is_said_so(client, store, monkeypatch):
    families(client)
    with store.database.write() as change:
        change.connection.execute(text("ALTER TABLE audit_head RENAME TO elsewhere"))
    monkeypatch.setattr("farmhand.manager.web.serving.metrics.FRESH", -1)
    assert value(families(client), "farmhand_database_up") == 0
    assert value(families(client), "farmhand_database_errors_total")


def test_who_may_not_see_the_farm_may_not_see_its_numbers(store):
    store.settings = replace(store.settings, without_login=False)
    client = create_app(store).test_client()
    assert client.get("/metrics").status_code == 401
    store.settings = replace(store.settings, metrics=("127.0.0.0/8",))
    client = create_app(store).test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/workers").status_code == 303
    assert client.get("/metrics", headers={"Origin": "http://elsewhere.example"}).status_code == 401
    other = {"REMOTE_ADDR": "10.1.2.3"}
    assert client.get("/metrics", environ_overrides=other).status_code == 401


def test_health_is_told_to_all_and_says_no_more(store):
    store.settings = replace(store.settings, without_login=False)
    with serving(store) as url:
        assert (fetch(f"{url}/healthz"), fetch(f"{url}/readyz")) == ((200, "alive\n"), (200, "ready\n"))
        with store.database.write() as change:
            change.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert fetch(f"{url}/readyz") == (503, "the database has another schema than this manager\n")
        with store.database.write() as change:
            change.connection.execute(text("DROP TABLE alembic_version"))
        assert fetch(f"{url}/readyz") == (503, "the database does not answer\n")
        assert fetch(f"{url}/healthz") == (200, "alive\n")


def fetch(url):
    try:
        with urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


# -- the dashboard and the rules


@pytest.fixture
def names(client, store):
    """Every name that a query can have, as a farm with something on it shows them."""
    worker = awake(store, "node-1")
    job(store)
    worker.finishes(worker.asks_for_work())
    ask(store, Status.RESTART, worker)
    worker.learns()
    worker.restarts()
    client.get("/workers")
    return {name for family in families(client).values() for name in (family.name, *(s.name for s in family.samples))}


def queries():
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())
    board = json.loads((MONITORING / "dashboard.json").read_text())
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])
    yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))


def test_every_metric_that_is_asked_for_exists(names):
    asked = {name for query in queries() for name in re.findall(r"\bfarmhand_\w+", query)}
    assert len(asked) > 10
    # Of what a farm has only when something is on it that this one has not.
    seldom = {"farmhand_worker_exits_total", "farmhand_http_open_requests", "farmhand_events_behind"}
    assert asked - names <= seldom | {"farmhand_sweep_age_seconds", "farmhand_tagged_workers"}


def test_every_metric_is_in_the_reference(client, names):
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    listed = set(re.findall(r"^\| `(farmhand_\w+)`", page, re.MULTILINE))
    shown = {family.name for family in families(client).values()}
    assert shown - listed == set()
