"""The agents' page; what the workers' pages have an agent do, and the drill, as forms send it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from ...rules import agents as rules
from ...rules.attended import UP, Verb
from ...storage import agents, attending, drills, tickets
from ...storage.agents import Agent
from ...storage.attending import Attending
from ...storage.store import Missing
from ..access.access import demand_workers
from ..access.origin import operator
from ..framing import came_from
from ..moments import Moment
from ..site import flashed, store

bp = Blueprint("agentpages", __name__)


@dataclass(frozen=True)
class Row:
    """One agent on their page. trouble: why it cannot be relied on now, "" where it can."""

    agent: Agent
    heard: Moment
    trouble: str
    sees: Sequence[Attending]

    @property
    def down(self) -> int:
        return sum(service.active not in UP for service in self.sees)


@bp.get("/agents")
def every() -> str:
    """Show the agents, the silent ones first."""
    now, sees = store().clock(), attending.by_agent(store())
    rows = [Row(it, Moment(it.last_seen, now), _trouble(it, now), sees.get(it.id, ())) for it in agents.known(store())]
    return render_template(
        "agents.html",
        section="farm",
        agents=sorted(rows, key=lambda row: not row.trouble),
        notices=flashed(),
        here=url_for(".every"),
    )


def _trouble(it: Agent, now: int) -> str:
    if now - it.last_seen > rules.AWAY_MS:
        return "It is silent: nothing is known of its services, and it cannot start any"
    return f"It does not see its services: {it.trouble}" if it.trouble else ""


@bp.post("/agents/<agent_id>/remove")
def remove(agent_id: str) -> Response:
    """Forget an agent. It may be gone already, which is what was asked for."""
    with contextlib.suppress(Missing):
        agents.remove(store(), agent_id, operator(request))
    flash("The agent is forgotten; its credentials are refused.", "ok")
    return redirect(url_for(".every"), 303)


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
