"""What an agent may be asked, what becomes of a ticket, and whether a worker's restart is to be relied on. Pure.

Times are milliseconds since the epoch. A refusal completes "NAME ...".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from ...worker.wire import Status
from .attended import Attended, Ticket, Verb
from .facts import Fact, Kind
from .workers import Situation, Worker, situation

# How long a ticket may be taken, and how long one that was taken is handed out again until its outcome is told.
TICKET_MS = 60_000
UNDERWAY_MS = 600_000

# An agent keeps a request open, which is answered after 25 s: one that was silent for longer than this is away.
AWAY_MS = 60_000

# A worker that keeps a request open is told of a wish at once, one that polls within 20 s; some workers take a while to
# end their task.
PATIENCE_MS = 30_000


LABELS = {Verb.START: "Start", Verb.RESTART: "Restart by its agent"}

_RUN = re.compile(r"[0-9a-f]{32}")
_HIGHEST_CODE = 2**32 - 1  # on Windows

_HELP = "run 'farmhand agent' there to have it done from here"


def refuse(worker: Worker, verb: Verb, now: int) -> str | None:
    """Say why a worker's agent is not asked to do this, or None where it is."""
    unwanted = _no_need_to_start(worker) if verb is Verb.START else _no_need_to_restart(worker, now)
    if unwanted is not None:
        return unwanted
    found = worker.attended
    if found is None:
        how = "start it" if verb is Verb.START else "restart it"
        return f"has no agent on its machine: {how} there by hand, or {_HELP}"
    return _unable(found, now)


def _unable(found: Attended, now: int) -> str | None:
    if now - found.heard_at > AWAY_MS:
        return f"cannot be reached: its agent {found.agent} has not been heard of for {_age(now - found.heard_at)}"
    if found.trouble:
        return f"cannot be reached: its agent {found.agent} does not see {found.service}: {found.trouble}"
    return None


def _no_need_to_start(worker: Worker) -> str | None:
    here, found = situation(worker), worker.attended
    if found is not None and found.own and not found.up:
        return None  # whatever it said last: its process is gone
    if here not in (Situation.OFFLINE, Situation.RESTARTING, Situation.LOST):
        return f"is running already: it is {here.value}"
    if found is not None and found.up:
        return f"is {here.value} although its service {found.service} is {found.active}: restart that"
    return None


def _no_need_to_restart(worker: Worker, now: int) -> str | None:
    here = situation(worker)
    if here in (Situation.OFFLINE, Situation.RESTARTING):
        up = worker.attended is not None and worker.attended.up
        return None if up else "is not running: start it instead"
    return None if hangs(worker, now) else "answers: ask it to restart by itself"


def hangs(worker: Worker, now: int) -> bool:
    """Say whether a worker that should answer does not: lost, silent, or not doing what was asked."""
    if worker.status is Status.ERROR:
        return True
    if now - (worker.last_seen or worker.registered_at) > PATIENCE_MS:
        return True
    pending = worker.request
    if pending is None or now - pending.at <= PATIENCE_MS:
        return False
    return not (pending.wish.lazy and worker.busy)


def remedy(worker: Worker, now: int) -> Verb | None:
    """Return what its agent can do for a worker that needs it."""
    return next((verb for verb in Verb if refuse(worker, verb, now) is None), None)


# -- what a worker says of its process: a text by somebody else; what makes no sense is as if nothing had been said


def kept_run(said: object) -> str | None:
    """Return the run of a service that a worker's process is of: an id of 128 bits, hexadecimal."""
    return said if isinstance(said, str) and _RUN.fullmatch(said) else None


def kept_code(said: object) -> int | None:
    """Return the exit code with which a worker asks to be started again."""
    return said if type(said) is int and 0 <= said <= _HIGHEST_CODE else None


# -- tickets


def ticket_state(ticket: Ticket, now: int) -> str:
    """Return waiting, taken, done, failed, refused or expired."""
    if ticket.outcome:
        return ticket.outcome
    if ticket.taken_at is not None:
        return "taken"
    return "expired" if now >= ticket.expires_at else "waiting"


