"""What a real Flamenco Worker was seen to send, sent again request by request; the answers have the real ones' shape.

A value "…" stands for any of its type; an answer may have fields more, which a Flamenco Worker takes no notice of.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.rules.tasks import Command
from farmhand.manager.storage.store import Store

SECRET = "e90f" * 15 + "6608"
TYPES = ["blender", "ffmpeg", "file-management", "misc"]
SCRIPT = {"exe": "/bin/sh", "args": ["-c", "echo line1; sleep 22; echo line2"]}
LOG = "going to run:\n\n    /bin/sh -c 'echo line1; sleep 22; echo line2'\n\npid=19506 > line1\npid=19506 > line2\n"
FAILED = "Failed: command exited abnormally with code 1"

ASSIGNED = {
    "commands": [{"name": "exec", "parameters": SCRIPT, "total_step_count": 0}],
    "job": "…",
    "job_priority": 50,
    "job_type": "lab-test",
    "name": "t-0",
    "priority": 50,
    "status": "active",
    "steps_completed": 0,
    "steps_total": 1,
    "task_type": "misc",
    "uuid": "…",
}
REGISTRATION = {"name": "cap-1", "platform": "linux", "secret": SECRET, "supported_task_types": TYPES}
REGISTERED = {
    "address": "127.0.0.1",
    "name": "cap-1",
    "platform": "linux",
    "software": "",
    "status": "",
    "supported_task_types": TYPES,
    "uuid": "…",
}
SIGN_ON = {
    "can_restart": True,
    "name": "cap-1",
    "software_version": "3.9-beta1 (cf286e71)",
    "supported_task_types": TYPES,
}
YES = {"mayKeepRunning": True, "reason": "", "statusChangeRequested": False}
NO = {"mayKeepRunning": False, "reason": "worker status change requested", "statusChangeRequested": True}


@dataclass
class RealWorker:
    """Speaks as Go's HTTP client does for a Flamenco Worker, over one connection that is kept."""

    url: str
    credentials: str = ":"
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send what was captured; return the status and the JSON, after checks that hold for each answer."""
        headers = {
            "User-Agent": "Flamenco/3.9-beta1 (cf286e71)",
            "Accept-Encoding": "gzip",
            "Authorization": f"Basic {base64.b64encode(self.credentials.encode()).decode()}",
            **({"Content-Type": "application/json"} if body is not None else {}),
            **({"Content-Length": "0"} if body is None and method == "POST" else {}),
        }
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v3/{path.format(**self.known)}", sent, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.headers["WWW-Authenticate"] is None
        assert answer.headers["Content-Encoding"] is None
        kind = answer.headers.get("Content-Type")
        assert kind is None and not content if answer.status == 204 else "json" in kind
        return answer.status, json.loads(content) if content else None

    def says(self, method: str, path: str, body: object, status: int, expected: object = None) -> Any:
        """Send what was captured, and expect what was answered."""
        given, said = self.call(method, f"worker/{path}", body)
        assert given == status, (path, body, said)
        assert like(said, expected), (path, said, expected)
        return said

    def operator(self, status: str) -> None:
        body = {"status": status, "is_lazy": False}
        assert self.call("POST", f"worker-mgt/workers/{self.known['worker']}/setstatus", body) == (204, None)


def like(said: Any, expected: Any) -> bool:
    """Say whether an answer is of the captured shape."""
    if isinstance(expected, Mapping):
        return isinstance(said, dict) and all(key in said and like(said[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(said, list) and len(said) == len(expected) and all(map(like, said, expected))
    return type(said) is str if expected == "…" else type(said) is type(expected) and said == expected


def submit(store: Store, name: str, command: Mapping[str, object]) -> None:
    tasks = (DraftTask(name, "misc", (Command("exec", command),)),)
    store.submit(Draft(name, "lab-test", 50, {}, {}, tasks), "test")


@pytest.fixture
def real(url: str) -> RealWorker:
    """Register, with the empty Basic header, and sign on."""
    worker = RealWorker(url)
    registered = worker.says("POST", "register-worker", REGISTRATION, 200, REGISTERED)
    worker.credentials = f"{registered['uuid']}:{SECRET}"
    worker.known["worker"] = registered["uuid"]
    worker.says("POST", "sign-on", SIGN_ON, 200, {"status_requested": "awake"})
    worker.says("POST", "state-changed", {"status": "awake"}, 204)
    return worker


def fetch(real: RealWorker, store: Store, command: Mapping[str, object] = SCRIPT) -> None:
    submit(store, "t-0", command)
    assigned = {**ASSIGNED, "commands": [{"name": "exec", "parameters": dict(command), "total_step_count": 0}]}
    real.known["task"] = real.says("POST", "task", None, 200, assigned)["uuid"]
    real.says("POST", "task/{task}", {"activity": "Started", "taskStatus": "active"}, 204)


def test_a_task_from_its_fetch_to_its_end(real: RealWorker, store: Store) -> None:
    fetch(real, store)
    for _ in range(2):
        real.says("GET", "task/{task}/may-i-run", None, 200, YES)
    real.says("POST", "task/{task}", {"log": LOG}, 204)
    real.says("POST", "task/{task}", {"activity": "Progress", "steps_completed": 1}, 204)
    real.says("POST", "task/{task}", {"activity": "Completed", "taskStatus": "completed"}, 204)
    for _ in range(2):
        real.says("POST", "task", None, 204)
    _, shown = real.call("GET", "tasks/{task}")
    assert (shown["status"], shown["steps_completed"], shown["activity"]) == ("completed", 1, "Completed")


def test_sent_to_sleep_while_idle_and_woken(real: RealWorker) -> None:
    real.operator("asleep")
    real.says("POST", "task", None, 423, {"status_requested": "asleep"})
    real.says("POST", "state-changed", {"status": "asleep"}, 204)
    for _ in range(3):
        real.says("GET", "state", None, 204)
    real.operator("awake")
    real.says("GET", "state", None, 200, {"status_requested": "awake"})
    real.says("POST", "state-changed", {"status": "awake"}, 204)


def test_a_task_that_the_only_worker_fails(real: RealWorker, store: Store) -> None:
    fetch(real, store, {"exe": "/bin/false", "args": []})
    real.says("POST", "task/{task}", {"activity": FAILED, "log": FAILED, "taskStatus": "failed"}, 204)
    _, shown = real.call("GET", "tasks/{task}")
    assert shown["status"] == "failed"
    assert real.call("GET", f"jobs/{shown['job_id']}")[1]["status"] == "failed"


def test_restarted_while_a_task_runs(real: RealWorker, store: Store) -> None:
    fetch(real, store)
    real.operator("restart")
    real.says("GET", "task/{task}/may-i-run", None, 200, NO)
    real.says("POST", "task", None, 423, {"status_requested": "restart"})
    real.says("POST", "sign-off", None, 204)
    _, shown = real.call("GET", "tasks/{task}")
    assert (shown["status"], shown["steps_completed"]) == ("queued", 0)
    assert "Task was queued by Manager because worker signed off" in shown["activity"]


@pytest.mark.parametrize("credentials", [":", "x:y", "00000000-0000-0000-0000-000000000000:z"])
def test_a_stranger(real: RealWorker, credentials: str) -> None:
    real.credentials = credentials
    status, said = real.call("POST", "worker/sign-on", SIGN_ON)
    assert (status, list(said)) == (403, ["message"])


def test_not_awake(real: RealWorker) -> None:
    real.says("POST", "state-changed", {"status": "asleep"}, 204)
    message = 'worker is in state "asleep", requires state "awake" to execute tasks'
    real.says("POST", "task", None, 409, {"code": 409, "message": message})


def test_a_restart_of_one_that_cannot(real: RealWorker) -> None:
    real.says("POST", "sign-on", {**SIGN_ON, "can_restart": False}, 200, {"status_requested": "awake"})
    body = {"status": "restart", "is_lazy": True}
    status, said = real.call("POST", "worker-mgt/workers/{worker}/setstatus", body)
    assert (status, said["code"]) == (412, 412)
