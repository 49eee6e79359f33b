"""The bar of actions without JavaScript: done at once, shown first as a plan, undone."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from pretended import Pretended, ask, awake, job
from werkzeug.test import TestResponse

from farmhand.manager.app import create_app
from farmhand.manager.storage import requests, rollouts
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status, TaskStatus

LAZY = Request(Status.RESTART, lazy=True)
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    """Two that are at work, one that is idle, and one that cannot restart."""
    made = [awake(store, f"node-{n}", can_restart=n != 4) for n in (1, 2, 3, 4)]
    job(store, tasks=2)
    for worker in made[:2]:
        assert worker.asks_for_work() is not None
    return made


def act(client: FlaskClient, action: str, *workers: Pretended, **fields: str) -> TestResponse:
    form = {"action": action, "worker": [worker.id for worker in workers], "back": "/workers", **fields}
    return client.post("/workers/act", data=form, follow_redirects=True)


def decide(client: FlaskClient, page: TestResponse, how: str, **fields: str) -> TestResponse:
    """Press a button of a plan's page."""
    address = re.search(r'action="(/workers/plan/[^"]*)"', page.text)
    assert address is not None
    return client.post(address[1], data={"do": how, "back": "/workers", **fields}, follow_redirects=True)


def pending(store: Store, *workers: Pretended) -> list[Request | None]:
    found = [store.worker(worker.id).request for worker in workers]
    return [None if each is None else each.wish for each in found]


# -- at once, or first a plan


