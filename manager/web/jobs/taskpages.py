"""One task's page, what is done with it there, its log and its picture."""

import re

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug import Response as Redirect
from werkzeug.exceptions import BadRequest, NotFound

from ....worker.wire import TaskStatus
from ...rules.tasks import LIFE, WISHES, Task
from ...rules.workers import LastTask
from ...storage.files import PICTURES
from ..access.origin import operator
from ..framing import address
from ..moments import Moment
from ..serving.growing import send_so_far
from ..site import HIDDEN, flashed, store
from .jobrows import task_row
from .logview import log_view

bp = Blueprint("taskpages", __name__)

# So much of the end of a log is shown; the whole of it is a click away.
TAIL = 256 * 1024

# What a terminal takes for a colour or another order, and a page would show as noise.
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")

# What a picture is sent as, whatever the worker said that it is.
TYPES = {suffix: type for type, suffix in PICTURES.items()}

# What can be asked of a task on its page: the status, the button, how grave it is.
BUTTONS = (
    (TaskStatus.QUEUED, "Requeue", ""),
    (TaskStatus.COMPLETED, "Mark as completed", ""),
    (TaskStatus.FAILED, "Mark as failed", ""),
    (TaskStatus.CANCELED, "Cancel", "danger"),
)


@bp.get("/tasks/<task_id>")
def task(task_id: str) -> str:
    seq, now = store().newest(), store().clock()
    found = store().task(task_id)
    return render_template(
        "task.html",
        section="jobs",
        t=task_row(found, now),
        job_id=found.job_id,
        job_name=found.job_name,
        facts=facts(found),
        began=Moment(found.started_at, now) if found.started_at else None,
        failed_by=store().failed_by(task_id),
        buttons=[each for each in BUTTONS if WISHES[each[0]] in LIFE[found.status]],
        commands=[command.name for command in store().commands(task_id)],
        log=log_view(store(), _as_last(found)),
        notices=flashed(),
        here=url_for(".task", task_id=task_id),
        live=address(f"/live/job/{found.job_id}", {"since": seq}),
    )


def facts(it: Task) -> list[tuple[str, str]]:
    steps = f"{it.steps_completed} of {it.steps_total}" if it.steps_total > 1 else ""
    waits = f"{it.blockers} other {'task' if it.blockers == 1 else 'tasks'}" if it.blockers else ""
    named = [("Type", it.type), ("Steps", steps), ("Priority", str(it.priority)), ("Tries", str(it.attempt))]
    return [(name, value) for name, value in [*named, ("Waits for", waits), ("ID", it.id)] if value]


def _as_last(it: Task) -> LastTask:
    return LastTask(
        id=it.id,
        job_id=it.job_id,
        name=it.name,
        job_name=it.job_name,
        status=it.status,
        steps_completed=it.steps_completed,
        steps_total=it.steps_total,
        active=it.status is TaskStatus.ACTIVE,
        started_at=it.started_at,
        ended_at=it.ended_at,
    )


@bp.post("/tasks/<task_id>/status")
def change(task_id: str) -> Redirect:
    """Requeue, cancel, complete or fail a task by hand; raises Missing and Refused."""
    try:
        wish = TaskStatus(request.form.get("status", ""))
    except ValueError:
        raise BadRequest(f"status: “{request.form.get('status', '')[:20]}” is not the status of a task") from None
    store().set_task_status(task_id, wish, "", operator(request))
    flash(f"{store().task(task_id).name} is {wish.value}.", "ok")
    return redirect(url_for(".task", task_id=task_id), 303)


@bp.get("/tasks/<task_id>/log")
def log(task_id: str) -> Response:
    """Send the end of a task's log, or with ?all=1 the whole of it as a file, as text and nothing else."""
    found = store().task(task_id)
    path = store().log_path(found)
    if request.args.get("all") and path.exists():
        whole = send_so_far(path)
        # A name that says nothing that a worker or a job has said.
        whole.headers["Content-Disposition"] = f'attachment; filename="task-{found.id}.log.txt"'
        return whole
    whole_at = url_for(".log", task_id=task_id, all=1, _external=True)
    cut = path.exists() and path.stat().st_size > TAIL
    text = ESCAPE.sub("", store().log_tail(found, TAIL) or f"{found.name}: nothing has been logged yet\n")
    head = f"This is the end of a long log; the whole of it is at {whole_at}\n\n" if cut else ""
    return Response(head + HIDDEN.sub("\ufffd", text), mimetype="text/plain")


@bp.get("/tasks/<task_id>/picture")
def picture(task_id: str) -> Response:
    path = store().picture_path(store().task(task_id))
    if path is None or path.suffix not in TYPES:
        raise NotFound("this task has made no picture")
    sent = send_file(path.resolve(), mimetype=TYPES[path.suffix], max_age=3600)
    sent.cache_control.public, sent.cache_control.private = False, True  # no proxy keeps it for those who may not look
    return sent
