"""The Flamenco worker API: what workers call. The push, which waits, is in `push.py`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import API, ENROLMENT_HEADER, LARGEST_PICTURE, PUSH, Status, TaskStatus
from ...rules import agents, drift
from ...rules.workers import Announcement, Worker
from ...storage import calls, joining
from ...storage.calls import NotAwake, Registration, Report, StatusFirst, TooLate, TooMany, Work
from ...storage.pictures import TooLarge
from ..site import store
from .api import NO_CONTENT, Problem, Stranger, body

bp = Blueprint("worker_api", __name__, url_prefix=f"{API}/worker")

# How a file of each kind of picture begins.
BEGINNINGS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def authenticate() -> None:
    """Find out which worker calls; raises Stranger, which is 403, as in Flamenco."""
    said = request.authorization
    if said is None or said.type != "basic":
        raise Stranger("worker credentials are needed: HTTP Basic, user the worker's UUID")
    worker = store().authenticate(said.username or "", said.password or "")
    if worker is None:
        why = joining.farewell(store(), said.username or "", said.password or "")
        raise Stranger(why or "no worker has these credentials; it may have been removed")
    g.worker = worker


def by_worker(view: Callable[Concatenate[Worker, P], ResponseReturnValue]) -> View[P]:
    """Hand the calling worker to a view."""

    @wraps(view)
    def call(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        return view(g.worker, *args, **kwargs)

    return call


@bp.errorhandler(TooLarge)
def too_large(error: TooLarge) -> ResponseReturnValue:
    return jsonify(code=413, message=str(error)), 413


@bp.errorhandler(TooMany)
def too_many(error: TooMany) -> ResponseReturnValue:
    return jsonify(code=429, message=str(error)), 429


@bp.errorhandler(TooLate)
def too_late(error: TooLate) -> ResponseReturnValue:
    return jsonify(code=409, message=str(error)), 409


def _types(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted({name.strip().lower() for name in names} - {""}))


@bp.post("/register-worker")
def register() -> ResponseReturnValue:
    said = body()
    types = _types(said["supported_task_types"])
    address = request.remote_addr or ""
    code = request.headers.get(ENROLMENT_HEADER, "")
    registration = Registration(said["name"], said["secret"], said["platform"], types, address, code)
    worker_id = calls.register(store(), registration)
    return jsonify(
        uuid=worker_id,
        name=said["name"],
        address=address,
        status="",
        platform=said["platform"],
        software="",
        supported_task_types=list(types),
    )


@bp.post("/sign-on")
@by_worker
def sign_on(worker: Worker) -> ResponseReturnValue:
    said = body()
    announced = Announcement(
        name=said["name"],
        version=said["software_version"],
        task_types=_types(said["supported_task_types"]),
        can_restart=said.get("can_restart", False),
        address=request.remote_addr or "",
        unit=drift.keep(said.get("unit")),
        invocation=agents.kept_run(said.get("invocation")),
        restart_code=agents.kept_code(said.get("restart_code")),
    )
    waiting = {"waiting": True} if worker.waiting else {}
    return jsonify(status_requested=calls.sign_on(store(), worker.id, announced).value, push=PUSH, **waiting)


@bp.post("/sign-off")
@by_worker
def sign_off(worker: Worker) -> ResponseReturnValue:
    calls.sign_off(store(), worker.id)
    return NO_CONTENT


@bp.get("/state")
@by_worker
def state(worker: Worker) -> ResponseReturnValue:
    wanted = calls.wanted_status(store(), worker)
    return NO_CONTENT if wanted is None else jsonify(status_requested=wanted.value)


@bp.post("/state-changed")
@by_worker
def state_changed(worker: Worker) -> ResponseReturnValue:
    calls.report_status(store(), worker.id, Status(body()["status"]))
    return NO_CONTENT


@bp.post("/task")
@by_worker
def fetch(worker: Worker) -> ResponseReturnValue:
    match calls.fetch(store(), worker):
        case None:
            return NO_CONTENT
        case StatusFirst(status):
            return jsonify(status_requested=status.value), 423
        case NotAwake(reason):
            raise Problem(409, reason)
        case Work() as work:
            return _assigned(work)


def _assigned(work: Work) -> Response:
    """Write a task as Flamenco's AssignedTask. "attempt" is ours; a report may quote it."""
    task = work.task
    return jsonify(
        uuid=task.id,
        job=task.job_id,
        name=task.name,
        status=task.status.value,
        priority=task.priority,
        job_priority=task.job_priority,
        job_type=task.job_type,
        task_type=task.type,
        commands=[
            {"name": command.name, "parameters": dict(command.parameters), "total_step_count": command.steps}
            for command in work.commands
        ],
        steps_completed=task.steps_completed,
        steps_total=task.steps_total,
        attempt=task.attempt,
    )


@bp.post("/task/<task_id>")
@by_worker
def update(worker: Worker, task_id: str) -> ResponseReturnValue:
    said = body()
    status, activity = said.get("taskStatus"), said.get("activity")
    report = Report(
        status=None if status is None else TaskStatus(status),
        # What a program prints may hold it, and no database does.
        activity=None if activity is None else activity.replace("\0", "\ufffd"),
        log=said.get("log"),
        steps_completed=said.get("steps_completed"),
        attempt=said.get("attempt"),
        again=said.get("again", False),
    )
    calls.report_task(store(), worker, task_id, report)
    return NO_CONTENT


@bp.get("/task/<task_id>/may-i-run")
@by_worker
def may_i_run(worker: Worker, task_id: str) -> ResponseReturnValue:
    permission = calls.may_run(store(), worker, task_id)
    return jsonify(
        mayKeepRunning=permission.granted,
        reason=permission.reason,
        statusChangeRequested=permission.status_change,
    )


@bp.post("/task/<task_id>/output-produced")
@by_worker
def output_produced(worker: Worker, task_id: str) -> ResponseReturnValue:
    if request.content_length is None:
        raise Problem(411, "the picture's length must be told: Content-Length is missing")
    if request.content_length > LARGEST_PICTURE:
        raise Problem(413, f"the picture has {request.content_length} bytes; at most {LARGEST_PICTURE} are taken")
    content = request.get_data(cache=False)
    if not content.startswith(BEGINNINGS[request.mimetype]):
        raise Problem(415, f"this is no picture of the kind {request.mimetype}")
    calls.add_picture(store(), worker, task_id, content, request.mimetype)
    return "", 202