def is_open(ticket: Ticket, now: int) -> bool:
    """Say whether something may still come of a ticket; its agent gets it whenever it asks."""
    if ticket.taken_at is not None:
        return not ticket.outcome and now < ticket.taken_at + UNDERWAY_MS
    return ticket_state(ticket, now) == "waiting"


# -- the restart


class Trust(Enum):
    """How far it can be relied on that a worker which is asked to restart comes back."""

    VERIFIED = "verified"
    CLAIMED = "claimed"
    BROKEN = "broken"
    NONE = "none"


@dataclass(frozen=True)
class Judgement:
    """The trust, why, and as of when, None where nobody looked."""

    trust: Trust
    why: str
    at: int | None = None


def judge(worker: Worker, now: int) -> Judgement:
    """Say whether a worker's restart is to be relied on, by what its agent attests."""
    if not worker.can_restart:
        return Judgement(Trust.NONE, "it was started without a restart code (--restart-exit-code)")
    found = worker.attended
    if found is None:
        return Judgement(Trust.CLAIMED, "it says that it can; no agent on its machine looks at its service")
    doubt = _doubt(found, now)
    if doubt is not None:
        return Judgement(Trust.CLAIMED, doubt, found.attested_at)
    trust = Trust.VERIFIED if found.holds else Trust.BROKEN
    return Judgement(trust, f"{found.service}: {found.why}", found.attested_at)


def _doubt(found: Attended, now: int) -> str | None:
    """Say why what an agent attests is not about the worker as it is now."""
    if now - found.heard_at > AWAY_MS:
        return f"its agent {found.agent} has not been heard of for {_age(now - found.heard_at)}"
    if found.trouble:
        return f"its agent {found.agent} does not see {found.service}: {found.trouble}"
    if not found.same_run:
        return f"its process is not of the run of {found.service} that its agent {found.agent} sees"
    if found.worker_code is None or found.code != found.worker_code:
        return f"its agent {found.agent} has not yet looked what exit code {found.worker_code} does"
    return None


def _age(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


# -- the drill


@dataclass(frozen=True)
class Drill:
    """A restart to see that it works. gap: milliseconds from signing off to signing on again, None until then.

    state: "under way", "done", "not back" where it should be by now, or "withdrawn" where somebody took it back.
    """

    request_id: str
    by: str
    at: int
    state: str = "under way"
    gap: int | None = None


_DRILLED = frozenset({Situation.IDLE, Situation.BETWEEN, Situation.ASLEEP})


def refuse_drill(worker: Worker) -> str | None:
    """Say why a worker is not restarted just to see whether it works."""
    here = situation(worker)
    if not worker.can_restart:
        return "cannot restart: it was started without a restart code (--restart-exit-code)"
    if worker.request is not None:
        return "has a change pending: wait until that is done, or take it back"
    if here not in _DRILLED:
        return f"is {'lost' if here is Situation.LOST else here.value}: a drill is for a worker that is idle or asleep"
    return None


@dataclass(frozen=True)
class Told:
    """One event of a worker, as far as a drill is concerned."""

    at: int
    fact: Fact


def follow_drill(drill: Drill, events: Iterable[Told], now: int) -> Drill:
    """Say how a drill went, by what was told of the worker since, oldest first."""
    left: int | None = None
    for event in events:
        mine = event.fact.detail.get("request") == drill.request_id
        if event.fact.kind in (Kind.WORKER_SIGNED_OFF, Kind.WORKER_LOST) and left is None:
            left = event.at
        if mine and event.fact.kind is Kind.REQUEST_WITHDRAWN:
            return replace(drill, state="withdrawn")
        if mine and event.fact.kind is Kind.REQUEST_DONE:
            return replace(drill, state="done", gap=None if left is None else event.at - left)
    return drill if left is None or now - left <= PATIENCE_MS else replace(drill, state="not back")
