"""The Flamenco operator API for job types and jobs."""

from datetime import datetime
from typing import cast

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import API, JobStatus
from ...jobtypes.compile import Unusable
from ...storage import blocklists, jobcare, tags
from ..access.access import demand_job, demand_tag
from ..access.origin import operator
from ..site import store
from .api import NO_CONTENT, Problem, body
from .jobjson import job_json, last_rendered_json, task_summary, type_json
from .submission import drafted, type_named, types

bp = Blueprint("job_api", __name__)


@bp.errorhandler(Unusable)
def unusable(error: Unusable) -> ResponseReturnValue:
    return jsonify(code=400, message=str(error), setting=error.setting), 400


@bp.get(f"{API}/jobs/types")
def list_job_types() -> ResponseReturnValue:
    return jsonify(job_types=[type_json(type) for type in types().values()])


@bp.get(f"{API}/jobs/type/<name>")
def show_job_type(name: str) -> ResponseReturnValue:
    return jsonify(type_json(type_named(name, 404)))


# -- all jobs


@bp.post(f"{API}/jobs")
def submit_job() -> ResponseReturnValue:
    draft = drafted(body())
    demand_tag(draft.tag_id)
    job_id = store().submit(draft, operator(request))
    return jsonify(job_json(store().job(job_id)))


@bp.post(f"{API}/jobs/check")
def check_job() -> ResponseReturnValue:
    drafted(body())
    return NO_CONTENT


@bp.get(f"{API}/jobs")
def list_jobs() -> ResponseReturnValue:
    return jsonify(jobs=[job_json(job) for job in store().jobs()])


@bp.get(f"{API}/jobs/last-rendered")
def show_last_rendered() -> ResponseReturnValue:
    job = jobcare.last_pictured(store())
    return NO_CONTENT if job is None else jsonify(last_rendered_json(job))


@bp.delete(f"{API}/jobs/mass-delete")
def delete_jobs() -> ResponseReturnValue:
    """Delete what has not changed since; 416 where there is no such job, as in Flamenco."""
    newest = body()["last_updated_max"]
    if not jobcare.remove_older(store(), _milliseconds(newest), operator(request)):
        raise Problem(416, f"there is no job of which nothing has changed since {newest}")
    return NO_CONTENT


def _milliseconds(moment: str) -> int:
    try:
        return int(datetime.fromisoformat(moment.upper()).timestamp() * 1000)
    except ValueError:  # a leap second, the year 0: RFC 3339 has more moments than Python
        raise Problem(400, f"{moment} is not a moment that can be counted with") from None


# -- one job


@bp.get(f"{API}/jobs/<job_id>")
def show_job(job_id: str) -> ResponseReturnValue:
    return jsonify(job_json(store().job(job_id)))


@bp.delete(f"{API}/jobs/<job_id>")
def delete_job(job_id: str) -> ResponseReturnValue:
    store().delete_job(job_id, operator(request))
    return NO_CONTENT


@bp.get(f"{API}/jobs/<job_id>/what-would-delete-do")
def foresee_deletion(job_id: str) -> ResponseReturnValue:
    """Say that no files go but the manager's own: it keeps none of Shaman's."""
    store().job(job_id)
    return jsonify(shaman_checkout=False)


@bp.get(f"{API}/jobs/<job_id>/tasks")
def list_tasks(job_id: str) -> ResponseReturnValue:
    job = store().job(job_id)
    return jsonify(tasks=[task_summary(task) for task in store().tasks(job.id)])


@bp.get(f"{API}/jobs/<job_id>/last-rendered")
def show_jobs_last_rendered(job_id: str) -> ResponseReturnValue:
    job = store().job(job_id)
    return NO_CONTENT if job.picture_at is None else jsonify(last_rendered_json(job))


@bp.post(f"{API}/jobs/<job_id>/setstatus")
def set_job_status(job_id: str) -> ResponseReturnValue:
    status, reason = JobStatus(body()["status"]), body().get("reason") or ""
    store().set_job_status(job_id, status, reason, operator(request))
    return NO_CONTENT


@bp.post(f"{API}/jobs/<job_id>/setpriority")
def set_job_priority(job_id: str) -> ResponseReturnValue:
    store().set_job_priority(job_id, body()["priority"], operator(request))
    return NO_CONTENT


@bp.post(f"{API}/jobs/<job_id>/settag")
def set_job_tag(job_id: str) -> ResponseReturnValue:
    """Say which workers take it: those with the tag of an id or a name, or all where neither is told."""
    tag_id, name = body().get("id") or None, body().get("name") or None
    demand_job(job_id)
    try:
        demand_tag(tags.id_of(store(), tag_id and tag_id.lower(), name))
        tags.set_of_job(store(), job_id, operator(request), tag_id=tag_id and tag_id.lower(), name=name)
    except tags.Unknown as error:
        raise Problem(406, str(error)) from None
    return NO_CONTENT


@bp.get(f"{API}/jobs/<job_id>/blocklist")
def show_blocklist(job_id: str) -> ResponseReturnValue:
    found = blocklists.of_job(store(), job_id)
    return jsonify(
        [{"worker_id": each.worker_id, "task_type": each.task_type, "worker_name": each.worker_name} for each in found]
    )


@bp.delete(f"{API}/jobs/<job_id>/blocklist")
def shorten_blocklist(job_id: str) -> ResponseReturnValue:
    entries = cast(list[dict[str, str]], body())
    lifted = [(each["worker_id"].lower(), each["task_type"]) for each in entries]
    blocklists.lift(store(), job_id, lifted, operator(request))
    return NO_CONTENT
