"""Rolling actions, as programs call them."""

import pytest
from callers import awake

from farmhand.manager.due import mind

ROLLOUTS = "/api/farmhand/rollouts"


def make(caller, **body):
    return caller.post(ROLLOUTS, {"action": "restart", **body})


def test_one_is_made_followed_and_canceled(caller, store):
    workers = [awake(caller) for _ in range(4)]
    answer = make(caller, query={"text": "cap"}, percent=50, reason="new driver", patience=60, watch=0)
    assert answer.status_code == 201
    said = answer.json
    assert (said["at_once"], said["state"], said["stages"]["waiting"]) == (2, "running", 4)
    mind(store)
    found = caller.get(f"{ROLLOUTS}/{said['id']}").json
    assert found["stages"]["asked"] == 1
    [asked] = [worker for worker in found["workers"] if worker["stage"] == "asked"]
    assert asked["asked_at"] >= found["made_at"]
    assert caller.post(f"{ROLLOUTS}/{said['id']}/pause").json["state"] == "paused"
    assert caller.post(f"{ROLLOUTS}/{said['id']}/cancel").json["why"] == "canceled by 127.0.0.1"
    assert caller.post(f"{ROLLOUTS}/{said['id']}/resume").status_code == 409
    [listed] = caller.get(ROLLOUTS).json["rollouts"]
    assert (listed["id"], listed["stages"]["skipped"]) == (said["id"], 3)
    assert len(workers) == len(found["workers"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "shutdown"}, "action: nobody comes back"),
        ({"deadline": 60}, "deadline: only what waits"),
        ({"at_once": 0}, "at_once"),
        ({"percent": 101}, "percent"),
        ({"patience": 0}, "patience"),
        ({"lazy": True, "deadline": 0}, "deadline"),
        ({"action": "dance"}, "action"),
    ],
)
def test_what_makes_no_sense_is_refused(caller, body, said):
    worker = awake(caller)
    answer = make(caller, workers=[worker.id], **body)
    assert answer.status_code == 400
    assert said in answer.json["message"]
    assert caller.get(ROLLOUTS).json["rollouts"] == []


def test_what_is_missing(caller):
    nobody = "00000000-0000-0000-0000-000000000000"
    assert caller.get(f"{ROLLOUTS}/{nobody}").status_code == 404
    assert caller.post(f"{ROLLOUTS}/{nobody}/pause").status_code == 404
    assert caller.post(f"{ROLLOUTS}/{nobody}/dance").status_code == 400
    assert make(caller, workers=[nobody]).status_code == 404
    assert make(caller, query={}).status_code == 409