def test_a_few_after_their_tasks_are_asked_at_once(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    page = act(client, "restart-lazy", *workers[:3])
    assert page.request.path == "/workers"
    assert "Restart after task asked of 3 workers" in page.text
    assert pending(store, *workers[:3]) == [LAZY] * 3


def test_what_aborts_tasks_is_shown_first_and_asks_nobody(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    page = act(client, "restart", *workers)
    assert page.request.path.startswith("/workers/plan/")
    assert "Restart 3 of 4 workers now?" in page.text
    assert "2 tasks aborted and requeued" in page.text
    assert "node-4 cannot restart and is skipped" in page.text
    assert "Workers awake: 4 now, 1 at worst, until they are back" in page.text
    assert re.search(r'value="soften" data-default>Restart after task instead', page.text)
    assert pending(store, *workers) == [None] * 4


def test_the_plan_is_done_as_it_was_shown(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    page = decide(client, act(client, "restart", *workers), "apply")
    assert "Restart immediately asked of 3 workers; node-4 cannot restart" in page.text
    assert [one is not None for one in pending(store, *workers)] == [True, True, True, False]
    assert pending(store, workers[2]) == [Request(Status.RESTART)]


def test_the_gentle_way_waits_for_the_tasks(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    page = decide(client, act(client, "restart", *workers[:2]), "soften")
    assert "Restart after task asked of 2 workers" in page.text
    assert pending(store, *workers[:2]) == [LAZY] * 2


def test_what_has_changed_meanwhile_is_shown_with_the_plan_of_now(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    first = act(client, "restart", *workers[:3])
    ask(store, Status.OFFLINE, workers[2])
    again = decide(client, first, "apply")
    assert "1 worker has changed meanwhile, so nothing was asked of anybody yet: node-3" in again.text
    assert pending(store, *workers[:2]) == [None, None]
    done = decide(client, again, "apply")
    assert "Restart immediately asked of 3 workers" in done.text


def test_a_plan_that_is_not_there_is_an_error_page(client: FlaskClient) -> None:
    assert client.get(f"/workers/plan/{NOBODY}").status_code == 404
    assert client.post(f"/workers/plan/{NOBODY}", data={"do": "apply"}).status_code == 404


def test_a_plan_wants_to_know_what_is_to_be_done(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    assert decide(client, act(client, "restart", *workers[:2]), "dance").status_code == 400
    assert pending(store, *workers[:2]) == [None, None]


def test_a_large_share_of_the_farm_is_confirmed_by_typing(client: FlaskClient, store: Store) -> None:
    farm = [awake(store, f"rig-{n}") for n in range(11)]
    job(store, tasks=1)
    assert farm[0].asks_for_work() is not None
    plan = act(client, "shutdown", *farm)
    assert "Type 11 to confirm" in plan.text
    refused = decide(client, plan, "apply", typed="12")
    assert refused.status_code == 400
    assert "Type 11 to confirm that so many workers are meant" in refused.text
    assert pending(store, *farm) == [None] * 11
    assert "asked of 11 workers" in decide(client, plan, "apply", typed=" 11 ").text


def test_all_that_match_are_meant_by_their_filters_and_always_shown_first(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    form = {"action": "asleep-lazy", "all": "?status=idle", "shown": "3", "back": "/workers?status=idle"}
    page = client.post("/workers/act", data=form, follow_redirects=True)
    assert "Send 2 workers to sleep after their tasks?" in page.text
    assert "3 workers matched when the page was shown; by now it is 2." in page.text
    awake(store, "late")
    decide(client, page, "apply")
    assert [one is not None for one in pending(store, *workers)] == [False, False, True, True]
    assert [worker.name for worker in store.workers() if worker.request] == ["node-3", "node-4"]


# -- terms


def test_deadline_until_and_reason_are_kept(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    act(client, "asleep-lazy", workers[2], deadline="2h", until="8h", reason="heat")
    asked = store.worker(workers[2].id).request
    assert asked is not None
    assert asked.terms.reason == "heat"
    assert asked.terms.deadline is not None
    assert asked.terms.until is not None
    assert asked.terms.until - asked.terms.deadline == 6 * 3_600_000


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"deadline": "soon"}, "At latest: "),
        ({"until": "25:00"}, "Until: "),
        ({"until": "1h", "deadline": "2h"}, "Until: it would be over before it begins"),
        ({"reason": "x" * 501}, "The reason has 501 characters"),
    ],
)
def test_terms_that_make_no_sense_come_back_to_be_mended(
    client: FlaskClient, store: Store, workers: list[Pretended], fields: dict[str, str], says: str
) -> None:
    page = act(client, "asleep-lazy", workers[2], **fields)
    assert page.status_code == 400
    assert says in page.text
    assert 'aria-invalid="true"' in page.text
    assert pending(store, workers[2]) == [None]


def test_what_does_not_go_with_the_action_is_not_looked_at(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    act(client, "restart", workers[2], deadline="nonsense", until="nonsense")
    assert pending(store, workers[2]) == [Request(Status.RESTART)]


def test_a_setting_has_an_action_need_a_reason(store: Store, workers: list[Pretended]) -> None:
    store.settings = replace(store.settings, reason_required=("shutdown",))
    client = create_app(store).test_client()
    page = act(client, "shutdown-lazy", workers[2])
    assert page.status_code == 400
    assert "Shut Down needs a reason" in page.text
    assert "asked of 1 worker" in act(client, "shutdown-lazy", workers[2], reason="power cut").text
    assert "asked of 1 worker" in act(client, "restart-lazy", workers[1]).text


# -- undo


def test_what_aborts_a_task_can_be_undone_and_what_does_not_is_done_at_once(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    page = decide(client, act(client, "restart", *workers[:3]), "apply")
    assert page.text.count(">Undo</button>") == 3  # two rows, and the toast
    assert "Nothing is aborted yet" in page.text
    assert pending(store, *workers[:3]) == [LAZY, LAZY, Request(Status.RESTART)]
    undone = client.post("/workers/undo", data={"follow": page.request.args["follow"]}, follow_redirects=True)
    assert "Restart is withdrawn" in undone.text
    assert pending(store, *workers[:2]) == [None, None]
    assert [task.status for task in store.tasks(store.jobs()[0].id)] == [TaskStatus.ACTIVE] * 2


def test_it_is_done_when_nobody_undoes_it(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    decide(client, act(client, "shutdown", workers[0]), "apply")
    held = store.worker(workers[0].id).request
    assert held is not None
    assert held.terms.deadline is not None
    store.database.clock = lambda: held.terms.deadline or 0
    requests.come_due(store)
    assert pending(store, workers[0]) == [Request(Status.OFFLINE)]
    text = client.get("/workers").text
    assert ">Undo</button>" not in text
    assert "shut down now" in text


def test_a_setting_turns_undo_off(store: Store, workers: list[Pretended]) -> None:
    store.settings = replace(store.settings, undo=0)
    client = create_app(store).test_client()
    page = decide(client, act(client, "restart", workers[0]), "apply")
    assert "Undo</button>" not in page.text
    assert pending(store, workers[0]) == [Request(Status.RESTART)]


def test_a_click_that_is_not_known_cannot_be_undone(client: FlaskClient, workers: list[Pretended]) -> None:
    for follow in ("", "1-2-3", "999999-999999"):
        assert client.post("/workers/undo", data={"follow": follow}).status_code == 400


def test_now_instead_is_shown_first(client: FlaskClient, store: Store, workers: list[Pretended]) -> None:
    ask(store, Status.RESTART, workers[0], lazy=True)
    assert "Now instead of" in client.get("/workers").text
    page = client.post("/workers/hurry", data={"worker": workers[0].id}, follow_redirects=True)
    assert "Restart 1 worker now?" in page.text
    assert pending(store, workers[0]) == [LAZY]
    decide(client, page, "apply")
    found = store.worker(workers[0].id).request
    assert found is not None
    assert found.terms.held


# -- a few at a time


def test_a_few_at_a_time_begins_a_rolling_action_with_those_who_can(
    client: FlaskClient, store: Store, workers: list[Pretended]
) -> None:
    plan = act(client, "restart", *workers)
    page = decide(client, plan, "roll", at_once="50 %", gentle="yes", canary="yes")
    assert page.request.path.startswith("/rollouts/")
    [made] = rollouts.every(store)
    assert (made.rollout.wish, made.rollout.at_once, made.rollout.canary) == (LAZY, 1, True)
    assert sum(made.stages.values()) == 3
    assert "1 at once; one goes before all others" in page.text
    assert decide(client, plan, "roll", at_once="many").status_code == 400
    paused = client.post(page.request.path, data={"do": "pause"}, follow_redirects=True)
    assert "The rolling action is paused." in paused.text
    assert "Go on</button>" in paused.text
    assert client.post(page.request.path, data={"do": "jump"}).status_code == 400
    assert "Restart after task, 3 workers" in client.get("/rollouts").text


# -- a script


def test_a_script_is_told_where_to_go(client: FlaskClient, workers: list[Pretended]) -> None:
    form = {"action": "restart", "worker": [worker.id for worker in workers], "back": "/workers"}
    answer = client.post("/workers/act", data=form, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert answer.get_json()["to"].startswith("/workers/plan/")
