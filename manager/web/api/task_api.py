"""The Flamenco operator API for tasks, and the files of jobs: logs and pictures."""

import re
from pathlib import Path

from flask import Blueprint, Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from ....worker.wire import API, TaskStatus
from ...clock import timestamp
from ...storage.pictures import SIZES
from ..access.origin import operator
from ..serving.growing import send_so_far
from ..site import store
from .api import NO_CONTENT, body
from .jobjson import FILES, files_of, task_summary

bp = Blueprint("task_api", __name__)

# How much of a log the tail is, in bytes; Flamenco's measure.
TAIL = 2048

_LOG = re.compile(r"task-([0-9a-f-]{36})\.txt")


@bp.get(f"{API}/tasks/<task_id>")
def show_task(task_id: str) -> ResponseReturnValue:
    task = store().task(task_id)
    failed_by = [
        {"id": worker.id, "name": worker.name, "address": worker.address} for worker in store().failed_by(task.id)
    ]
    commands = [
        {"name": command.name, "parameters": dict(command.parameters), "total_step_count": command.steps}
        for command in store().commands(task.id)
    ]
    detail = {
        **task_summary(task),
        "created": timestamp(store().job(task.job_id).created_at),
        "activity": task.activity,
        "commands": commands,
        "failed_by_workers": failed_by,
        "attempt": task.attempt,
    }
    if task.last_touched is not None:
        detail["last_touched"] = timestamp(task.last_touched)
    return jsonify(detail)


@bp.post(f"{API}/tasks/<task_id>/setstatus")
def set_task_status(task_id: str) -> ResponseReturnValue:
    status, reason = TaskStatus(body()["status"]), body().get("reason") or ""
    store().set_task_status(task_id, status, reason, operator(request))
    return NO_CONTENT


@bp.get(f"{API}/tasks/<task_id>/logtail")
def show_log_tail(task_id: str) -> ResponseReturnValue:
    tail = store().log_tail(store().task(task_id), TAIL)
    return NO_CONTENT if tail is None else Response(tail, mimetype="text/plain")


@bp.get(f"{API}/tasks/<task_id>/log")
def show_log(task_id: str) -> ResponseReturnValue:
    task = store().task(task_id)
    path = store().log_path(task)
    if not path.exists():
        return NO_CONTENT
    url = f"{files_of(task.job_id)}/task-{task.id}.txt"
    return jsonify(task_id=task.id, job_id=task.job_id, url=url, size=path.stat().st_size)


# -- files, where Flamenco's programs look for them


@bp.get(f"{FILES}/<folder>/<job_id>/<name>")
def send_job_file(folder: str, job_id: str, name: str) -> Response:
    """Send the log of a task, or the job's last picture in one of its sizes."""
    path = _file(store().job(job_id).id, name)
    if path is None or not path.is_file() or files_of(job_id) != f"{FILES}/{folder}/{job_id}":
        raise NotFound("this job has no such file")
    return send_file(path.resolve(), mimetype="image/jpeg") if name in SIZES else send_so_far(path)


def _file(job_id: str, name: str) -> Path | None:
    if name in SIZES:
        return store().files.picture_of_job(job_id, name)
    log = _LOG.fullmatch(name)
    return store().files.log_path(job_id, log[1]) if log else None
