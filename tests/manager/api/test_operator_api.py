"""What operators' programs call: Flamenco's operator API, and our own calls for many workers."""

import pytest
from callers import awake, register

from farmhand.units import recipe
from farmhand.units.carried import digest

NOBODY = "00000000-0000-0000-0000-000000000000"
ACTIONS = "/api/farmhand/workers/actions"
WITHDRAW = "/api/farmhand/workers/withdraw"


def setstatus(caller, worker, status="asleep", *, lazy=False):
    return caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/setstatus", {"status": status, "is_lazy": lazy})


def shown(caller, worker):
    return caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json


# -- workers


def test_workers_are_listed_as_flamenco_does(caller):
    worker = awake(caller)
    [found] = caller.get("/api/v3/worker-mgt/workers").json["workers"]
    assert found.pop("last_seen").endswith("Z")
    assert found.pop("restart")["state"] == "claimed"
    assert found == {"id": worker.id, "name": "cap-1", "status": "awake", "version": "3.9", "can_restart": True}
    setstatus(caller, worker, lazy=True)
    [found] = caller.get("/api/v3/worker-mgt/workers").json["workers"]
    assert found["status_change"] == {"status": "asleep", "is_lazy": True}


def test_one_worker_is_shown_with_its_task(caller):
    worker = awake(caller)
    caller.submit()
    task = worker.post("task").json
    found = shown(caller, worker)
    assert found["task"]["id"] == task["uuid"]
    assert (found["ip_address"], found["platform"]) == ("127.0.0.1", "linux")


def test_one_worker_is_shown_with_what_became_of_its_definition(caller):
    worker = awake(caller)
    assert shown(caller, worker)["unit"]["state"] == "unknown"
    form = {"system": "systemd", "profile": "cpu", "name": "n", "manager": "http://farm/", "program": "/opt/worker"}
    made = recipe.make(recipe.read(form))
    unit = {
        "recipe": recipe.text_of(made.recipe),
        "files": {file.path: digest(file.text.encode()) for file in made.seen},
        "drop_ins": ["local.conf"],
    }
    said = {"name": "n", "software_version": "1", "supported_task_types": [], "unit": unit}
    assert worker.post("sign-on", said).status_code == 200
    found = shown(caller, worker)["unit"]
    assert found.pop("text").startswith("It runs under the definition")
    expected = {"state": "as-generated", "system": "systemd", "way": "native", "profile": "cpu"}
    assert found == {**expected, "drop_ins": ["local.conf"]}
    assert worker.sign_on().status_code == 200
    assert shown(caller, worker)["unit"]["state"] == "unknown"


def test_asking_for_the_present_status_withdraws(caller):
    worker = awake(caller)
    assert setstatus(caller, worker).status_code == 204
    assert setstatus(caller, worker, "awake").status_code == 204
    assert "status_change" not in shown(caller, worker)


def test_restarting_what_cannot_restart_is_412(caller):
    answer = setstatus(caller, awake(caller, can_restart=False), "restart")
    assert answer.status_code == 412
    assert "--restart-exit-code" in answer.json["message"]


def test_restarting_who_is_offline_is_409(caller):
    worker = awake(caller)
    worker.post("sign-off")
    answer = setstatus(caller, worker, "restart")
    assert (answer.status_code, answer.json["message"]) == (409, "cap-1 is offline: start it on its machine")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"is_lazy": True}, '"status" is missing'),
        ({"status": "asleep"}, '"is_lazy" is missing'),
        ({"status": "asleep", "is_lazy": "yes"}, '"is_lazy" must be true or false'),
        ({"status": "error", "is_lazy": True}, "must be one of asleep, awake, offline, restart"),
    ],
)
def test_a_bad_setstatus_changes_nothing(caller, body, message):
    worker = awake(caller)
    answer = caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/setstatus", body)
    assert answer.status_code == 400
    assert message in answer.json["message"]
    assert "status_change" not in shown(caller, worker)


@pytest.mark.parametrize(("id", "code"), [(NOBODY, 404), ("x", 400)])
def test_a_worker_that_is_not_there(caller, id, code):
    for method, path, body in [
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/setstatus", {"status": "asleep", "is_lazy": True}),
    ]:
        answer = caller.call(method, f"/api/v3/worker-mgt/workers/{id}{path}", body)
        assert answer.status_code == code
        assert answer.json.get("code") == (code if code == 404 else None)


# -- many workers at once


def test_one_call_asks_many_and_answers_for_each(caller):
    able, unable = awake(caller), awake(caller, can_restart=False)
    answer = caller.post(ACTIONS, {"workers": [able.id, unable.id, NOBODY], "action": "restart", "lazy": True})
    assert answer.status_code == 200
    assert (answer.json["accepted"], answer.json["refused"]) == (1, 2)
    first, second, third = answer.json["workers"]
    assert first == {
        "id": able.id,
        "name": "cap-1",
        "accepted": True,
        "changed": True,
        "text": "restarts before it takes another task",
        "request": first["request"],
    }
    assert "cannot restart" in second["text"]
    assert third["text"] == "is not known here"
    assert shown(caller, able)["status_change"] == {"status": "restart", "is_lazy": True}
    assert "status_change" not in shown(caller, unable)


def test_one_call_takes_back_many(caller):
    one, two = awake(caller), awake(caller)
    setstatus(caller, one)
    answer = caller.post(WITHDRAW, {"workers": [one.id, two.id]}).json
    assert [worker["changed"] for worker in answer["workers"]] == [True, False]
    assert "status_change" not in shown(caller, one)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"action": "sleep"}, '"workers" is missing'),
        ({"workers": [], "action": "sleep"}, '"workers" must not be empty'),
        ({"workers": ["GOOD", "x"], "action": "sleep"}, '"workers[1]" must be a UUID, and is "x"'),
        ({"workers": ["GOOD", 7], "action": "sleep"}, '"workers[1]" must be a string, and is 7'),
        ({"workers": ["GOOD"], "action": "nap"}, '"action" must be one of shutdown, restart, sleep, wake'),
        ({"workers": ["GOOD"], "action": "sleep", "lazy": 1}, '"lazy" must be true or false'),
    ],
)
def test_a_bad_action_is_applied_to_nobody(caller, body, message):
    worker = awake(caller)
    if "workers" in body:
        body = {**body, "workers": [worker.id if each == "GOOD" else each for each in body["workers"]]}
    answer = caller.post(ACTIONS, body)
    assert answer.status_code == 400
    assert message in answer.json["message"]
    assert "status_change" not in shown(caller, worker)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_other_sites_pages_may_not_act(caller, headers, code):
    worker = awake(caller)
    answer = caller.post(ACTIONS, {"workers": [worker.id], "action": "sleep"}, headers=headers)
    assert answer.status_code == code
    assert ("status_change" in shown(caller, worker)) == (code == 200)
    assert "json" in answer.content_type


def test_a_registered_worker_that_never_signed_on_is_offline(caller):
    assert shown(caller, register(caller))["status"] == "offline"
