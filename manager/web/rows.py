"""What the pages say about one worker. Pure: templates only print it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...worker.wire import Status
from ..rules.workers import LastTask, Pending, Situation, Worker, situation
from .menu import change_words
from .moments import Moment

# A worker that keeps a request open is heard of every 25 s, one that polls every 20 s; three times that is late.
LATE_MS = 75_000


@dataclass(frozen=True)
class State:
    """A status as shown: the name picks shape and colour, the word says it."""

    name: str
    word: str


WORKING, DRAINING = State("working", "Working"), State("draining", "Draining")
IDLE, ASLEEP = State("idle", "Idle"), State("asleep", "Asleep")
STARTING, OFFLINE = State("starting", "Starting"), State("offline", "Offline")
LOST = State("error", "Lost")
STATES = (WORKING, DRAINING, IDLE, ASLEEP, STARTING, OFFLINE, LOST)

# Where the worker is: its state, and what stands in place of a task.
SHOWN: Mapping[Situation, tuple[State, str]] = {
    Situation.STARTING: (STARTING, "Signed on, about to begin"),
    Situation.IDLE: (IDLE, "Free"),
    Situation.BUSY: (WORKING, ""),
    Situation.BETWEEN: (IDLE, "Between two tasks"),
    Situation.ASLEEP: (ASLEEP, "Takes no task until it is woken up"),
    Situation.OFFLINE: (OFFLINE, "Signed off"),
    Situation.RESTARTING: (State("starting", "Restarting"), "Signed off to restart"),
    Situation.LOST: (LOST, "No sign of life"),
}


@dataclass(frozen=True)
class Doing:
    """The task a worker is at work on."""

    id: str
    job_id: str
    job: str
    name: str
    title: str
    percent: int
    since: Moment | None


@dataclass(frozen=True)
class Change:
    """A pending change. seen: the worker knows of it."""

    to: str
    stage: str
    title: str
    by: str
    asked: Moment
    seen: bool


@dataclass(frozen=True)
class Row:
    """One worker as the list and its own page show it; `after` dates the note."""

    id: str
    name: str
    state: State
    restartable: bool
    task: Doing | None
    note: str
    after: Moment | None
    change: Change | None
    seen: Moment | None
    late: bool
    restarts: int
    version: str
    address: str
    picked: bool = False

    @property
    def bad(self) -> bool:
        return self.state is LOST


def row(worker: Worker, now: int) -> Row:
    """Say about one worker what its row says."""
    here = situation(worker)
    state, note = SHOWN[here]
    busy = worker.task if here is Situation.BUSY else None
    if busy and worker.request and worker.request.wish.lazy and worker.request.seen_at is not None:
        state = DRAINING
    return Row(
        id=worker.id,
        name=worker.name,
        state=state,
        restartable=worker.can_restart,
        task=doing(busy, now) if busy else None,
        note=f"{note}; it was {worker.lost_from.value}" if worker.lost_from else note,
        after=free_since(worker, now) if here is Situation.IDLE else None,
        change=change(worker.request, now) if worker.request else None,
        seen=Moment(worker.last_seen, now) if worker.last_seen else None,
        late=is_late(worker, now),
        restarts=max(0, worker.incarnation - 1),
        version=worker.version,
        address=worker.address,
    )


def doing(task: LastTask, now: int) -> Doing:
    return Doing(
        id=task.id,
        job_id=task.job_id,
        job=task.job_name,
        name=task.name,
        title=f"{task.job_name}, {task.name}",
        percent=percent(task.steps_completed, task.steps_total),
        since=Moment(task.started_at, now) if task.started_at else None,
    )


def percent(done: int, total: int) -> int:
    """Return the whole percents; 100 only when all is done."""
    return 100 * min(done, total) // total if total else 0


def free_since(worker: Worker, now: int) -> Moment | None:
    return Moment(worker.task.ended_at, now) if worker.task and worker.task.ended_at else None


def change(pending: Pending, now: int) -> Change:
    """Say what is pending; "asked for" is all that is true until the worker has been told."""
    seen = pending.seen_at is not None
    stage = "Seen by the worker" if seen else "Asked for, not yet seen by the worker"
    asked = Moment(pending.at, now)
    return Change(
        to=change_words(pending.wish),
        stage=stage,
        title=f"{stage}; asked for by {pending.by}, {asked.full}",
        by=pending.by,
        asked=asked,
        seen=seen,
    )


def is_late(worker: Worker, now: int) -> bool:
    """Say whether a worker that should be heard of has been silent for too long."""
    if worker.status is Status.OFFLINE or worker.last_seen is None:
        return False
    return worker.status is Status.ERROR or now - worker.last_seen > LATE_MS
