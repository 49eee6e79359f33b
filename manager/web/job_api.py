"""The Flamenco operator API for jobs, job types and tasks, as far as it is needed."""

from datetime import datetime
from functools import cache

from flask import Blueprint, Response, jsonify, request, send_file, url_for
from flask.typing import ResponseReturnValue

from ...worker.wire import API, JobStatus, TaskStatus
from ..clock import timestamp
from ..jobtypes.compile import Unusable, compile
from ..jobtypes.jobtype import JobType
from ..jobtypes.library import job_types
from ..rules.jobs import Job
from ..rules.tasks import Task
from .api import FARMHAND, NO_CONTENT, Field, Problem, checked_id, read_body
from .origin import operator
from .site import store

bp = Blueprint("job_api", __name__)

# How much of a log the tail is, in bytes; Flamenco's measure.
TAIL = 2048

_PRIORITY_UNLESS_TOLD = 50

_SUBMISSION = {
    "name": Field(str, required=True, is_name=True),
    "type": Field(str, required=True),
    "priority": Field(int, low=0, high=100),
    "submitter_platform": Field(str),
    "settings": Field(dict),
    "metadata": Field(dict),
    "type_etag": Field(str),
    "initial_status": Field(str, choices=(JobStatus.QUEUED.value, JobStatus.PAUSED.value)),
}
_JOB_STATUS = {
    "status": Field(str, required=True, choices=tuple(status.value for status in JobStatus)),
    "reason": Field(str),
}
_TASK_STATUS = {
    "status": Field(str, required=True, choices=tuple(status.value for status in TaskStatus)),
    "reason": Field(str),
}
_PRIORITY = {"priority": Field(int, required=True, low=0, high=100)}


@cache
def types() -> dict[str, JobType]:
    """Read the job types, once."""
    return job_types()


def _type(name: str) -> JobType:
    found = types().get(name)
    if found is None:
        raise Problem(404, f'there is no job type "{name}"; there are {", ".join(types())}')
    return found


def _type_json(type: JobType) -> dict[str, object]:
    settings = []
    for setting in type.settings.values():
        entry = {
            "key": setting.key,
            "type": setting.type,
            "required": setting.required,
            "description": setting.description,
            **({"label": setting.label} if setting.label else {}),
            **({"subtype": setting.subtype} if setting.subtype else {}),
            **({"choices": list(setting.choices)} if setting.choices else {}),
            **({"default": setting.default} if setting.default is not None else {}),
            **setting.more,
        }
        settings.append(entry)
    return {
        "name": type.name,
        "label": type.label,
        "description": type.description,
        "etag": type.etag,
        "settings": settings,
    }


@bp.get(f"{API}/jobs/types")
def list_job_types() -> ResponseReturnValue:
    return jsonify(job_types=[_type_json(type) for type in types().values()])


@bp.get(f"{API}/jobs/type/<name>")
def show_job_type(name: str) -> ResponseReturnValue:
    return jsonify(_type_json(_type(name)))


@bp.post(f"{API}/jobs")
def submit_job() -> ResponseReturnValue:
    body = read_body(_SUBMISSION)
    type = types().get(body["type"])
    if type is None:
        raise Problem(400, f'there is no job type "{body["type"]}"; there are {", ".join(types())}')
    if body.get("type_etag", type.etag) != type.etag:
        raise Problem(412, f'the job type "{type.name}" has changed since this submission was prepared')
    try:
        draft = compile(
            type,
            name=body["name"],
            priority=_PRIORITY_UNLESS_TOLD if body.get("priority") is None else body["priority"],
            settings=body.get("settings") or {},
            metadata=body.get("metadata") or {},
            now=datetime.now(),
            paused=body.get("initial_status") == JobStatus.PAUSED.value,
        )
    except Unusable as error:
        return jsonify(code=400, message=str(error), setting=error.setting), 400
    return jsonify(_job_json(store().job(store().submit(draft, operator(request)))))


