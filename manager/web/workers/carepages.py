"""What is done about a worker rather than asked of it: its tags, and forgetting it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...rules.workers import Situation, situation
from ...storage import schedules, tags
from ...storage.store import Missing
from ..access.origin import operator
from ..site import store

bp = Blueprint("carepages", __name__)


@bp.post("/workers/<worker_id>/tags")
def set_tags(worker_id: str) -> ResponseReturnValue:
    """Give a worker the tags that are ticked, and no other."""
    known = {tag.id for tag in tags.every(store())}
    chosen = list(dict.fromkeys(request.form.getlist("tag")))
    if not known.issuperset(chosen):
        flash("A tag that was ticked is no more. Nothing was changed.", "bad")
    else:
        tags.give(store(), worker_id, chosen, operator(request))
        flash("The tags are saved.", "ok")
    return redirect(url_for("workerpages.worker", worker_id=worker_id), 303)


@bp.get("/workers/<worker_id>/forget")
def ask(worker_id: str) -> str:
    """Say what it would do to forget a worker."""
    worker = store().worker(worker_id)
    return render_template(
        "forget.html",
        section="workers",
        w=worker,
        runs=situation(worker) not in (Situation.OFFLINE, Situation.LOST),
        sleeps=schedules.own(store(), worker_id) is not None,
        tags=[tag.name for tag in tags.of_worker(store(), worker_id)],
        here=url_for(".ask", worker_id=worker_id),
    )


@bp.post("/workers/<worker_id>/forget")
def forget(worker_id: str) -> ResponseReturnValue:
    """Forget a worker. It may be gone already, which is what was asked for."""
    try:
        name = store().worker(worker_id).name
        store().delete_worker(worker_id, operator(request))
        flash(f"{name} is forgotten.", "ok")
    except Missing:
        flash("That worker was forgotten before.", "ok")
    return redirect(url_for("pages.workers"), 303)
