"""The jobs' pages: the list, one job, and what is done with jobs there. Tasks are in taskpages.py."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from ....worker.wire import JobStatus
from ...rules.jobs import ENDED
from ...storage import blocklists, jobcare, jobsearch, tags
from ..access.access import demand_job, demand_tag
from ..access.origin import operator
from ..framing import address
from ..given import whole_number
from ..moments import Moment
from ..site import flashed, store
from .joblist import MOST_CELLS, PAGE, SORTS, BadAddress, job_list, read_jobs, read_tasks, task_list
from .jobrows import job_row, tallies, task_row

bp = Blueprint("jobpages", __name__)

SHOWN_PICTURES = 60

# How long nothing must have changed in a job for it to be old: days, and words.
AGES = ((7, "a week"), (30, "30 days"), (90, "90 days"), (365, "a year"))
_DAY = 24 * 3600_000

HIGHEST = 100


@bp.get("/jobs")
def jobs() -> str:
    seq, now = store().newest(), store().clock()
    try:
        view = read_jobs(request.args)
    except BadAddress as error:
        raise BadRequest(str(error)) from None
    found = jobsearch.find(
        store(),
        view.filters,
        sort=view.sort.removeprefix("-"),
        down=view.sort.startswith("-"),
        offset=(view.page - 1) * PAGE,
        limit=PAGE,
    )
    return render_template(
        "jobs.html",
        section="jobs",
        list=job_list(found, view, now, url_for(".jobs")),
        sorts=SORTS,
        tags=[tag.name for tag in tags.every(store())],
        notices=flashed(),
        live=address("/live/jobs", {"since": seq}),
        base_url=request.host_url,
        here=view.address(url_for(".jobs")),
    )


@bp.get("/jobs/<job_id>")
def job(job_id: str) -> str:
    seq, now = store().newest(), store().clock()
    found = store().job(job_id)
    try:
        view = read_tasks(request.args)
    except BadAddress as error:
        raise BadRequest(str(error)) from None
    here = url_for(".job", job_id=job_id)
    shown = jobsearch.tasks_of(
        store(), job_id, view.filters, offset=(view.page - 1) * PAGE, limit=PAGE, most_cells=MOST_CELLS
    )
    return render_template(
        "job.html",
        section="jobs",
        j=job_row(found, now),
        tags=[] if found.status in ENDED else tags.every(store()),
        tallies=tallies(found.tally),
        list=task_list(shown, found.tally, jobsearch.failures(store(), job_id), view, now, here),
        pictures=[task_row(task, now) for task in jobsearch.pictured(store(), job_id, SHOWN_PICTURES)],
        blocked=blocklists.of_job(store(), job_id),
        highest=HIGHEST,
        notices=flashed(),
        here=view.address(here),
        page=here,
        live=address(f"/live/job/{job_id}", {"since": seq}),
    )


# -- what is done with one


def _back(job_id: str, said: str = "", tone: str = "ok") -> Response:
    if said:
        flash(said, tone)
    return redirect(url_for(".job", job_id=job_id), 303)


@bp.post("/jobs/<job_id>/status")
def change(job_id: str) -> Response:
    """Pause, resume, cancel or requeue a job; raises Missing and Refused."""
    try:
        wish = JobStatus(request.form.get("status", ""))
    except ValueError:
        raise BadRequest(f"status: “{request.form.get('status', '')}” is not the status of a job") from None
    store().set_job_status(job_id, wish, "on request", operator(request))
    return _back(job_id)


@bp.post("/jobs/<job_id>/requeue-failed")
def requeue_failed(job_id: str) -> Response:
    """Queue again what has failed; raises Missing and Refused."""
    number = jobcare.requeue_failed(store(), job_id, operator(request))
    return _back(job_id, f"{number} failed {'task is' if number == 1 else 'tasks are'} queued again.")


@bp.post("/jobs/<job_id>/priority")
def set_priority(job_id: str) -> Response:
    said = request.form.get("priority", "")
    priority = whole_number(said)
    if priority is None or priority > HIGHEST:
        raise BadRequest(f"priority: “{said[:20]}” is no number from 0 to {HIGHEST}")
    store().set_job_priority(job_id, priority, operator(request))
    return _back(job_id, f"The priority is {priority} now.")


@bp.post("/jobs/<job_id>/tag")
def set_tag(job_id: str) -> Response:
    """Say which workers take a job: those with a tag, or with "none" all; raises Missing."""
    tag_id = request.form.get("tag")
    if not tag_id:
        raise BadRequest("tag: it is missing; choose one, or none")
    demand_job(job_id)
    demand_tag(None if tag_id == "none" else tag_id)
    try:
        tags.set_of_job(store(), job_id, operator(request), tag_id=None if tag_id == "none" else tag_id)
    except tags.Unknown as error:
        raise BadRequest(f"tag: {error}; it may just have been deleted") from None
    return _back(job_id)


@bp.post("/jobs/<job_id>/unblock")
def unblock(job_id: str) -> Response:
    """Let a worker try tasks of a type again: `entry` is its id and the type, with a space between."""
    entries = [tuple(said.split(" ", 1)) for said in request.form.getlist("entry") if " " in said]
    if not entries:
        raise BadRequest("entry: nobody is named who may try again")
    blocklists.lift(store(), job_id, [(worker_id, kind) for worker_id, kind in entries], operator(request))
    return _back(job_id, "It may try again what it was blocked from.")


# -- deleting


@bp.get("/jobs/<job_id>/delete")
def ask_delete(job_id: str) -> str:
    """Say what it would do to delete a job."""
    found = store().job(job_id)
    return render_template(
        "job_delete.html",
        section="jobs",
        j=job_row(found, store().clock()),
        here=url_for(".ask_delete", job_id=job_id),
    )


@bp.post("/jobs/<job_id>/delete")
def delete(job_id: str) -> Response:
    name = store().job(job_id).name
    store().delete_job(job_id, operator(request))
    flash(f"{name} is deleted.", "ok")
    return redirect(url_for(".jobs"), 303)


@bp.get("/jobs/old")
def ask_delete_old() -> str:
    """Say what it would do to delete the jobs that have ended some time ago."""
    now = store().clock()
    days = _days(request.args.get("days", str(AGES[1][0])))
    found = jobsearch.old(store(), now - days * _DAY)
    return render_template(
        "jobs_old.html",
        section="jobs",
        ages=AGES,
        days=days,
        old=found,
        first=[job_row(each, now) for each in found.first],
        before=Moment(now - days * _DAY, now),
        here=url_for(".ask_delete_old", days=days),
    )


@bp.post("/jobs/old")
def delete_old() -> Response:
    """Delete those that were old when the page was made, and have not changed since."""
    at = whole_number(request.form.get("before", ""))
    if at is None:
        raise BadRequest("before: it is no time; go back to the page, which has it")
    number = jobcare.remove_old(store(), min(at, store().clock() - AGES[0][0] * _DAY), operator(request))
    flash(f"{number} {'job is' if number == 1 else 'jobs are'} deleted, with their logs and pictures.", "ok")
    return redirect(url_for(".jobs"), 303)


def _days(said: str) -> int:
    if said not in {str(days) for days, _ in AGES}:
        raise BadRequest(f"days: “{said[:20]}” is none of {', '.join(str(days) for days, _ in AGES)}")
    return int(said)
