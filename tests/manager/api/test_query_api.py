"""Looking: workers as the page filters them, and what became of a request."""

import pretended
import pytest
from callers import Caller, WorkerCaller, awake

from farmhand.manager.storage import requests
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status


@pytest.fixture
def worker(caller: Caller) -> WorkerCaller:
    return awake(caller)


def state(caller: Caller, worker: WorkerCaller, request: str) -> dict[str, object]:
    answer = caller.get(f"/api/farmhand/workers/{worker.id}/requests/{request}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json
    return found


def ask(store: Store, worker: WorkerCaller, status: Status, by: str = "kim") -> str:
    [answer] = requests.act(store, [worker.id], Request(status, lazy=True), by)
    assert answer.request_id is not None
    return answer.request_id


def test_workers_are_found_as_the_page_filters_them(caller: Caller, worker: WorkerCaller) -> None:
    tag = caller.post("/api/v3/worker-mgt/tags", {"name": "gpu"}).json
    caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/settags", {"tag_ids": [tag["id"]]})
    [found] = caller.get("/api/farmhand/workers?status=idle&status=working&tag=gpu&text=CAP&platform=linux").json[
        "workers"
    ]
    assert (found["id"], found["state"], found["doing"]) == (worker.id, "idle", "Between two tasks")
    assert [each["name"] for each in found["tags"]] == ["gpu"]
    for query in ("status=asleep", "tag=cpu", "platform=windows", "text=blade", "can_restart=false"):
        assert caller.get(f"/api/farmhand/workers?{query}").json == {"workers": [], "next": None}, query
    refused = caller.get("/api/farmhand/workers?status=happy")
    assert (refused.status_code, '"status[0]"' in refused.json["message"]) == (400, True)


def test_workers_come_a_page_at_a_time_whoever_joins_or_goes_meanwhile(caller: Caller, store: Store) -> None:
    farm = [pretended.awake(store, name) for name in ("Node-2", "node-1", "node-2", "node-3", "other")]
    here, names = "/api/farmhand/workers?limit=2&text=node&can_restart=true", list[list[str]]()
    while here:
        said = caller.get(here).json
        names.append([each["name"] for each in said["workers"]])
        here = said["next"]
        if len(names) == 1:
            pretended.awake(store, "node-0")
            last = next(it for it in farm if it.name == names[0][-1])
            store.delete_worker(last.id, "kim")
    assert [name.lower() for page in names for name in page] == ["node-1", "node-2", "node-2", "node-3"]
    assert len(names) == 2
    unknown = caller.get("/api/farmhand/workers?after=8c1a2f8e-3c09-4c5d-9d2e-000000000000")
    assert unknown.status_code == 404
    assert caller.get("/api/farmhand/workers?limit=0").status_code == 400


def test_a_request_is_followed_to_its_end(caller: Caller, worker: WorkerCaller, store: Store) -> None:
    request = ask(store, worker, Status.ASLEEP)
    said = state(caller, worker, request)
    assert {key: said[key] for key in ("state", "status", "is_lazy", "by")} == {
        "state": "pending",
        "status": "asleep",
        "is_lazy": True,
        "by": "kim",
    }
    worker.post("task")
    assert state(caller, worker, request)["state"] == "seen"
    worker.post("state-changed", {"status": "asleep"})
    assert state(caller, worker, request)["state"] == "done"


def test_a_request_that_is_not_done_says_who_ended_it(caller: Caller, worker: WorkerCaller, store: Store) -> None:
    first, second = ask(store, worker, Status.ASLEEP), ask(store, worker, Status.OFFLINE, "pat")
    store.withdraw([worker.id], "lee")
    assert [
        (said["state"], said["ended_by"]) for said in (state(caller, worker, each) for each in (first, second))
    ] == [
        ("replaced", "pat"),
        ("withdrawn", "lee"),
    ]


def test_a_request_that_was_never_made_is_not_found(caller: Caller, worker: WorkerCaller) -> None:
    assert caller.get(f"/api/farmhand/workers/{worker.id}/requests/{worker.id}").status_code == 404
