"""What the workers' pages have an agent do, and the drill, as forms send it."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from ..rules.attended import Verb
from ..storage import drills, tickets
from .access import demand_workers
from .framing import came_from
from .origin import operator
from .site import store

bp = Blueprint("agentpages", __name__)


@bp.post("/workers/agent")
def ask() -> Response:
    """Have its agent start or restart the worker that the pressed button names."""
    verb = next((verb for verb in Verb if verb.value in request.form), None)
    if verb is None:
        raise BadRequest("start, restart: no worker is named that its agent is to start or restart")
    demand_workers([request.form[verb.value]])
    asked = tickets.ask(store(), request.form[verb.value], verb, operator(request))
    flash(f"{asked.name} {asked.text}.", "bad" if asked.ticket is None else "ok")
    return redirect(came_from(), 303)


@bp.post("/workers/drill")
def drill() -> Response:
    """Restart a worker to see that it works, and show its page, which says how it goes."""
    worker_id = request.form.get("worker", "")
    demand_workers([worker_id])
    answer = drills.begin(store(), worker_id, operator(request))
    flash(f"{answer.name} {answer.text}.", "ok" if answer.accepted else "bad")
    return redirect(url_for("workerpages.worker", worker_id=worker_id), 303)
