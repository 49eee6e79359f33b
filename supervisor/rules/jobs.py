"""Requests as jobs: at most one a service, merged or replaced as systemd does. No clock, no I/O.

A job waits until it may run, is begun, and lives until the service's state settles it: that is what the one who
asked waits for (systemd, src/core/job.c).
"""

from collections.abc import Mapping

from ...units.light import Enum
from ...units.spec import Service
from .exitstatus import Result
from .life import Event
from .states import FINAL, STARTING, STOPPING, Active, State, active_state


class Kind(Enum):
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    RELOAD = "reload"
    VERIFY = "verify-active"


class Outcome(Enum):
    """What became of a job, in systemd's words."""

    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    DEPENDENCY = "dependency"
    INVALID = "invalid"
    SKIPPED = "skipped"
    ASSERT = "assert"
    TIMEOUT = "timeout"


class Ready(Enum):
    """What a job finds when its turn has come."""

    BEGIN = "tell the service"
    ALREADY = "there is nothing to do"
    UNDER_WAY = "the service is at it"
    WAIT = "try again when the state has changed"
    NUDGE = "tell the service, and try again when the state has changed"
    REFUSE = "it makes no sense"
    SKIP = "it is not as it has to be"


EVENTS: Mapping[Kind, Event] = {
    Kind.START: Event.START,
    Kind.STOP: Event.STOP,
    Kind.RESTART: Event.STOP,  # once stopped, it becomes a START
    Kind.RELOAD: Event.RELOAD,
}

RESTING = frozenset({Active.INACTIVE, Active.FAILED})
RUNNING = frozenset({Active.ACTIVE, Active.RELOADING})
_ENDING = STOPPING | FINAL | {State.STOP, State.STOP_POST}

# What two different jobs that both keep the service come to; a STOP goes with nothing but itself. Of a start and a
# reload the state decides: what starts reads its configuration anyway.
_MERGED: Mapping[frozenset[Kind], Kind] = {
    frozenset({Kind.START, Kind.VERIFY}): Kind.START,
    frozenset({Kind.START, Kind.RESTART}): Kind.RESTART,
    frozenset({Kind.RELOAD, Kind.VERIFY}): Kind.RELOAD,
    frozenset({Kind.RELOAD, Kind.RESTART}): Kind.RESTART,
    frozenset({Kind.RESTART, Kind.VERIFY}): Kind.RESTART,
}


def merge(old: Kind, new: Kind, active: Active) -> Kind | None:
    """Return what both jobs come to, None if they exclude each other; systemd, job_type_merge_and_collapse."""
    if old is new:
        return old
    if {old, new} == {Kind.START, Kind.RELOAD}:
        return Kind.RELOAD if active in RUNNING else Kind.START
    return _MERGED.get(frozenset({old, new}))


def begins_anew(old: Kind, new: Kind) -> bool:
    """Say whether a begun job has to be begun again after merging: if the new one asks for more.

    A reload always does: what is being reloaded may have read its configuration already (systemd, job_install).
    """
    return new is Kind.RELOAD or (old is not new and _MERGED.get(frozenset({old, new})) is not old)


def redundant(kind: Kind, active: Active) -> bool:
    """Say whether a job would change nothing; systemd, job_type_is_redundant."""
    match kind:
        case Kind.START | Kind.VERIFY:
            return active in RUNNING
        case Kind.STOP:
            return active in RESTING
        case Kind.RELOAD:
            return active is Active.RELOADING
        case Kind.RESTART:
            return False


def ready(kind: Kind, service: Service, state: State) -> Ready:
    """Say what is to be done about a job in this state; systemd, unit_start, unit_stop and unit_reload."""
    active = active_state(service, state)
    match kind:
        case Kind.START:
            if active in RUNNING:
                return Ready.ALREADY
            if state in STARTING:
                return Ready.UNDER_WAY
            # During the restart delay it waits for the end of it: it does not shorten it.
            return Ready.NUDGE if state in _ENDING | {State.AUTO_RESTART} else Ready.BEGIN
        case Kind.STOP | Kind.RESTART:
            return Ready.ALREADY if active in RESTING else Ready.BEGIN
        case Kind.RELOAD:
            if active is Active.RELOADING or state in STARTING:
                return Ready.WAIT
            return Ready.BEGIN if active is Active.ACTIVE else Ready.REFUSE
        case Kind.VERIFY:
            if active in RUNNING:
                return Ready.ALREADY
            return Ready.WAIT if active is Active.ACTIVATING else Ready.SKIP


def judge(kind: Kind, *, begun: bool, active: Active, reload_result: Result) -> Outcome | None:
    """Say what a new state makes of a job, None while it goes on; systemd, unit_process_job."""
    rested = Outcome.FAILED if active is Active.FAILED else Outcome.DONE
    match kind:
        case Kind.START | Kind.VERIFY:
            if active in RUNNING:
                return Outcome.DONE
            return rested if begun and active in RESTING else None
        case Kind.STOP | Kind.RESTART:
            if active in RESTING:
                return Outcome.DONE
            return Outcome.FAILED if begun and active is not Active.DEACTIVATING else None
        case Kind.RELOAD:
            if begun and active is Active.ACTIVE:
                return Outcome.DONE if reload_result is Result.SUCCESS else Outcome.FAILED
            return rested if begun and active in RESTING else None


def wanted(verb: str, service: Service, state: State) -> Kind | None:
    """Return the job that a verb comes to in this state, None for none at all.

    verb: start, stop, restart, try-restart, reload, reload-or-restart, try-reload-or-restart.
    """
    active = active_state(service, state)
    reloads = service.can_reload and verb in ("reload-or-restart", "try-reload-or-restart")
    match verb:
        case "reload-or-restart" | "try-reload-or-restart" if reloads and active in RUNNING:
            return Kind.RELOAD
        case "reload-or-restart":
            return Kind.START if reloads else Kind.RESTART
        case "try-reload-or-restart" if reloads:
            return None
        case "try-restart" | "try-reload-or-restart":
            return None if active in RESTING | {Active.DEACTIVATING} else Kind.RESTART
        case _:
            return Kind(verb)
