"""A rolling action: one thing asked of many workers, so many at a time, a canary before all others. Pure.

The tables; rolling.py moves by them.

    waiting -> asked -> down -> back -> done           a worker's way; "back" it is watched for a while
                  '-------'-------'-> failed           which halts the whole

Who is asked or down takes one of the places; there are as many as may be down at once. A canary keeps the only one that
there is until it has been watched; the others are watched while the next ones go.
Times are milliseconds since the epoch, spans milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ...worker.wire import Request, Status
from .facts import Fact, Kind


class State(Enum):
    """Of the whole."""

    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"  # by itself; a person looks, and goes on or cancels
    DONE = "done"
    CANCELED = "canceled"


class Command(Enum):
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


DONE_BY: Mapping[Command, str] = {Command.PAUSE: "paused", Command.RESUME: "resumed", Command.CANCEL: "canceled"}

# What a person may have it do; a command that is missing makes no sense then.
COMMANDS: Mapping[State, Mapping[Command, State]] = {
    State.RUNNING: {Command.PAUSE: State.PAUSED, Command.CANCEL: State.CANCELED},
    State.PAUSED: {Command.RESUME: State.RUNNING, Command.CANCEL: State.CANCELED},
    State.HALTED: {Command.RESUME: State.RUNNING, Command.CANCEL: State.CANCELED},
    State.DONE: {},
    State.CANCELED: {},
}


class Stage(Enum):
    """Of one worker in it."""

    WAITING = "waiting"
    ASKED = "asked"
    DOWN = "down"
    BACK = "back"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    LEFT = "left"  # failed; it is back since, or a person went on without it


class Seen(Enum):
    """What there is to see of a worker that was asked."""

    WENT = "it went"
    CAME = "it came back"
    OLDER = "it came back older"
    ENDED = "it did not stay"
    LATE = "its time is over"
    TAKEN = "what was asked of it is not pending any more"
    REMOVED = "it was removed"


# What is missing makes no difference.
STEPS: Mapping[Stage, Mapping[Seen, Stage]] = {
    Stage.ASKED: {
        Seen.WENT: Stage.DOWN,
        Seen.CAME: Stage.BACK,
        Seen.OLDER: Stage.FAILED,
        Seen.ENDED: Stage.FAILED,
        Seen.LATE: Stage.FAILED,
        Seen.TAKEN: Stage.SKIPPED,
        Seen.REMOVED: Stage.SKIPPED,
    },
    Stage.DOWN: {
        Seen.CAME: Stage.BACK,
        Seen.OLDER: Stage.FAILED,
        Seen.ENDED: Stage.FAILED,
        Seen.LATE: Stage.FAILED,
        Seen.REMOVED: Stage.SKIPPED,
    },
    Stage.BACK: {
        Seen.ENDED: Stage.FAILED,
        Seen.LATE: Stage.DONE,  # it has been watched for long enough
        Seen.TAKEN: Stage.DONE,  # what it does next is no sign of anything
        Seen.REMOVED: Stage.SKIPPED,
    },
    # Better late than never; but it proves nothing, and that it halted stays as it is.
    Stage.FAILED: {Seen.CAME: Stage.LEFT, Seen.REMOVED: Stage.SKIPPED},
}

# These are not over; who failed is, since nobody is asked while somebody has.
PLACED = frozenset({Stage.ASKED, Stage.DOWN, Stage.BACK})

# Of these, who is away or soon will be.
AWAY = PLACED - {Stage.BACK}

# What can be done in turn: what workers come back from, or stay up in.
ROLLABLE = frozenset({Status.RESTART, Status.ASLEEP, Status.AWAKE})


LEFT_OUT = "was left out: the rolling action was canceled"


class Refused(Exception):
    """It cannot be so; the text says to the operator why."""


@dataclass(frozen=True)
class Rollout:
    """One rolling action.

    at_once: how many may be down. canary: one goes first, and the others wait until it has been watched. watch: for how
    long each is watched once it is back. patience: how long a worker may take to come back, or to do what is asked.
    deadline: how long after its turn came a task is waited for, or None.
    """

    id: str
    wish: Request
    by: str
    at_once: int
    canary: bool = True
    patience: int = 120_000
    watch: int = 30_000
    deadline: int | None = None
    reason: str = ""
    state: State = State.RUNNING
    why: str = ""
    made_at: int = 0
    ended_at: int | None = None

    @property
    def asker(self) -> str:
        """By which name it asks."""
        return f"rolling action {self.id[:8]} of {self.by}"


@dataclass(frozen=True)
class Turn:
    """One worker in a rolling action.

    version, incarnation: as it was asked, or came back. until: when its stage is over, or it is late.
    """

    worker_id: str
    name: str
    position: int
    stage: Stage = Stage.WAITING
    why: str = ""
    request_id: str | None = None
    version: str = ""
    incarnation: int = 0
    until: int | None = None
    asked_at: int | None = None
    down_at: int | None = None
    back_at: int | None = None
    ended_at: int | None = None


def turned(was: Rollout, now: Rollout) -> Fact:
    """Tell that the whole is in another state."""
    detail = {"rollout": now.id, "from": was.state.value, "to": now.state.value, "why": now.why}
    return Fact(Kind.ROLLOUT_STATUS, detail)


# -- what a person does


def commanded(rollout: Rollout, command: Command, by: str, now: int) -> Rollout:
    """Return it after a person's command, or raise Refused."""
    state = COMMANDS[rollout.state].get(command)
    if state is None:
        raise Refused(f"a rolling action that is {rollout.state.value} cannot be {DONE_BY[command]}")
    ended_at = now if state is State.CANCELED else None
    return replace(rollout, state=state, why=f"{DONE_BY[command]} by {by}", ended_at=ended_at)


def refuse(wish: Request, *, workers: int, at_once: int, deadline: int | None) -> str | None:
    """Say what is wrong with a rolling action that is to begin, or None where nothing is."""
    if wish.status not in ROLLABLE:
        return "action: nobody comes back from a Shut Down, for whom the next could wait; make a plan instead"
    if not workers:
        return "query: no worker is like that; nothing was begun"
    if at_once < 1:
        return "at_once: nobody would ever be asked; write 1 or more"
    if deadline is not None and not wish.lazy:
        return "deadline: only what waits for a task can have one; ask for it after the task is finished, or without it"
    return None


def places(workers: int, *, count: int | None, percent: float | None) -> int:
    """Return how many may be down at once: a number, or so many percent, which is one at least."""
    if percent is not None:
        return max(1, int(workers * percent / 100))
    return 1 if count is None else count
