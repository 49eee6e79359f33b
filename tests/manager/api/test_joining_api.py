"""Who is let in, as programs see it; what a worker may touch, call by call."""

import pytest
from callers import SECRET, Caller, WorkerCaller, awake, register
from stores import DIALECTS, opened

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining

JOINING, ENROLMENTS = "/api/farmhand/joining", "/api/farmhand/enrolments"
REGISTRATION = {"name": "n", "secret": SECRET, "platform": "linux", "supported_task_types": ["misc"]}
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return request.param


@pytest.fixture
def guarded(dialect, tmp_path):
    """A farm that workers get in to by approval."""
    settings = Settings(without_login=True, registration=Joining.APPROVAL)
    with opened(dialect, tmp_path / "guarded", settings=settings) as store:
        yield Caller(create_app(store).test_client())


@pytest.fixture
def closed(tmp_path):
    """A farm that workers get in to with a code alone."""
    settings = Settings(without_login=True, registration=Joining.CODE)
    with opened("sqlite", tmp_path / "closed", settings=settings) as store:
        yield Caller(create_app(store).test_client())


# -- by approval


def test_a_worker_that_waits_is_told_to_sleep_and_learns_nothing(guarded):
    guarded.submit()
    worker = register(guarded)
    answer = worker.sign_on().json
    assert (answer["status_requested"], answer["waiting"]) == ("asleep", True)
    worker.post("state-changed", {"status": "asleep"})
    assert worker.get("state").status_code == 204
    fetched = worker.post("task")
    assert (fetched.status_code, fetched.json) == (423, {"status_requested": "asleep"})
    job = guarded.get("/api/v3/jobs").json["jobs"][0]
    task = guarded.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    assert worker.post(f"task/{task}", {"log": "hello", "taskStatus": "completed"}).status_code == 409
    assert worker.post(f"task/{task}/output-produced", data=PNG, content_type="image/png").status_code == 409
    assert worker.get(f"task/{task}/may-i-run").json["mayKeepRunning"] is False


def test_it_is_awake_once_somebody_lets_it_in(guarded):
    worker = register(guarded)
    worker.sign_on()
    worker.post("state-changed", {"status": "asleep"})
    said = guarded.get(JOINING).json
    assert said["registration"] == "approval"
    assert [(each["kind"], each["name"], each["ip_address"]) for each in said["waiting"]] == [
        ("worker", "cap-1", "127.0.0.1")
    ]
    assert guarded.post(f"{JOINING}/let-in", {"ids": [worker.id]}).json == {"names": ["cap-1"]}
    assert worker.get("state").json == {"status_requested": "awake"}
    worker.post("state-changed", {"status": "awake"})
    guarded.submit()
    assert worker.post("task").status_code == 200


def test_one_that_is_turned_away_is_refused_with_the_reason(guarded):
    worker = register(guarded)
    assert guarded.post(f"{JOINING}/turn-away", {"ids": [worker.id]}).json == {"names": ["cap-1"]}
    answer = worker.sign_on()
    assert answer.status_code == 403
    assert answer.json["message"].endswith("revoked these credentials: it was not let in")


def test_revoking_refuses_from_the_next_call_and_requeues(guarded):
    code = guarded.post(ENROLMENTS).json["code"]
    worker = register_with(guarded, code)
    worker.sign_on()
    worker.post("state-changed", {"status": "awake"})
    guarded.submit()
    task = worker.post("task").json["uuid"]
    assert guarded.post(f"{JOINING}/revoke", {"ids": [worker.id], "reason": "lost"}).json == {"names": ["cap-1"]}
    assert worker.post(f"task/{task}", {"log": "x"}).status_code == 403
    assert worker.get("state").json["message"].endswith(": lost")
    assert guarded.get(f"/api/v3/tasks/{task}").json["status"] == "queued"


# -- with a code


def register_with(caller, code, status=200):
    answer = caller.post(
        "/api/v3/worker/register-worker", REGISTRATION, headers={"X-Farmhand-Enrolment-Code": code} if code else {}
    )
    assert answer.status_code == status, answer.text
    return WorkerCaller(caller, answer.json["uuid"]) if status == 200 else answer


def test_without_a_code_a_flamenco_worker_gets_what_it_prints(closed):
    """It ends with the message of an answer of JSON that is not 200."""
    answer = register_with(closed, "", status=403)
    assert answer.json["code"] == 403
    assert "needs an enrolment code" in answer.json["message"]


def test_a_code_lets_in_once(closed):
    made = closed.post(ENROLMENTS, {"expires_in": 60}).json
    register_with(closed, made["code"])
    assert "was used already" in register_with(closed, made["code"], status=403).json["message"]
    (listed,) = closed.get(ENROLMENTS).json["enrolments"]
    assert (listed["used"], listed["open"], "code" in listed) == (1, False, False)


