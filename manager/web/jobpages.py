"""The jobs' pages: lists, tasks, logs and pictures."""

import re

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from werkzeug import Response as Redirect
from werkzeug.exceptions import BadRequest, NotFound

from ...worker.wire import JobStatus
from ..rules.jobs import ENDED
from ..storage import tags
from ..storage.files import PICTURES
from .access import demand_job, demand_tag
from .framing import address
from .growing import send_so_far
from .jobrows import job_row, jobs_summary, part, tallies, task_row
from .origin import operator
from .site import HIDDEN, flashed, store

bp = Blueprint("jobpages", __name__)

# So much of the end of a log is shown; the whole of it is a click away.
TAIL = 256 * 1024

# What a terminal takes for a colour or another order, and a page would show as noise.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

# What a picture is sent as, whatever the worker said that it is.
TYPES = {suffix: type for type, suffix in PICTURES.items()}


@bp.get("/jobs")
def jobs() -> str:
    seq, now = store().newest(), store().clock()
    found = store().jobs(200)
    return render_template(
        "jobs.html",
        section="jobs",
        jobs=[job_row(job, now) for job in found],
        summary=jobs_summary(found),
        live=address("/live/jobs", {"since": seq}),
        base_url=request.host_url,
        here=url_for(".jobs"),
    )


@bp.get("/jobs/<job_id>")
def job(job_id: str) -> str:
    seq, now = store().newest(), store().clock()
    found = store().job(job_id)
    shown = part(store().tasks(job_id))
    return render_template(
        "job.html",
        section="jobs",
        j=job_row(found, now),
        tags=[] if found.status in ENDED else tags.every(store()),
        tallies=tallies(found.tally),
        tasks=[task_row(task, now) for task in shown.tasks],
        pictures=[task_row(task, now) for task in shown.pictures],
        left_out=shown.left_out,
        notices=flashed(),
        here=url_for(".job", job_id=job_id),
        live=address(f"/live/job/{job_id}", {"since": seq}),
    )


@bp.post("/jobs/<job_id>/status")
def change(job_id: str) -> Redirect:
    """Pause, resume, cancel or requeue a job; raises Missing and Refused."""
    try:
        wish = JobStatus(request.form.get("status", ""))
    except ValueError:
        raise BadRequest(f"status: “{request.form.get('status', '')}” is not the status of a job") from None
    store().set_job_status(job_id, wish, "on request", operator(request))
    return redirect(url_for(".job", job_id=job_id), 303)


@bp.post("/jobs/<job_id>/tag")
def set_tag(job_id: str) -> Redirect:
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
    return redirect(url_for(".job", job_id=job_id), 303)


@bp.get("/tasks/<task_id>/log")
def log(task_id: str) -> Response:
    """Send the end of a task's log, or with ?all=1 the whole of it, as text and nothing else."""
    task = store().task(task_id)
    path = store().log_path(task)
    if request.args.get("all") and path.exists():
        return send_so_far(path)
    whole = url_for(".log", task_id=task_id, all=1, _external=True)
    cut = path.exists() and path.stat().st_size > TAIL
    text = ESCAPE.sub("", store().log_tail(task, TAIL) or f"{task.name}: nothing has been logged yet\n")
    head = f"This is the end of a long log; the whole of it is at {whole}\n\n" if cut else ""
    return Response(head + HIDDEN.sub("\ufffd", text), mimetype="text/plain")


@bp.get("/tasks/<task_id>/picture")
def picture(task_id: str) -> Response:
    path = store().picture_path(store().task(task_id))
    if path is None or path.suffix not in TYPES:
        raise NotFound("this task has made no picture")
    return send_file(path.resolve(), mimetype=TYPES[path.suffix], max_age=3600)
