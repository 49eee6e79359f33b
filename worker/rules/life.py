"""The life of a worker: what to ask the manager next, and what follows from the answer.

Nothing here waits or does. `loop.py` keeps one `Life`; it asks `question` what to ask now, brings the
answer back with `heard`, tells of the bell, of the end of a task and of signals, and then does what the
phase says: run `task` in BUSY, end it in ABORT, exit in GONE. Whatever is not yet as it should be is
simply asked again when `due`, so a lost answer needs no path of its own. Times are monotonic seconds.

    REGISTER -> SIGN_ON -> AWAKE <-> BUSY -> ABORT -> AWAKE
                              <-> ASLEEP          -> LEAVE -> GONE
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import inf

from ..wire import DENIED_EXIT_CODE, Status
from .answers import (
    Answer,
    Asked,
    Denied,
    KeepRunning,
    NotAwake,
    Noted,
    NoWork,
    Registered,
    SignedOn,
    Stay,
    StopRunning,
    Task,
    Trouble,
    Work,
)
from .backoff import about, delay
from .status import Become, Leave, next_step


class Phase(Enum):
    REGISTER = "registering"
    SIGN_ON = "signing on"
    AWAKE = "awake"
    BUSY = "running a task"
    ABORT = "aborting its task"
    ASLEEP = "asleep"
    LEAVE = "signing off"
    GONE = "gone"


class Question(Enum):
    """A call of the worker API, seen as a question."""

    REGISTER = "register"
    SIGN_ON = "sign on"
    TELL_AWAKE = "tell: awake"
    TELL_ASLEEP = "tell: asleep"
    FETCH = "fetch a task"
    STATE = "ask for a request"
    MAY_I_RUN = "may I keep running"
    SIGN_OFF = "sign off"


# In which phase a question makes sense, and so its answer; one that arrives later is ignored.
ASKED_IN = {
    Question.REGISTER: {Phase.REGISTER},
    Question.SIGN_ON: {Phase.SIGN_ON},
    Question.TELL_AWAKE: {Phase.AWAKE},
    Question.TELL_ASLEEP: {Phase.ASLEEP},
    Question.FETCH: {Phase.AWAKE},
    Question.STATE: {Phase.AWAKE, Phase.ASLEEP},
    Question.MAY_I_RUN: {Phase.BUSY},
    Question.SIGN_OFF: {Phase.LEAVE},
}

# Seconds between two looks when nothing happens: by phase, without a bell and with one.
PACE = {
    Phase.AWAKE: (5.0, 25.0),
    Phase.ASLEEP: (3.0, 25.0),
    Phase.BUSY: (5.0, 10.0),
}

# Seconds after which a sleeping worker without a bell says again that it sleeps: a Flamenco manager that has lost it,
# while its machine was suspended for example, answers its questions as if nothing had happened.
SAY_AGAIN = 60.0

# Seconds that the last report of a task has to arrive before the worker asks for news in spite of it.
DELIVERY = 1.0
# Seconds that leaving may take: until the reports are left for the next start, and in all.
LAST_REPORTS = 3.0
LAST_CALL = 6.0
LAST_TRIES = 3


@dataclass(frozen=True)
class Life:
    """Where a worker is in its life.

    due: when to ask next. told: the status that the manager was told, None if it must be told; told_at: when.
    requested: a request is pending whose name is not known yet. failures: calls in a row that came to nothing.
    exit_code: set once it is certain that the worker leaves. why: the reason for the phase, for people.
    """

    phase: Phase
    restart_code: int | None = None
    due: float = -inf
    told: Status | None = None
    told_at: float = -inf
    task: Task | None = None
    requested: bool = False
    pushed: bool = False
    failures: int = 0
    exit_code: int | None = None
    leave_at: float = inf
    gone_at: float = inf
    why: str = ""


def question(life: Life, now: float, *, reports_waiting: bool) -> Question | None:
    """Return what to ask the manager now, or None if it is not time for anything.

    While reports wait no task is fetched: a manager that has not heard that a task is done would hand it out again.
    """
    if life.phase is Phase.LEAVE:
        ready = now >= life.due and (not reports_waiting or now >= life.leave_at)
        return Question.SIGN_OFF if ready else None
    if now < life.due:
        return None
    match life.phase:
        case Phase.REGISTER:
            return Question.REGISTER
        case Phase.SIGN_ON:
            return Question.SIGN_ON
        case Phase.AWAKE:
            if life.told is not Status.AWAKE and not life.requested:
                return Question.TELL_AWAKE
            return Question.STATE if life.requested or reports_waiting else Question.FETCH
        case Phase.ASLEEP:
            known = life.told is Status.ASLEEP and (life.pushed or now < life.told_at + SAY_AGAIN)
            return Question.STATE if known else Question.TELL_ASLEEP
        case Phase.BUSY:
            return Question.MAY_I_RUN
        case _:
            return None


def wake_at(life: Life, *, reports_waiting: bool) -> float:
    """Return when `question`, or `too_late`, may next have something to say."""
    if life.phase is Phase.LEAVE:
        return min(max(life.due, life.leave_at) if reports_waiting else life.due, life.gone_at)
    return inf if life.phase in (Phase.ABORT, Phase.GONE) else life.due


def heard(life: Life, asked: Question, answer: Answer, now: float, chance: float) -> Life:
    """Return the life after an answer; `chance` from 0 to 1 spreads the calls of a farm over time."""
    if life.phase not in ASKED_IN[asked]:
        return life
    match answer:
        case Trouble(message):
            return _later(life, message, now, chance)
        case Denied(message):
            return _denied(life, asked, message)
        case NotAwake(message):
            return _sign_on_again(life, message, now, chance)
        case Registered():
            return replace(life, phase=Phase.SIGN_ON, failures=0, due=now, why="registered")
        case SignedOn(status, push):
            signed_on = replace(life, phase=Phase.AWAKE, told=None, pushed=push is not None)
            return _obey(signed_on, status, now)
        case Asked(status):
            return _obey(replace(life, failures=0), status, now)
        case Work(task):
            return _at_pace(replace(life, phase=Phase.BUSY, task=task, why=""), now, chance)
        case StopRunning(reason, status_change):
            return replace(life, phase=Phase.ABORT, failures=0, requested=status_change, why=reason)
        case Noted() if asked is Question.SIGN_OFF:
            return replace(life, phase=Phase.GONE)
        case Noted():
            told = Status.AWAKE if asked is Question.TELL_AWAKE else Status.ASLEEP
            return replace(life, told=told, told_at=now, due=now, why="")
        case Stay() if life.requested:
            return replace(life, requested=False, failures=0, due=now)
        case Stay() | NoWork() | KeepRunning():
            return _at_pace(replace(life, why=""), now, chance)


def rang(life: Life, now: float) -> Life:
    """The bell rang: ask now, whatever there is to ask. It is no cure for a manager that fails."""
    return replace(life, due=now) if life.phase in PACE else life


def bell(life: Life, *, works: bool) -> Life:
    """Note whether the bell can be relied on; without it the worker looks more often."""
    return replace(life, pushed=works)


def drained(life: Life, now: float) -> Life:
    """The last waiting report has been delivered, so that a task may be fetched."""
    return replace(life, due=now) if life.phase is Phase.AWAKE and not life.failures else life


def task_over(life: Life, now: float) -> Life:
    """The task ended, and nothing of it runs any more."""
    over = replace(life, task=None)
    if life.exit_code == DENIED_EXIT_CODE:
        return replace(over, phase=Phase.GONE)
    if life.exit_code is not None:
        return _leave(over, life.exit_code, life.why, now)
    aborted = life.phase is Phase.ABORT
    return replace(over, phase=Phase.AWAKE, due=now if aborted else now + DELIVERY)


def told_to_stop(life: Life, why: str, now: float) -> Life:
    """The system asks the process to end: abort the task, sign off, exit 0."""
    if life.phase is Phase.REGISTER:
        return replace(life, phase=Phase.GONE, exit_code=0, why=why)
    if life.phase in (Phase.BUSY, Phase.ABORT):
        return replace(life, phase=Phase.ABORT, exit_code=0, why=why)
    return life if life.phase in (Phase.LEAVE, Phase.GONE) else _leave(life, 0, why, now)


def too_late(life: Life, now: float) -> Life:
    """Leave without a word if the manager did not listen in time."""
    return replace(life, phase=Phase.GONE) if life.phase is Phase.LEAVE and now >= life.gone_at else life


def leaving(life: Life) -> bool:
    return life.exit_code is not None


def describe(life: Life) -> str:
    """Say in a line what the worker is doing, and why."""
    doing = f"running task {life.task.name}" if life.phase is Phase.BUSY and life.task else life.phase.value
    return f"{doing} ({life.why})" if life.why else doing


def _obey(life: Life, status: Status, now: float) -> Life:
    step = next_step(status, restart_code=life.restart_code)
    match step:
        case Leave(exit_code):
            return _leave(life, exit_code, f"asked to become {status.value}", now)
        case Become(status):
            phase = Phase.ASLEEP if status is Status.ASLEEP else Phase.AWAKE
            return replace(life, phase=phase, told=None, requested=False, due=now, why="")


def _leave(life: Life, exit_code: int, why: str, now: float) -> Life:
    return replace(
        life,
        phase=Phase.LEAVE,
        exit_code=exit_code,
        failures=0,
        due=now,
        leave_at=now + LAST_REPORTS,
        gone_at=now + LAST_CALL,
        why=why,
    )


def _later(life: Life, message: str, now: float, chance: float) -> Life:
    failures = life.failures + 1
    if life.phase is Phase.LEAVE and failures >= LAST_TRIES:
        return replace(life, phase=Phase.GONE)
    return replace(
        life, failures=failures, due=now + delay(failures, chance), why=life.why if leaving(life) else message
    )


def _sign_on_again(life: Life, message: str, now: float, chance: float) -> Life:
    """Make the manager see a worker that it lost. At once, but not in a circle."""
    spread = delay(life.failures, chance) if life.failures else 0.0
    return replace(life, phase=Phase.SIGN_ON, told=None, failures=life.failures + 1, due=now + spread, why=message)


def _denied(life: Life, asked: Question, message: str) -> Life:
    """Go without a word: the manager would not listen to it."""
    if asked is Question.SIGN_OFF:
        return replace(life, phase=Phase.GONE)
    phase = Phase.ABORT if life.phase is Phase.BUSY else Phase.GONE
    return replace(life, phase=phase, exit_code=DENIED_EXIT_CODE, why=message)


def _at_pace(life: Life, now: float, chance: float) -> Life:
    seconds = PACE[life.phase][life.pushed]
    return replace(life, failures=0, due=now + about(seconds, chance))
