"""A scripted manager on loopback that speaks the worker's side of the Flamenco API, with the real one's answers.

It hands out the tasks that a test puts into it, keeps what workers say, and fails in the way it is told to.
"""

import json
import threading
import time
import uuid
from base64 import b64decode
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

API = "/api/v3/worker"
BELL = "/api/farmhand/push"


class Manager:
    """One farm with any number of workers. Tests change its fields while it serves; `port` stays over `down`."""

    def __init__(self, *, push=False):
        self.push = push
        self.start = "awake"  # the status that a worker is given at sign-on if nothing was asked of it
        self.workers = {}  # id -> name, secret, status, request (status, lazy), signed on how often
        self.tasks = {}  # id -> task as handed out, with "worker", "log", "activity", "updates"
        self.calls = []  # (seconds, method, path, body)
        self.fail = {}  # start of a path, or method and path -> HTTP status, or a function of the body that returns one
        self.pictures = []
        self.changed = threading.Condition(threading.RLock())
        self.seq = 0
        self.port = 0
        self.server = None
        self.up()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def up(self):
        handler = type("Handler", (_Handler,), {"manager": self})
        self.server = _Server(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Stop answering: connections are refused from now on, and those that are open break."""
        self.server.shutdown()
        self.server.server_close()
        self.server.break_connections()

    # What a test does

    def add_task(self, *commands, name="task"):
        """Queue a task made of (command name, parameters[, total steps]); return its id."""
        task = {
            "uuid": str(uuid.uuid4()), "job": str(uuid.uuid4()), "name": name, "status": "queued", "priority": 50,
            "job_priority": 50, "job_type": "test", "task_type": "misc", "steps_completed": 0, "steps_total": 1,
            "commands": [
                {"name": command, "parameters": parameters, "total_step_count": more[0] if more else 0}
                for command, parameters, *more in commands
            ],
        }  # fmt: skip
        with self.changed:
            self.tasks[task["uuid"]] = {**task, "worker": None, "log": "", "activity": "", "updates": []}
            self.ring()
        return task["uuid"]

    def ask(self, status, *, lazy=False, worker=None):
        """Ask a worker, the only one unless it is named, for a status."""
        with self.changed:
            self.worker(worker)["request"] = (status, lazy)
            self.ring()

    def ring(self):
        with self.changed:
            self.seq += 1
            self.changed.notify_all()

    def worker(self, name=None):
        found = [one for one in self.workers.values() if name in (None, one["name"])]
        assert len(found) == 1, f"{len(found)} workers"
        return found[0]

    def wait(self, condition, seconds=10):
        """Wait until a condition on this manager is true; return the seconds that it took."""
        started = time.monotonic()
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise AssertionError(f"not within {seconds} s; the last calls: {self.calls[-12:]}")
        return time.monotonic() - started

    def wait_status(self, status, seconds=10):
        return self.wait(lambda: len(self.workers) == 1 and self.worker()["status"] == status, seconds)

    def wait_task(self, task, status, seconds=10):
        return self.wait(lambda: self.tasks[task]["status"] == status, seconds)

    def paths(self, start=""):
        with self.changed:
            return [f"{method} {path}" for _, method, path, _ in self.calls if path.startswith(start)]

    # What a worker hears

    def answer(self, method, path, headers, body):
        """Return (HTTP status, JSON or None)."""
        with self.changed:
            self.calls.append((time.monotonic(), method, path, body))
            self.changed.notify_all()
            try:
                return self._failure(method, path, body) or self._route(method, path, headers, body)
            finally:
                self.changed.notify_all()

    def _failure(self, method, path, body):
        for start, failure in self.fail.items():
            if path.startswith(start) or f"{method} {path}".startswith(start):
                status = failure(body) if callable(failure) else failure
                if status:
                    return status, {"message": "told to fail"} if status == 403 else None
        return None

    def _route(self, method, path, headers, body):
        if path == f"{API}/register-worker":
            id = str(uuid.uuid4())
            self.workers[id] = {**body, "id": id, "status": "", "request": None, "sign_ons": 0}
            return 200, {"uuid": id, "name": body["name"], "status": ""}
        worker = self._who(headers)
        if worker is None:
            return 403, {"message": "security requirements failed: authorization failed: no such worker known"}
        if path.startswith(BELL):
            return self._listen(int(path.rpartition("=")[2]))
        match (method, *path.removeprefix(API).strip("/").split("/")):
            case "POST", "sign-on":
                worker |= {"status": "starting", "sign_ons": worker["sign_ons"] + 1, "can_restart": body["can_restart"]}
                wish = worker["request"][0] if worker["request"] else self.start
                return 200, {"status_requested": wish} | ({"push": BELL} if self.push else {})
            case "POST", "sign-off":
                worker["status"] = "offline"
                worker["request"] = None
                self._requeue(worker)
                return 204, None
            case "POST", "state-changed":
                return self._state_changed(worker, body["status"])
            case "GET", "state":
                return (200, {"status_requested": worker["request"][0]}) if worker["request"] else (204, None)
            case "POST", "task":
                return self._hand_out(worker)
            case "GET", "task", id, "may-i-run":
                return 200, self._may_run(worker, id)
            case "POST", "task", id, "output-produced":
                self.pictures.append((id, headers["Content-Type"], body))
                return 202, None
            case "POST", "task", id:
                return self._update(worker, id, body)
        return 404, {"message": "Not Found"}

    def _who(self, headers):
        try:
            id, _, secret = b64decode(headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
        except (AttributeError, TypeError):
            return None
        worker = self.workers.get(id)
        return worker if worker and worker["secret"] == secret else None

    def _listen(self, since):
        server = self.server
        self.changed.wait_for(lambda: self.seq > since or server is not self.server, 5)
        return (200, {"seq": self.seq}) if self.seq > since else (204, None)

    def _state_changed(self, worker, status):
        worker["status"] = status
        if worker["request"] and worker["request"][0] == status:
            worker["request"] = None
        if status != "awake":
            self._requeue(worker)
        return 204, None

    def _hand_out(self, worker):
        if worker["request"]:
            return 423, {"status_requested": worker["request"][0]}
        if worker["status"] != "awake":
            state = worker["status"]
            return 409, {"code": 409, "message": f'worker is in state "{state}", requires state "awake"'}
        own = [task for task in self.tasks.values() if task["status"] == "active" and task["worker"] == worker["id"]]
        for task in own or [task for task in self.tasks.values() if task["status"] == "queued"]:
            task |= {"status": "active", "worker": worker["id"]}
            return 200, {key: task[key] for key in task if key not in ("worker", "log", "activity", "updates")}
        return 204, None

    def _may_run(self, worker, id):
        task = self.tasks.get(id)
        if worker["request"] and not worker["request"][1]:
            return {"mayKeepRunning": False, "reason": "status change requested", "statusChangeRequested": True}
        mine = task is not None and task["worker"] == worker["id"] and task["status"] == "active"
        reason = "" if mine else "task is not yours to run"
        return {"mayKeepRunning": mine, "reason": reason, "statusChangeRequested": False}

    def _update(self, worker, id, update):
        task = self.tasks.get(id)
        if task is None:
            return 404, {"code": 404, "message": "no such task"}
        if task["worker"] != worker["id"]:
            return 409, {"code": 409, "message": "task not assigned to you"}
        task["updates"].append(update)
        task["log"] += update.get("log", "")
        task["activity"] = update.get("activity", task["activity"])
        task["steps_completed"] = update.get("steps_completed", task["steps_completed"])
        task["status"] = update.get("taskStatus", task["status"])
        return 204, None

    def _requeue(self, worker):
        for task in self.tasks.values():
            if task["status"] == "active" and task["worker"] == worker["id"]:
                task |= {"status": "queued", "worker": None}


@contextmanager
def manager(**options):
    """Serve for as long as the block lasts."""
    served = Manager(**options)
    try:
        yield served
    finally:
        served.down()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, *args):
        self.open = set()
        super().__init__(*args)

    def get_request(self):
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def break_connections(self):
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(2)

    def handle_error(self, request, client_address):
        """A connection that breaks is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out whole, not in pieces that wait for one another
    manager = None

    def do_POST(self):
        self._serve()

    def do_GET(self):
        self._serve()

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if body and "json" in (self.headers.get("Content-Type") or ""):
            body = json.loads(body)
        status, said = self.manager.answer(self.command, self.path, self.headers, body)
        data = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):
        pass
