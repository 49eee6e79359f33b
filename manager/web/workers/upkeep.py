"""Who keeps a worker running, and what can be asked of it, in the words of the pages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...rules import agents
from ...rules.agents import Drill, Judgement, Trust
from ...rules.attended import Attended, Ticket, Verb
from ...rules.workers import Worker
from ..install.definitions import Badge
from ..moments import Moment, exact

_BADGES = {
    Trust.VERIFIED: Badge("ok", "Verified"),
    Trust.CLAIMED: Badge("", "Claimed"),
    Trust.BROKEN: Badge("warn", "Broken"),
    Trust.NONE: Badge("", "None"),
}

# What is to be seen of a ticket that came to nothing goes when the worker was heard of since.
_STAGES = {"waiting": "Not yet taken by its agent", "taken": "Its agent is at it"}
_OTHERWISE = {"clean": "On exit 0", "crash": "On a crash", "hang": "When it hangs"}
_SUPERVISORS = {"farmhand": "Farmhand", "systemd": "systemd"}


@dataclass(frozen=True)
class Remedy:
    """Something that its agent can do for a worker; key is what the form sends, why says how its service is."""

    key: str
    label: str
    why: str


@dataclass(frozen=True)
class Errand:
    """What its agent was asked to do. over: nothing more will come of it, and why."""

    to: str
    stage: str
    by: str
    asked: Moment
    seen: bool
    over: str = ""


@dataclass(frozen=True)
class Upkeep:
    """A worker's supervisor in the list: how far its restart can be relied on, and what its agent can do or does."""

    badge: Badge
    why: str
    remedy: Remedy | None
    errand: Errand | None


# Of a worker of which nothing is known.
NO_UPKEEP = Upkeep(_BADGES[Trust.CLAIMED], "", None, None)


def upkeep(worker: Worker, now: int) -> Upkeep:
    """Say what a worker's row says."""
    found = agents.judge(worker, now)
    errand = _errand(worker, now)
    under_way = errand is not None and not errand.over
    verb = None if under_way else agents.remedy(worker, now)
    remedy = None if verb is None else Remedy(verb.value, agents.LABELS[verb], _service(worker.attended))
    return Upkeep(_BADGES[found.trust], found.why, remedy, errand)


def _service(found: Attended | None) -> str:
    """Say how a service is, and how it got there."""
    if found is None:
        return ""
    ended = f", it ended last with {found.exit}" if found.exit else ""
    return f"{found.active} ({found.sub}), {found.result}{ended}"


def _errand(worker: Worker, now: int) -> Errand | None:
    ticket = worker.attended.ticket if worker.attended else None
    if ticket is None or (worker.last_seen or 0) > (ticket.ended_at or ticket.expires_at):
        return None
    state = agents.ticket_state(ticket, now)
    if state == "done":
        return None
    over = "" if agents.is_open(ticket, now) else _failed(ticket, state)
    to = agents.LABELS[ticket.verb].lower()
    return Errand(to, _STAGES.get(state, state), ticket.by, Moment(ticket.made_at, now), state == "taken", over)


def _failed(ticket: Ticket, state: str) -> str:
    """Say why nothing came of a ticket."""
    tried = "started" if ticket.verb is Verb.START else "restarted"
    if state == "expired":
        return f"Not {tried}: its agent did not take the ticket in time"
    return f"Not {tried}: {ticket.text or 'its agent did not say what came of it'}"


def facts(
    worker: Worker, judged: Judgement, drill: Drill | None, policy: Mapping[str, str], now: int
) -> list[tuple[str, str]]:
    """Return what is known of a worker's supervisor, as pairs. policy: what its agent says that it does otherwise."""
    found = worker.attended
    known = [] if found is None else _of_service(found, now)
    code = worker.attended.worker_code if worker.attended else None
    restart = ("On a restart" if code is None else f"On exit {code}", judged.why)
    others = [(label, policy[key]) for key, label in _OTHERWISE.items() if key in policy]
    unknown = [] if others else [("Otherwise", "not known: only an agent on its machine can tell")]
    return [*known, restart, *others, *unknown, ("Last drill", _drilled(drill, now))]


def _of_service(found: Attended, now: int) -> list[tuple[str, str]]:
    seen = Moment(found.heard_at, now).full
    return [
        ("Runs under", f"{_SUPERVISORS.get(found.supervisor, found.supervisor)}, {found.service}"),
        ("Its service", _service(found)),
        ("Restarts", f"{found.restarts} by its supervisor, since somebody started it"),
        ("Agent", f"{found.agent}, heard of {seen}"),
    ]


def _drilled(drill: Drill | None, now: int) -> str:
    if drill is None:
        return "none yet"
    gap = f", away for {exact(drill.gap)}" if drill.gap is not None else ""
    return f"{drill.state}{gap}; begun {Moment(drill.at, now).full} by {drill.by}"
