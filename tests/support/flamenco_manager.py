"""A scripted manager on loopback that speaks the worker's side of the Flamenco API, with the real one's answers.

It hands out the tasks that a test puts into it, keeps what workers say, and fails in the way it is told to. Its
statuses, its shapes of errors and what it forgets or keeps are those of a Flamenco Manager 3.9, down to its surprises:
after a sign-off what the worker was is pending for the next start, a task that is queued again keeps its worker, whose
late reports it takes, and a lost worker that asks for its status hears nothing. With `push` it has a Farmhand manager's
bell as well.
"""

import json
import threading
import time
import uuid
from base64 import b64decode
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

API = "/api/v3/worker"
BELL = "/api/farmhand/push"
LARGEST_PICTURE = 25 * 1024 * 1024

STATUSES = ("starting", "awake", "asleep", "error", "testing", "offline", "restart")
TASK_STATUSES = ("active", "canceled", "completed", "failed", "queued", "soft-failed", "paused")
# Path -> key -> (type or choices, required).
BODIES = {
    "register-worker": {key: (kind, True) for key, kind in
                        {"name": str, "secret": str, "platform": str, "supported_task_types": list}.items()},
    "sign-on": {"name": (str, True), "supported_task_types": (list, True), "software_version": (str, True),
                "can_restart": (bool, False)},
    "state-changed": {"status": (STATUSES, True)},
    "update": {"taskStatus": (TASK_STATUSES, False), "activity": (str, False), "log": (str, False),
               "steps_completed": (int, False)},
}  # fmt: skip


@dataclass(frozen=True)
class Raw:
    """Bytes that are an answer, or what there is of one; the connection breaks after them."""

    data: bytes = b""


def page(status, media_type="text/html", body="<h1>Hello</h1>"):
    """Return what somebody says who is no manager, such as a proxy."""
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return Raw(f"{head}\r\n{body}".encode())


CUT = Raw()
HALF = Raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"status_requ')
NO_HTTP = Raw(b"\x16\x03\x01 220 mail ready\r\n")


def refused(code, message):
    """Answer as one of its handlers does."""
    return code, {"code": code, "message": message}


def unfit(message):
    """Answer as what checks requests before any handler does: without a code."""
    return 400, {"message": message}


