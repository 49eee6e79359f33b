"""The Flamenco worker API: what workers call. The push, which waits, is in `push.py`."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ...worker.wire import API, LARGEST_PICTURE, PUSH, Status, TaskStatus
from ..rules import drift
from ..rules.workers import Announcement, Worker
from ..storage import calls
from ..storage.calls import NotAwake, Registration, Report, StatusFirst, TooLate, Work
from ..storage.files import PICTURES
from .api import NO_CONTENT, Field, Problem, checked_id, read_body
from .site import store

bp = Blueprint("worker_api", __name__, url_prefix=f"{API}/worker")

# The highest number that every reader of JSON takes whole.
_MOST = 2**53 - 1

_STATUSES = tuple(status.value for status in Status)
# A worker does not soft-fail: that is the manager's judgement of a failure.
_TASK_STATUSES = tuple(status.value for status in TaskStatus if status is not TaskStatus.SOFT_FAILED)

REGISTRATION = {
    "name": Field(str, required=True, is_name=True),
    "secret": Field(str, required=True),
    "platform": Field(str, required=True),
    "supported_task_types": Field(list, required=True),
}
SIGN_ON = {
    "name": Field(str, required=True, is_name=True),
    "supported_task_types": Field(list, required=True),
    "software_version": Field(str, required=True),
    "can_restart": Field(bool),
}
STATE_CHANGED = {"status": Field(str, required=True, choices=_STATUSES)}
TASK_UPDATE = {
    "taskStatus": Field(str, choices=_TASK_STATUSES),
    "activity": Field(str),
    "log": Field(str),
    "steps_completed": Field(int, low=0, high=_MOST),
    "attempt": Field(int, low=0, high=_MOST),
}

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def authenticated(view: Callable[Concatenate[Worker, P], ResponseReturnValue]) -> View[P]:
    """Hand the calling worker to a view; credentials that are missing or wrong get 403, as in Flamenco."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        said = request.authorization
        if said is None or said.type != "basic":
            raise Problem(403, "worker credentials are needed: HTTP Basic, user the worker's UUID")
        worker = store().authenticate(said.username or "", said.password or "")
        if worker is None:
            raise Problem(403, "no worker has these credentials; it may have been removed")
        return view(worker, *args, **kwargs)

    return checked


@bp.errorhandler(TooLate)
def too_late(error: TooLate) -> ResponseReturnValue:
    return jsonify(code=409, message=str(error)), 409


def _types(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted({name.strip().lower() for name in names} - {""}))


@bp.post("/register-worker")
def register() -> ResponseReturnValue:
    body = read_body(REGISTRATION)
    types = _types(body["supported_task_types"])
    address = request.remote_addr or ""
    worker_id = calls.register(store(), Registration(body["name"], body["secret"], body["platform"], types, address))
    return jsonify(
        uuid=worker_id,
        name=body["name"],
        address=address,
        status="",
        platform=body["platform"],
        software="",
        supported_task_types=list(types),
    )


@bp.post("/sign-on")
@authenticated
def sign_on(worker: Worker) -> ResponseReturnValue:
    body = read_body(SIGN_ON)
    said = Announcement(
        name=body["name"],
        version=body["software_version"],
        task_types=_types(body["supported_task_types"]),
        can_restart=bool(body.get("can_restart")),
        address=request.remote_addr or "",
        unit=drift.keep(body.get("unit")),
    )
    return jsonify(status_requested=calls.sign_on(store(), worker.id, said).value, push=PUSH)


@bp.post("/sign-off")
@authenticated
def sign_off(worker: Worker) -> ResponseReturnValue:
    calls.sign_off(store(), worker.id)
    return NO_CONTENT


@bp.get("/state")
@authenticated
def state(worker: Worker) -> ResponseReturnValue:
    wanted = calls.wanted_status(store(), worker.id)
    return NO_CONTENT if wanted is None else jsonify(status_requested=wanted.value)


@bp.post("/state-changed")
@authenticated
def state_changed(worker: Worker) -> ResponseReturnValue:
    calls.report_status(store(), worker.id, Status(read_body(STATE_CHANGED)["status"]))
    return NO_CONTENT


@bp.post("/task")
@authenticated
def fetch(worker: Worker) -> ResponseReturnValue:
    match calls.fetch(store(), worker.id):
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
@authenticated
def update(worker: Worker, task_id: str) -> ResponseReturnValue:
    body = read_body(TASK_UPDATE)
    status = body.get("taskStatus")
    said = Report(
        status=None if status is None else TaskStatus(status),
        activity=body.get("activity"),
        log=body.get("log"),
        steps_completed=body.get("steps_completed"),
        attempt=body.get("attempt"),
    )
    calls.report_task(store(), worker.id, checked_id(task_id), said)
    return NO_CONTENT


@bp.get("/task/<task_id>/may-i-run")
@authenticated
def may_i_run(worker: Worker, task_id: str) -> ResponseReturnValue:
    permission = calls.may_run(store(), worker.id, checked_id(task_id))
    return jsonify(
        mayKeepRunning=permission.granted,
        reason=permission.reason,
        statusChangeRequested=permission.status_change,
    )


@bp.post("/task/<task_id>/output-produced")
@authenticated
def output_produced(worker: Worker, task_id: str) -> ResponseReturnValue:
    if request.content_length is None:
        raise Problem(411, "the picture's length must be told: Content-Length is missing")
    if request.content_length > LARGEST_PICTURE:
        raise Problem(413, f"the picture has {request.content_length} bytes; at most {LARGEST_PICTURE} are taken")
    if request.mimetype not in PICTURES:
        raise Problem(415, f"pictures are taken as {' or '.join(PICTURES)}, not as {request.mimetype or 'nothing'}")
    content = request.get_data(cache=False)
    if not content:
        raise Problem(400, "the picture is empty")
    calls.add_picture(store(), worker.id, checked_id(task_id), content, request.mimetype)
    return "", 202
