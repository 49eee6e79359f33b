"""Plan, then apply, as programs call it."""

import pytest
from callers import awake

PLANS = "/api/farmhand/plans"


def plan(caller, **body):
    return caller.post(PLANS, {"action": "restart", **body})


def test_a_plan_says_what_it_would_cost(caller):
    worker = awake(caller)
    caller.submit()
    task = worker.post("task").json
    made = plan(caller, workers=[worker.id], reason="new driver").json
    [step] = made["workers"]
    assert (step["fate"], step["task"]["task_id"], step["task"]["abort"]) == ("asked", task["uuid"], "now")
    assert (made["reason"], made["totals"]["aborted"]) == ("new driver", 1)
    assert made["capacity"] == {"before": 1, "after": 1, "restarting": 1, "tags": []}
    applied = caller.post(f"{PLANS}/{made['token']}/apply")
    assert (applied.status_code, applied.json["accepted"]) == (200, 1)
    assert caller.post(f"{PLANS}/{made['token']}/apply").json == applied.json


def test_what_has_changed_is_told_with_a_new_plan(caller):
    worker = awake(caller)
    token = plan(caller, workers=[worker.id]).json["token"]
    caller.submit()
    worker.post("task")
    answer = caller.post(f"{PLANS}/{token}/apply")
    assert answer.status_code == 409
    assert [each["name"] for each in answer.json["changes"]] == ["cap-1"]
    assert answer.json["plan"]["token"] != token


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"text": "cap"}, True),
        ({"status": ["idle", "asleep"]}, True),
        ({"status": ["asleep"]}, False),
        ({"platform": ["linux"], "version": ["3.9"], "can_restart": True}, True),
        ({"platform": ["windows"]}, False),
        ({"can_restart": False}, False),
        ({"tag": ["gpu"]}, False),
    ],
)
def test_a_query_chooses_as_the_page_does(caller, query, found):
    awake(caller)
    answer = plan(caller, query=query)
    assert answer.status_code == (200 if found else 409)
    assert len(answer.json.get("workers", [])) == found


@pytest.mark.parametrize("body", [{}, {"workers": []}, {"query": {"colour": "red"}}, {"query": {"status": ["odd"]}}])
def test_a_selection_that_makes_no_sense_is_refused(caller, body):
    assert plan(caller, **body).status_code == 400


def test_an_unknown_plan_is_not_there(caller):
    assert caller.post(f"{PLANS}/00000000-0000-0000-0000-000000000000/apply").status_code == 404
