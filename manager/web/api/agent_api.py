"""What agents call, and what operators' programs have them do. The agents' waiting request is in `agent_push.py`."""

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from ....worker.wire import ENROLMENT_HEADER
from ...clock import timestamp
from ...rules import agents as rules
from ...rules.agents import Drill
from ...rules.attended import Ticket, Verb
from ...rules.workers import Worker
from ...storage import agents, drills, joining, tickets
from ...storage.agents import Agent, Enrolment, Seen
from ..access.origin import operator
from ..site import store
from .api import FARMHAND, NO_CONTENT, Problem, Stranger, body

AGENTS = f"{FARMHAND}/agents"

# What agents call, who are programs and may call the manager as they like.
CALLS = frozenset(f"{AGENTS}/{call}" for call in ("enrol", "report", "wait", "tickets", "outcomes"))

bp = Blueprint("agent_api", __name__)

# The most of a text by an agent that is kept, in characters.
_LONGEST = 500


def authenticate() -> None:
    """Find out which agent calls; raises Stranger."""
    said = request.authorization
    if said is None or said.type != "basic":
        raise Stranger("agent credentials are needed: HTTP Basic, user the agent's id")
    found = agents.authenticate(store(), said.username or "", said.password or "")
    if found is None:
        why = joining.farewell(store(), said.username or "", said.password or "")
        raise Stranger(why or "no agent has these credentials; it may have been removed")
    g.agent = found


# -- for agents


@bp.post(f"{AGENTS}/enrol")
def enrol() -> ResponseReturnValue:
    said = body()
    names = ("name", "platform", "version", "secret", "ticket_key")
    code = request.headers.get(ENROLMENT_HEADER, "")
    enrolment = Enrolment(**{name: said[name] for name in names}, address=request.remote_addr or "", code=code)
    return jsonify(id=agents.enrol(store(), enrolment))


@bp.post(f"{AGENTS}/report")
def report() -> ResponseReturnValue:
    said = body()
    services = {each["name"]: _seen(each) for each in said["services"]}
    codes = agents.report(store(), g.agent.id, said["supervisor"], said["trouble"][:_LONGEST], [*services.values()])
    return jsonify(codes=codes)


def _seen(said: dict[str, Any]) -> Seen:
    attested = said["restart"]
    return Seen(
        name=said["name"],
        invocation=rules.kept_run(said["invocation"]) or "",
        active=said["active"],
        sub=said["sub"],
        result=said["result"],
        restarts=said["restarts"],
        exit=said["exit"],
        code=attested["code"],
        holds=attested["holds"],
        why=attested["why"][:_LONGEST],
        down=said.get("down"),
        policy={key: words[:_LONGEST] for key, words in said.get("policy", {}).items()},
    )


@bp.post(f"{AGENTS}/tickets")
def take_tickets() -> ResponseReturnValue:
    written = tickets.take(store(), g.agent.id, body()["challenge"])
    return jsonify(tickets=written, codes=agents.codes(store(), g.agent.id))


@bp.post(f"{AGENTS}/outcomes")
def conclude() -> ResponseReturnValue:
    said = body()
    tickets.conclude(store(), g.agent.id, said["ticket"], said["outcome"], said["text"][:_LONGEST])
    return NO_CONTENT


# -- for operators


@bp.get(AGENTS)
def list_agents() -> ResponseReturnValue:
    return jsonify(agents=[_agent(each) for each in agents.known(store())])


@bp.delete(f"{AGENTS}/<agent_id>")
def delete_agent(agent_id: str) -> ResponseReturnValue:
    agents.remove(store(), agent_id, operator(request))
    return NO_CONTENT


@bp.post(f"{FARMHAND}/workers/<worker_id>/start")
def start(worker_id: str) -> ResponseReturnValue:
    return _ask(worker_id, Verb.START)


@bp.post(f"{FARMHAND}/workers/<worker_id>/force-restart")
def force_restart(worker_id: str) -> ResponseReturnValue:
    return _ask(worker_id, Verb.RESTART)


def _ask(worker_id: str, verb: Verb) -> ResponseReturnValue:
    asked = tickets.ask(store(), worker_id, verb, operator(request))
    if asked.ticket is None:
        raise Problem(409, f"{asked.name} {asked.text}")
    return jsonify({**ticket_json(asked.ticket, store().clock()), "text": f"{asked.name} {asked.text}"}), 202


@bp.get(f"{FARMHAND}/tickets/<ticket_id>")
def show_ticket(ticket_id: str) -> ResponseReturnValue:
    return jsonify(ticket_json(tickets.show(store(), ticket_id), store().clock()))


@bp.post(f"{FARMHAND}/workers/<worker_id>/drill")
def drill(worker_id: str) -> ResponseReturnValue:
    answer = drills.begin(store(), worker_id, operator(request))
    if not answer.accepted:
        raise Problem(409, f"{answer.name} {answer.text}")
    return jsonify(request=answer.request_id, text=f"{answer.name} {answer.text}"), 202


# -- in words


def _agent(it: Agent) -> dict[str, object]:
    return {
        **{name: getattr(it, name) for name in ("id", "name", "platform", "version", "supervisor", "trouble")},
        "ip_address": it.address,
        "away": store().clock() - it.last_seen > rules.AWAY_MS,
        "enrolled_at": timestamp(it.enrolled_at),
        "last_seen": timestamp(it.last_seen),
    }


def ticket_json(it: Ticket, now: int) -> dict[str, object]:
    times = {name: getattr(it, name) for name in ("made_at", "expires_at", "taken_at", "ended_at")}
    return {
        "id": it.id,
        "agent": it.agent_id,
        "service": it.service,
        "verb": it.verb.value,
        "worker": it.worker_id,
        "by": it.by,
        "state": rules.ticket_state(it, now),
        "reason": it.text,
        **{name: timestamp(at) for name, at in times.items() if at is not None},
    }


def restart_json(worker: Worker, now: int) -> dict[str, object]:
    """Say whether a worker's restart is to be relied on."""
    found = rules.judge(worker, now)
    at = {} if found.at is None else {"at": timestamp(found.at)}
    return {"state": found.trust.value, "why": found.why, **at}


def drill_json(it: Drill) -> dict[str, object]:
    gap = {} if it.gap is None else {"gap_ms": it.gap}
    return {"request": it.request_id, "by": it.by, "at": timestamp(it.at), "state": it.state, **gap}


def attended_json(worker: Worker, now: int) -> dict[str, object] | None:
    """Say what the agent on a worker's machine sees of its service; None without one."""
    found = worker.attended
    if found is None:
        return None
    names = ("service", "supervisor", "trouble", "active", "sub", "result", "restarts", "exit")
    remedy = rules.remedy(worker, now)
    return {
        "id": found.agent_id,
        "name": found.agent,
        "last_seen": timestamp(found.heard_at),
        **{name: getattr(found, name) for name in names},
        "offers": None if remedy is None else remedy.value,
    }
