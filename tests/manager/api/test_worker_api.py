"""The Flamenco worker API, call by call."""

import pytest
from callers import WorkerCaller, awake, register

from farmhand.worker.wire import PUSH

NOBODY = "00000000-0000-0000-0000-000000000000"

REGISTRATION = {"name": "n", "secret": "s", "platform": "linux", "supported_task_types": ["misc"]}


def ask(caller, worker, status, *, lazy=False):
    body = {"status": status, "is_lazy": lazy}
    assert caller.post(f"/api/v3/worker-mgt/workers/{worker.id}/setstatus", body).status_code == 204


@pytest.fixture
def worker(caller):
    return awake(caller)


@pytest.fixture
def task(caller, worker):
    caller.submit()
    return worker.post("task").json


# -- registering


def test_registering_answers_what_flamenco_answers(caller):
    answer = caller.post("/api/v3/worker/register-worker", REGISTRATION)
    assert answer.status_code == 200
    assert answer.json.pop("uuid")
    assert {key: value for key, value in answer.json.items() if key != "uuid"} == {
        "name": "n",
        "address": "127.0.0.1",
        "status": "",
        "platform": "linux",
        "software": "",
        "supported_task_types": ["misc"],
    }


@pytest.mark.parametrize("missing", list(REGISTRATION))
def test_registering_without_a_field_says_which(caller, missing):
    body = {key: value for key, value in REGISTRATION.items() if key != missing}
    answer = caller.post("/api/v3/worker/register-worker", body)
    assert (answer.status_code, answer.json) == (400, {"message": f'"{missing}" is missing'})
    assert caller.get("/api/v3/worker-mgt/workers").json == {"workers": []}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 7}, '"name" must be a string, and is 7'),
        ({"name": " "}, '"name" must be one line of text'),
        ({"secret": ""}, '"secret" must not be empty'),
        ({"name": "n" * 256}, '"name" must have 255 characters at most, and has 256'),
        ({"name": "a\0b"}, 'without control characters, and is "a\\u0000b"'),
        ({"secret": "\ud800"}, "the body holds '\\ud800', which is half a character"),
        ({"supported_task_types": ["\ud800"]}, "the body holds '\\ud800', which is half a character"),
        ({"supported_task_types": "misc"}, '"supported_task_types" must be a list, and is "misc"'),
        ({"supported_task_types": [1]}, '"supported_task_types[0]" must be a string, and is 1'),
    ],
)
def test_a_field_of_the_wrong_type_is_named(caller, change, message):
    answer = caller.post("/api/v3/worker/register-worker", {**REGISTRATION, **change})
    assert answer.status_code == 400
    assert message in answer.json["message"]


@pytest.mark.parametrize(
    ("body", "type", "message"),
    [
        (b"", "application/json", "the body is missing"),
        (b"{", "application/json", "the body is not JSON"),
        (b"\xff\xfe", "application/json", "the body is not JSON"),
        (b'{"name": NaN}', "application/json", "the body is not JSON"),
        (b'{"name": 1e999}', "application/json", "the body is not JSON"),
        (b"[]", "application/json", "the body must be an object, and is []"),
        (b'"text"', "application/json", 'the body must be an object, and is "text"'),
        (b"{}", "text/plain", "Content-Type must be application/json, and is text/plain"),
        (b"{}", None, "Content-Type must be application/json, and is missing"),
    ],
)
def test_what_is_no_json_object_is_refused(caller, body, type, message):
    answer = caller.post("/api/v3/worker/register-worker", data=body, content_type=type)
    assert (answer.status_code, answer.json) == (400, {"message": message})


def test_a_bottomless_body_is_refused(caller):
    answer = caller.post("/api/v3/worker/register-worker", data=b"[" * 100_000, content_type="application/json")
    assert (answer.status_code, answer.json["message"]) == (400, "the body is nested too deeply")


def test_unknown_fields_are_let_through(caller):
    assert caller.post("/api/v3/worker/register-worker", {**REGISTRATION, "new": 1}).status_code == 200


# -- credentials


