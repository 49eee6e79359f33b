"""Workers' calls take the short way, whatever else takes the long one, and nobody sees the difference."""

import base64
import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from pretended import SECRET, awake, job

from farmhand.manager.web.serving.quick import SMALL, is_small


def scope(path="/api/v3/worker/task", type="http", **headers):
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": type, "path": path, "headers": sent}


@pytest.mark.parametrize(
    ("asked", "small"),
    [
        pytest.param(scope(), True, id="without a body"),
        pytest.param(scope(content_length="10"), True, id="with a short one"),
        pytest.param(scope(content_length=str(SMALL + 1)), False, id="with a long one"),
        pytest.param(scope(transfer_encoding="chunked"), False, id="with one of unknown length"),
        pytest.param(scope(content_length="much"), False, id="with one of no length"),
        pytest.param(scope("/api/v3/jobs"), False, id="somebody else's"),
        pytest.param(scope(type="lifespan"), False, id="no request"),
    ],
)
def test_which_calls_are_small(asked, small):
    assert is_small(asked) is small


def call(url, worker, method, path, body=None, **headers):
    caller = HTTPConnection(urlsplit(url).netloc, timeout=10)
    credentials = base64.b64encode(f"{worker.id}:{SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json", **headers}
    caller.request(method, f"/api/v3/worker/{path}", body, headers, encode_chunked="Transfer-Encoding" in headers)
    answer = caller.getresponse()
    found = answer.status, answer.read(), answer.headers
    caller.close()
    return found


@pytest.mark.parametrize("length", [10, SMALL * 2])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_report_arrives_whole_by_either_way(store, url, length, chunked):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    code, content, headers = call(url, worker, "POST", "task")
    assert (code, headers["Cache-Control"], headers["X-Content-Type-Options"]) == (200, "no-store", "nosniff")
    task_id = json.loads(content)["uuid"]
    body = json.dumps({"log": "x" * length}).encode()
    more = {"Transfer-Encoding": "chunked"} if chunked else {}
    code, content, _ = call(url, worker, "POST", f"task/{task_id}", [body] if chunked else body, **more)
    assert (code, content) == (204, b"")
    assert ("x" * length) in store.log_path(store.task(task_id)).read_text()


def test_a_problem_is_told_the_same_way(store, url):
    worker = awake(store, "node-1")
    code, content, headers = call(url, worker, "POST", "state-changed", b"[]")
    assert (code, headers["Content-Type"]) == (400, "application/json")
    assert json.loads(content)["message"]