class Manager:
    """One farm with any number of workers. Tests change its fields while it serves; `port` stays over `down`."""

    def __init__(self, *, push=False):
        self.push = push
        self.start = "awake"  # the status that a worker is given at sign-on if nothing was asked of it
        self.workers = {}  # id -> name, secret, status, request (status, lazy), signed on how often
        self.tasks = {}  # id -> task as handed out, with "worker", "log", "activity", "updates", "failed_by"
        self.calls = []  # (seconds, method, path, body)
        # Start of a path, or method and path -> HTTP status, or Raw, or a function of the body that returns one.
        self.fail = {}
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
            "job_priority": 50, "job_type": "test", "task_type": "misc", "steps_completed": 0,
            "steps_total": sum(more[0] if more else 1 for _, _, *more in commands),
            "commands": [
                {"name": command, "parameters": parameters, "total_step_count": more[0] if more else 0}
                for command, parameters, *more in commands
            ],
        }  # fmt: skip
        with self.changed:
            own = {"worker": None, "log": "", "activity": "", "updates": [], "failed_by": set()}
            self.tasks[task["uuid"]] = {**task, **own}
            self.ring()
        return task["uuid"]

    def ask(self, status, *, lazy=False, worker=None):
        """Ask a worker, the only one unless it is named, for a status."""
        with self.changed:
            self.worker(worker)["request"] = (status, lazy)
            self.ring()

    def lose(self, worker=None):
        """Do what the timeout of a silent worker does."""
        with self.changed:
            lost = self.worker(worker)
            lost |= {"status": "error", "request": None}
            self._requeue(lost, "worker timed out")

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
                last = "\n".join(
                    f"{at:.2f} {method} {path} {body!r:.200}" for at, method, path, body in self.calls[-12:]
                )
                raise AssertionError(f"not within {seconds} s; the last calls:\n{last}")
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
                if isinstance(status, Raw):
                    return status, None
                if status:
                    return status, {"message": "told to fail"} if 400 <= status < 500 else None
        return None

    def _route(self, method, path, headers, body):
        if path == f"{API}/register-worker":
            return _misfit("register-worker", body) or self._register(body)
        worker = self._who(headers)
        if worker is None:
            return 403, {"message": "security requirements failed: authorization failed: no such worker known"}
        worker["last_seen"] = time.monotonic()
        if path.startswith(BELL):
            return self._listen(int(path.rpartition("=")[2]))
        match (method, *path.removeprefix(API).strip("/").split("/")):
            case "POST", "sign-on":
                return _misfit("sign-on", body) or self._sign_on(worker, body)
            case "POST", "sign-off":
                return self._sign_off(worker)
            case "POST", "state-changed":
                return _misfit("state-changed", body) or self._state_changed(worker, body["status"])
            case "GET", "state":
                return (200, {"status_requested": worker["request"][0]}) if worker["request"] else (204, None)
            case "POST", "task":
                return self._hand_out(worker)
            case (_, "task", id, *_) if not _is_uuid(id):
                return unfit(f"invalid format for parameter task_id: {id}")
            case "GET", "task", id, "may-i-run":
                return 200, self._may_run(worker, id)
            case "POST", "task", id, "output-produced":
                return self._picture(worker, id, headers, body)
            case "POST", "task", id:
                return _misfit("update", body) or self._update(worker, id, body)
        return 404, {"message": "Not Found"}

    def _register(self, body):
        id = str(uuid.uuid4())
        self.workers[id] = {**body, "id": id, "status": "", "request": None, "sign_ons": 0, "last_seen": None}
        said = {key: body[key] for key in ("name", "platform", "supported_task_types")}
        return 200, {**said, "uuid": id, "address": "127.0.0.1", "status": "", "software": ""}

    def _sign_on(self, worker, body):
        types = [name.strip().lower() for name in body["supported_task_types"]]
        worker |= {"name": body["name"], "supported_task_types": types, "can_restart": body.get("can_restart", False)}
        worker |= {"status": "starting", "sign_ons": worker["sign_ons"] + 1}
        wish = worker["request"][0] if worker["request"] else self.start
        return 200, {"status_requested": wish} | ({"push": BELL} if self.push else {})

    def _sign_off(self, worker):
        was, worker["status"] = worker["status"], "offline"
        if worker["request"] and worker["request"][0] in ("offline", "restart"):
            worker["request"] = None
        if worker["request"] is None and was in ("awake", "asleep"):
            worker["request"] = (was, False)
        self._requeue(worker, "worker signed off")
        return 204, None

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
            self._requeue(worker, f"worker {worker['name']} ({worker['id']}) changed status to '{status}'")
        return 204, None

    def _hand_out(self, worker):
        if worker["request"]:
            return 423, {"status_requested": worker["request"][0]}
        if worker["status"] != "awake":
            state = worker["status"]
            return refused(409, f'worker is in state "{state}", requires state "awake" to execute tasks')
        own = [task for task in self.tasks.values() if task["status"] == "active" and task["worker"] == worker["id"]]
        for task in own or [task for task in self.tasks.values() if _is_ready(task, worker)]:
            task |= {"status": "active", "worker": worker["id"]}
            ours = ("worker", "log", "activity", "updates", "failed_by")
            return 200, {key: task[key] for key in task if key not in ours}
        return 204, None

    def _may_run(self, worker, id):
        task = self.tasks.get(id)
        if worker["request"] and not worker["request"][1]:
            return {"mayKeepRunning": False, "reason": "worker status change requested", "statusChangeRequested": True}
        mine = task is not None and task["worker"] == worker["id"] and task["status"] == "active"
        reason = "" if mine else "task is not yours to run"
        return {"mayKeepRunning": mine, "reason": reason, "statusChangeRequested": False}

    def _update(self, worker, id, update):
        task = self.tasks.get(id)
        if task is None:
            return refused(404, "no such task")
        if task["worker"] != worker["id"]:
            return refused(409, "task is not assigned to this worker")
        if update.get("taskStatus") == "soft-failed":
            return refused(400, "a worker cannot soft-fail a task")
        task["updates"].append(update)
        task["activity"] = update.get("activity", task["activity"])
        task["log"] += update.get("log", "")
        task["steps_completed"] = min(update.get("steps_completed", task["steps_completed"]), task["steps_total"])
        task["status"] = update.get("taskStatus", task["status"])
        if task["status"] == "failed":
            task["failed_by"].add(worker["id"])
            task["status"] = "soft-failed" if self.workers.keys() - task["failed_by"] else "failed"
        return 204, None

    def _picture(self, worker, id, headers, body):
        if headers["Content-Type"] not in ("image/jpeg", "image/png") or not body:
            return unfit("request body has an error")
        if len(body) > LARGEST_PICTURE:
            return refused(413, "the image is too large")
        if id not in self.tasks:
            return refused(404, "no such task")
        self.pictures.append((id, headers["Content-Type"], body))
        return 202, None

    def _requeue(self, worker, why):
        for task in self.tasks.values():
            if task["status"] == "active" and task["worker"] == worker["id"]:
                activity = f"Task was queued by Manager because {why}"
                task |= {"status": "queued", "steps_completed": 0, "activity": activity}


def _is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _is_ready(task, worker):
    return task["status"] in ("queued", "soft-failed") and worker["id"] not in task["failed_by"]


def _misfit(name, body):
    """Return the answer to a body that is not as its description says, None for one that is."""
    if not isinstance(body, dict):
        return unfit("request body has an error: failed to decode request body")
    for key, (kind, required) in BODIES[name].items():
        if key not in body:
            if required:
                return unfit(f'request body has an error: Error at "/{key}": property "{key}" is missing')
        elif body[key] not in kind if isinstance(kind, tuple) else not isinstance(body[key], kind):
            return unfit(f'request body has an error: Error at "/{key}": value is not one of the allowed values')
    return None


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
        if isinstance(status, Raw):
            self.wfile.write(status.data)
            self.close_connection = True
            return
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