@bp.get(f"{API}/jobs")
def list_jobs() -> ResponseReturnValue:
    return jsonify(jobs=[_job_json(job) for job in store().jobs()])


@bp.get(f"{API}/jobs/<job_id>")
def show_job(job_id: str) -> ResponseReturnValue:
    return jsonify(_job_json(store().job(checked_id(job_id))))


@bp.delete(f"{API}/jobs/<job_id>")
def delete_job(job_id: str) -> ResponseReturnValue:
    store().delete_job(checked_id(job_id), operator(request))
    return NO_CONTENT


@bp.get(f"{API}/jobs/<job_id>/tasks")
def list_tasks(job_id: str) -> ResponseReturnValue:
    job = store().job(checked_id(job_id))
    return jsonify(tasks=[task_summary(task) for task in store().tasks(job.id)])


@bp.post(f"{API}/jobs/<job_id>/setstatus")
def set_job_status(job_id: str) -> ResponseReturnValue:
    body = read_body(_JOB_STATUS)
    store().set_job_status(checked_id(job_id), JobStatus(body["status"]), body.get("reason") or "", operator(request))
    return NO_CONTENT


@bp.post(f"{API}/jobs/<job_id>/setpriority")
def set_job_priority(job_id: str) -> ResponseReturnValue:
    store().set_job_priority(checked_id(job_id), read_body(_PRIORITY)["priority"], operator(request))
    return NO_CONTENT


def _job_json(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "name": job.name,
        "type": job.type,
        "priority": job.priority,
        "status": job.status.value,
        "activity": job.activity,
        "settings": dict(job.settings),
        "metadata": dict(job.metadata),
        "submitter_platform": "",
        "created": timestamp(job.created_at),
        "updated": timestamp(job.updated_at),
        "steps_completed": job.steps_completed,
        "steps_total": job.steps_total,
    }


# -- tasks


@bp.get(f"{API}/tasks/<task_id>")
def show_task(task_id: str) -> ResponseReturnValue:
    task = store().task(checked_id(task_id))
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


@bp.get(f"{API}/tasks/<task_id>/logtail")
def show_log_tail(task_id: str) -> ResponseReturnValue:
    tail = store().log_tail(store().task(checked_id(task_id)), TAIL)
    return NO_CONTENT if tail is None else Response(tail, mimetype="text/plain")


@bp.get(f"{API}/tasks/<task_id>/log")
def show_log(task_id: str) -> ResponseReturnValue:
    task = store().task(checked_id(task_id))
    path = store().log_path(task)
    if not path.exists():
        return NO_CONTENT
    url = url_for(".download_log", task_id=task.id)
    return jsonify(task_id=task.id, job_id=task.job_id, url=url, size=path.stat().st_size)


@bp.get(f"{FARMHAND}/tasks/<task_id>/log")
def download_log(task_id: str) -> ResponseReturnValue:
    path = store().log_path(store().task(checked_id(task_id)))
    return send_file(path, mimetype="text/plain") if path.exists() else NO_CONTENT


@bp.post(f"{API}/tasks/<task_id>/setstatus")
def set_task_status(task_id: str) -> ResponseReturnValue:
    body = read_body(_TASK_STATUS)
    status = TaskStatus(body["status"])
    store().set_task_status(checked_id(task_id), status, body.get("reason") or "", operator(request))
    return NO_CONTENT


def task_summary(task: Task) -> dict[str, object]:
    summary: dict[str, object] = {
        "id": task.id,
        "job_id": task.job_id,
        "name": task.name,
        "status": task.status.value,
        "index_in_job": task.index_in_job,
        "priority": task.priority,
        "task_type": task.type,
        "updated": timestamp(task.updated_at),
        "steps_completed": task.steps_completed,
        "steps_total": task.steps_total,
    }
    if task.worker_id is not None:
        summary["worker"] = {"id": task.worker_id, "name": task.worker_name}
    return summary