def test_a_code_that_is_revoked_lets_in_nobody(closed):
    made = closed.post(ENROLMENTS).json
    assert closed.call("DELETE", f"{ENROLMENTS}/{made['id']}").status_code == 204
    assert "was revoked" in register_with(closed, made["code"], status=403).json["message"]
    assert closed.call("DELETE", f"{ENROLMENTS}/{made['id']}").status_code == 409


def test_a_batch_of_nodes_gets_its_tags(closed):
    tag = closed.post("/api/v3/worker-mgt/tags", {"name": "gpu"}).json
    made = closed.post(ENROLMENTS, {"uses": 2, "tags": [tag["id"]]}).json
    for _ in range(2):
        worker = register_with(closed, made["code"])
        assert [each["name"] for each in closed.get(f"/api/v3/worker-mgt/workers/{worker.id}").json["tags"]] == ["gpu"]
    assert closed.post(ENROLMENTS, {"tags": [NOBODY]}).status_code == 404


# -- a worker can touch its own tasks only


# Of a task that is another worker's, that was taken back, of an older attempt, of nobody, of no task at all: what each
# call answers.
TOUCHES = """
                  another's  taken_back  older_attempt  nobody's  no_task
update            409        409         409            409       404
log               409        409         409            409       404
output-produced   409        409         202            409       404
may-i-run         no         no          yes            no        no
"""


def touches():
    header, *rows = (line.split() for line in TOUCHES.strip().splitlines())
    for call, *marks in rows:
        yield from ((call, whose, mark) for whose, mark in zip(header, marks, strict=True))


@pytest.fixture
def mine(caller):
    return awake(caller)


def give(caller, whose, mine):
    """Return the id of a task of the kind, which `mine` would like to touch."""
    if whose == "no_task":
        return NOBODY
    job = caller.submit()
    if whose == "nobody's":
        return caller.get(f"/api/v3/jobs/{job['id']}/tasks").json["tasks"][0]["id"]
    other = awake(caller) if whose == "another's" else mine
    task = other.post("task").json["uuid"]
    if whose in ("taken_back", "older_attempt"):
        assert caller.post(f"/api/v3/tasks/{task}/setstatus", {"status": "queued"}).status_code == 204
    if whose == "older_attempt":
        assert mine.post("task").json["attempt"] == 2
    return task


def touch(mine, call, task):
    if call == "may-i-run":
        return "yes" if mine.get(f"task/{task}/may-i-run").json["mayKeepRunning"] else "no"
    if call == "output-produced":
        return str(mine.post(f"task/{task}/output-produced", data=PNG, content_type="image/png").status_code)
    body = {"update": {"taskStatus": "completed", "attempt": 1}, "log": {"log": "not mine", "attempt": 1}}[call]
    return str(mine.post(f"task/{task}", body).status_code)


@pytest.mark.parametrize(("call", "whose", "answer"), list(touches()))
def test_a_worker_touches_its_own_tasks_only(caller, mine, call, whose, answer):
    task = give(caller, whose, mine)
    before = None if whose == "no_task" else caller.get(f"/api/v3/tasks/{task}").json
    assert touch(mine, call, task) == answer
    if answer in ("409", "no") and before is not None:
        after = caller.get(f"/api/v3/tasks/{task}").json
        assert {**before, "last_touched": None} == {**after, "last_touched": None}


def test_the_table_above_has_every_call_about_a_task(caller):
    rules = {str(rule) for rule in caller.client.application.url_map.iter_rules()}
    of_tasks = {rule.rpartition("/")[2] for rule in rules if rule.startswith("/api/v3/worker/task/")}
    assert of_tasks == {"<task_id>", "may-i-run", "output-produced"}
    assert {call for call, _, _ in touches()} == {"update", "log", "may-i-run", "output-produced"}


# -- what a worker says of itself


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.exe",
    "\x1b[31mred",
    "a\nb",
    "a\0b",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "a" * 10_000,
    "CON",
    "a/b\\c",
    "%s%n",
)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_is_text_and_nothing_else(caller, store, name):
    before = sorted(path for path in store.files.root.parent.rglob("*"))
    answer = caller.post("/api/v3/worker/register-worker", {**REGISTRATION, "name": name})
    assert answer.status_code in (200, 400)
    assert sorted(path for path in store.files.root.parent.rglob("*")) == before
    page = caller.client.get("/workers")
    assert page.status_code == 200
    if answer.status_code == 200 and "<" in name:
        assert name not in page.text
