"""Callers of the manager's API, as programs see it: JSON in, status and JSON out; each answer as documented."""

from dataclasses import dataclass
from typing import Any

import answers
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

SECRET = "e90f6608fe" * 6


@dataclass(frozen=True)
class Caller:
    """Somebody without credentials."""

    client: FlaskClient

    def call(self, method: str, path: str, body: object = None, **more: Any) -> TestResponse:
        if body is not None:
            more["json"] = body
        answer = self.client.open(path, method=method, **more)
        said = answer.json if answer.is_json else answer.data.decode(errors="replace")
        answers.check(method, path, answer.status_code, answer.mimetype, said)
        return answer

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.call("POST", path, body, **more)

    def submit(self, type: str = "echo-sleep-test", **settings: object) -> dict[str, Any]:
        """Submit a job and return it."""
        settings = settings or {"message": "hello"}
        answer = self.post("/api/v3/jobs", {"name": "a job", "type": type, "priority": 50, "settings": settings})
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json
        return job


@dataclass(frozen=True)
class WorkerCaller:
    """A worker, by the calls of the Flamenco API."""

    caller: Caller
    id: str
    secret: str = SECRET

    def call(self, method: str, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.caller.call(method, f"/api/v3/worker/{path}", body, auth=(self.id, self.secret), **more)

    def get(self, path: str) -> TestResponse:
        return self.call("GET", path)

    def post(self, path: str, body: object = None, **more: Any) -> TestResponse:
        return self.call("POST", path, body, **more)

    def sign_on(self, *, can_restart: bool = True) -> TestResponse:
        types = ["blender", "ffmpeg", "file-management", " MISC "]
        said = {"name": "cap-1", "software_version": "3.9", "supported_task_types": types, "can_restart": can_restart}
        return self.post("sign-on", said)


def register(caller: Caller, platform: str = "linux") -> WorkerCaller:
    """Register as the real worker does, which sends an empty Basic header along."""
    said = {"name": "cap-1", "platform": platform, "secret": SECRET, "supported_task_types": ["blender", "misc"]}
    answer = caller.post("/api/v3/worker/register-worker", said, headers={"Authorization": "Basic Og=="})
    assert answer.status_code == 200, answer.text
    return WorkerCaller(caller, answer.json["uuid"])


def awake(caller: Caller, *, can_restart: bool = True, platform: str = "linux") -> WorkerCaller:
    worker = register(caller, platform)
    assert worker.sign_on(can_restart=can_restart).status_code == 200
    assert worker.post("state-changed", {"status": "awake"}).status_code == 204
    return worker