CALLS = [
    ("POST", "sign-on"),
    ("POST", "sign-off"),
    ("GET", "state"),
    ("POST", "state-changed"),
    ("POST", "task"),
    ("POST", f"task/{NOBODY}"),
    ("GET", f"task/{NOBODY}/may-i-run"),
    ("POST", f"task/{NOBODY}/output-produced"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("who", ["no credentials", "wrong secret", "unknown worker", "not an id", "removed worker"])
def test_wrong_credentials_get_403_and_json(caller, method, path, who):
    worker = awake(caller)
    strangers = {
        "wrong secret": WorkerCaller(caller, worker.id, "wrong"),
        "unknown worker": WorkerCaller(caller, NOBODY),
        "not an id": WorkerCaller(caller, "admin"),
        "removed worker": worker,
    }
    if who == "removed worker":
        assert caller.call("DELETE", f"/api/v3/worker-mgt/workers/{worker.id}").status_code == 204
    if who == "no credentials":
        answer = caller.call(method, f"/api/v3/worker/{path}")
    else:
        answer = strangers[who].call(method, path)
    assert answer.status_code == 403
    assert "WWW-Authenticate" not in answer.headers
    assert answer.json["message"]


# -- coming and going


def test_signing_on_says_what_to_become_and_where_to_wait(caller):
    assert register(caller).sign_on().json == {"status_requested": "awake", "push": PUSH}


def test_signing_on_overwrites_what_was_known(caller, worker):
    found = caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json
    assert (found["version"], found["can_restart"]) == ("3.9", True)
    assert found["supported_task_types"] == ["blender", "ffmpeg", "file-management", "misc"]


def test_a_worker_that_does_not_say_so_cannot_restart(caller):
    worker = register(caller)
    worker.post("sign-on", {"name": "n", "software_version": "1", "supported_task_types": []})
    assert caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json["can_restart"] is False


@pytest.mark.parametrize(
    "unit", ["text", 5, [], {}, {"recipe": "x"}, {"recipe": "x", "files": {"/x": "y" * 5000}, "drop_ins": None}]
)
def test_no_worker_is_refused_for_what_it_says_of_its_definition(caller, worker, unit):
    said = {"name": "n", "software_version": "1", "supported_task_types": [], "unit": unit}
    assert worker.post("sign-on", said).status_code == 200
    found = caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json["unit"]
    assert (found["state"], found["drop_ins"]) == ("unknown", [])


def test_a_status_that_does_not_exist_is_refused_with_those_that_do(worker):
    answer = worker.post("state-changed", {"status": "awoken"})
    assert answer.status_code == 400
    assert "must be one of starting, awake, asleep" in answer.json["message"]


def test_signing_off_needs_no_body(caller, worker):
    answer = worker.post("sign-off")
    assert (answer.status_code, answer.data) == (204, b"")
    assert caller.get(f"/api/v3/worker-mgt/workers/{worker.id}").json["status"] == "offline"


# -- what is asked


def test_nothing_asked_is_204(worker):
    assert worker.get("state").status_code == 204


def test_a_request_is_told_at_each_question_until_it_is_done(caller, worker):
    ask(caller, worker, "asleep")
    for _ in range(2):
        answer = worker.get("state")
        assert (answer.status_code, answer.json) == (200, {"status_requested": "asleep"})
        answer = worker.post("task")
        assert (answer.status_code, answer.json) == (423, {"status_requested": "asleep"})
    assert worker.post("state-changed", {"status": "asleep"}).status_code == 204
    assert worker.get("state").status_code == 204


def test_a_lazy_request_keeps_work_away_too(caller, worker):
    caller.submit()
    ask(caller, worker, "asleep", lazy=True)
    assert worker.post("task").status_code == 423


def test_a_worker_that_is_not_awake_gets_409_and_no_work(caller, worker):
    caller.submit()
    worker.post("state-changed", {"status": "asleep"})
    answer = worker.post("task")
    assert answer.status_code == 409
    assert 'worker is in state "asleep", requires state "awake"' in answer.json["message"]


# -- tasks


def test_no_work_is_204_without_a_body(worker):
    answer = worker.post("task")
    assert (answer.status_code, answer.data) == (204, b"")


def test_an_assigned_task_has_all_of_its_fields(caller, worker):
    job = caller.submit(message="hello", sleep_duration_seconds=3)
    task = worker.post("task").json
    assert task.pop("uuid")
    assert task == {
        "job": job["id"],
        "name": "echo",
        "status": "active",
        "priority": 50,
        "job_priority": 50,
        "job_type": "echo-sleep-test",
        "task_type": "misc",
        "commands": [{"name": "echo", "parameters": {"message": "hello"}, "total_step_count": 0}],
        "steps_completed": 0,
        "steps_total": 1,
        "attempt": 1,
    }


def test_fetching_again_gives_the_same_task(worker, task):
    assert worker.post("task").json["uuid"] == task["uuid"]


def test_a_task_from_start_to_end(caller, worker, task):
    updates = [
        {"activity": "Started", "taskStatus": "active"},
        {"log": "pid=1 > line\n"},
        {"activity": "Progress", "steps_completed": 1},
        {"activity": "Completed", "taskStatus": "completed"},
    ]
    for update in updates:
        answer = worker.post(f"task/{task['uuid']}", update)
        assert (answer.status_code, answer.data) == (204, b"")
    found = caller.get(f"/api/v3/tasks/{task['uuid']}").json
    assert (found["status"], found["steps_completed"], found["activity"]) == ("completed", 1, "Completed")
    assert "pid=1 > line\n" in caller.get(f"/api/v3/tasks/{task['uuid']}/logtail").text


@pytest.mark.parametrize(
    ("task_id", "update", "code"),
    [
        pytest.param(NOBODY, {"log": "x"}, 404, id="no such task"),
        pytest.param("not-an-id", {"log": "x"}, 400, id="no id at all"),
        pytest.param(None, {"taskStatus": "soft-failed"}, 400, id="a judgement that is not the worker's"),
        pytest.param(None, {"taskStatus": "done"}, 400, id="no such status"),
        pytest.param(None, {"steps_completed": "3"}, 400, id="no number"),
        pytest.param(None, {"steps_completed": True}, 400, id="a truth is no number"),
        pytest.param(None, {"steps_completed": -1}, 400, id="fewer than none"),
        pytest.param(None, {"steps_completed": 10**30}, 400, id="more than can be counted"),
        pytest.param(None, {"log": "\ud800"}, 400, id="half a character"),
        pytest.param(None, {"log": "late", "attempt": 0}, 409, id="an earlier attempt"),
        pytest.param(None, {}, 204, id="nothing"),
    ],
)
def test_which_updates_are_taken(caller, worker, task, task_id, update, code):
    answer = worker.post(f"task/{task_id or task['uuid']}", update)
    assert answer.status_code == code
    assert code == 204 or answer.json["message"]
    found = caller.get(f"/api/v3/tasks/{task['uuid']}").json
    assert (found["status"], found["steps_completed"]) == ("active", 0)


@pytest.mark.parametrize("status", ["completed", "failed", "canceled", "queued", "paused"])
def test_a_worker_lets_go_of_its_task_by_any_status_but_active(caller, worker, task, status):
    assert worker.post(f"task/{task['uuid']}", {"taskStatus": status}).status_code == 204
    assert caller.get(f"/api/v3/tasks/{task['uuid']}").json["status"] == status


def test_output_may_hold_what_no_database_does(caller, worker, task):
    update = {"activity": "a\0b", "log": "c\0d\n"}
    assert worker.post(f"task/{task['uuid']}", update).status_code == 204
    assert caller.get(f"/api/v3/tasks/{task['uuid']}").json["activity"] == "a\ufffdb"
    assert "c\0d\n" in caller.get(f"/api/v3/tasks/{task['uuid']}/logtail").text


def test_an_update_of_anothers_task_is_409(caller, task):
    answer = awake(caller).post(f"task/{task['uuid']}", {"log": "mine"})
    assert (answer.status_code, answer.json["code"]) == (409, 409)


def test_may_i_run(caller, worker, task):
    path = f"task/{task['uuid']}/may-i-run"
    assert worker.get(path).json == {"mayKeepRunning": True, "reason": "", "statusChangeRequested": False}
    ask(caller, worker, "offline", lazy=True)
    assert worker.get(path).json["mayKeepRunning"] is True
    ask(caller, worker, "offline")
    assert worker.get(path).json == {
        "mayKeepRunning": False,
        "reason": "worker status change requested",
        "statusChangeRequested": True,
    }


@pytest.mark.parametrize(("task_id", "code"), [(NOBODY, 200), ("x", 400)])
def test_an_unknown_task_may_not_run_and_an_id_must_be_one(worker, task_id, code):
    answer = worker.get(f"task/{task_id}/may-i-run")
    assert answer.status_code == code
    assert not answer.json.get("mayKeepRunning")


# -- pictures


@pytest.mark.parametrize(
    ("body", "type", "code"),
    [
        pytest.param(b"\x89PNG\r\n\x1a\n", "image/png", 202, id="a PNG"),
        pytest.param(b"\xff\xd8\xff", "image/jpeg", 202, id="a JPEG"),
        pytest.param(b"\xff\xd8\xff", "image/png", 415, id="another kind than is said"),
        pytest.param(b"II*\0", "image/tiff", 400, id="a kind that is not taken"),
        pytest.param(b"", "image/png", 400, id="nothing"),
        pytest.param(b"x" * (25 * 1024 * 1024 + 1), "image/png", 413, id="too much"),
    ],
)
def test_pictures(worker, task, store, body, type, code):
    path, length = f"task/{task['uuid']}/output-produced", {"CONTENT_LENGTH": str(len(body))}
    answer = worker.post(path, data=body, content_type=type, environ_overrides=length)
    assert answer.status_code == code
    path = store.picture_path(store.task(task["uuid"]))
    assert (path is not None) == (code == 202)
    assert code == 202 or answer.json["message"]


def test_a_picture_of_unknown_length_is_411(worker, task):
    headers = {"Content-Type": "image/png", "Transfer-Encoding": "chunked"}
    answer = worker.call("POST", f"task/{task['uuid']}/output-produced", headers=headers)
    assert answer.status_code == 411


# -- paths


def test_an_unknown_path_is_404_and_json(caller):
    answer = caller.get("/api/v3/nothing/here")
    assert (answer.status_code, answer.json) == (404, {"message": "Not Found"})


def test_another_method_is_405_and_json(caller):
    answer = caller.get("/api/v3/worker/sign-on")
    assert (answer.status_code, answer.json) == (405, {"message": "Method Not Allowed"})


def test_a_failure_of_the_manager_is_500_and_json(caller):
    caller.client.application.view_functions["meta_api.show_version"] = lambda: 1 // 0
    answer = caller.client.get("/api/v3/version")
    assert (answer.status_code, list(answer.json)) == (500, ["message"])


def test_json_says_that_it_is(caller, worker):
    ask(caller, worker, "asleep")
    for answer in (worker.get("state"), worker.post("task"), worker.sign_on()):
        assert "json" in answer.content_type
