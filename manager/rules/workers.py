"""What a worker goes through, and who counts as lost. Pure: the store loads and saves around it.

Each rule takes a worker and returns it changed, with the facts to be told. Times are milliseconds since the epoch.
"""

from dataclasses import dataclass, replace
from enum import Enum

from ...worker.wire import Request, Status, TaskStatus
from .attended import Attended
from .facts import Fact, Kind


@dataclass(frozen=True)
class Terms:
    """What an operator says beside a wish.

    deadline: when "after the task" becomes "immediately". until: when a worker that was sent to sleep is woken again.
    held: it is meant immediately, and can be undone until its deadline.
    """

    deadline: int | None = None
    until: int | None = None
    reason: str = ""
    held: bool = False


PLAIN = Terms()


@dataclass(frozen=True)
class Pending:
    """What an operator asked of a worker and the worker has not yet done.

    by: who asked. seq: the event that told of it. seen_at: when the worker was told, or None.
    """

    id: str
    wish: Request
    by: str
    at: int
    seq: int = 0
    seen_at: int | None = None
    terms: Terms = PLAIN


@dataclass(frozen=True)
class LastWish:
    """What a person last had a worker become: kept when it is done, and whatever the farm does by itself afterwards.

    until: when the farm ends it, or None where it does not. A restart is no such wish: it leaves things as they are.
    """

    request_id: str
    status: Status
    by: str
    at: int
    reason: str = ""
    until: int | None = None


# What the farm asks by itself is asked by nobody, or by one of these; operators have other names.
FARM = ("sleep schedule", "rolling action")


def is_farm(by: str) -> bool:
    """Say whether the farm itself asked."""
    return not by or by.startswith(FARM)


@dataclass(frozen=True)
class LastTask:
    """The task a worker was handed last; `active` where the worker is at work on it."""

    id: str
    job_id: str
    name: str
    job_name: str
    status: TaskStatus
    steps_completed: int
    steps_total: int
    active: bool
    started_at: int | None
    ended_at: int | None
    type: str = ""


@dataclass(frozen=True)
class Worker:
    """One worker, which is a process and never a computer.

    status: as last reported, or ERROR for a lost one, whose former status is lost_from. resume: how it starts
    next time, AWAKE or ASLEEP. idle: it asked for work and there was none. pushes: it keeps a request open.
    incarnation: how often it has signed on. bell: the newest event that concerns it. unit: what it said of the
    definition that it runs under, as drift.py keeps it. wished: what a person last had it become. waiting: nobody has
    let it in yet.
    """

    id: str
    name: str
    status: Status
    can_restart: bool
    task_types: tuple[str, ...] = ()
    address: str = ""
    platform: str = ""
    version: str = ""
    lost_from: Status | None = None
    resume: Status | None = None
    idle: bool = False
    pushes: bool = False
    incarnation: int = 0
    bell: int = 0
    unit: str | None = None
    registered_at: int = 0
    last_seen: int | None = None
    request: Pending | None = None
    wished: LastWish | None = None
    task: LastTask | None = None
    attended: Attended | None = None
    waiting: bool = False

    @property
    def busy(self) -> bool:
        return self.task is not None and self.task.active


class Situation(Enum):
    """The states that an operator tells apart; BETWEEN has ended a task and not yet asked for the next.

    A worker is WAITING until it is let in, whatever it says of itself.
    """

    WAITING = "wants to join"
    STARTING = "starting"
    IDLE = "awake, idle"
    BUSY = "awake, busy"
    BETWEEN = "awake, between tasks"
    ASLEEP = "asleep"
    OFFLINE = "offline"
    RESTARTING = "offline, restarting"
    LOST = "error"


_SITUATIONS = {
    Status.STARTING: Situation.STARTING,
    Status.ASLEEP: Situation.ASLEEP,
    Status.ERROR: Situation.LOST,
    Status.OFFLINE: Situation.OFFLINE,
    Status.RESTART: Situation.OFFLINE,
}


def situation(worker: Worker) -> Situation:
    """Tell where the worker is."""
    if worker.waiting:
        return Situation.WAITING
    found = _SITUATIONS.get(worker.status)
    if found is Situation.OFFLINE and _wants(worker, Status.RESTART):
        return Situation.RESTARTING
    if found is not None:
        return found
    if worker.busy:
        return Situation.BUSY
    return Situation.IDLE if worker.idle else Situation.BETWEEN


@dataclass(frozen=True)
class Moved:
    """A worker after something happened to it, and what there is to tell."""

    worker: Worker
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Announcement:
    """What a worker says of itself when it signs on. unit: of its definition, as drift.py keeps it.

    invocation: the run of a service that it is of. restart_code: the exit code with which it asks to be started again.
    """

    name: str
    version: str
    task_types: tuple[str, ...]
    can_restart: bool
    address: str
    unit: str | None = None
    invocation: str | None = None
    restart_code: int | None = None


def start_status(worker: Worker) -> Status:
    """Return the status that a worker signing on is told to take."""
    if worker.waiting:
        return Status.ASLEEP
    if worker.request is not None:
        return worker.request.wish.status
    return worker.resume or Status.AWAKE


def sign_on(worker: Worker, said: Announcement, now: int) -> Moved:
    """A new process speaks for the worker. That is what a pending restart waited for."""
    facts = [Fact(Kind.WORKER_SIGNED_ON, {"from": worker.status.value, "incarnation": worker.incarnation + 1})]
    after = replace(
        worker,
        name=said.name,
        version=said.version,
        task_types=said.task_types,
        can_restart=said.can_restart,
        address=said.address,
        unit=said.unit,
        status=Status.STARTING,
        lost_from=None,
        idle=False,
        pushes=False,
        incarnation=worker.incarnation + 1,
    )
    return _tell(_fulfil(Moved(after, tuple(facts)), Status.RESTART, now), now)


def report(worker: Worker, status: Status, now: int) -> Moved:
    """The worker says what it has become. Any other request than for this status stays pending."""
    facts = () if status is worker.status else (_moved(worker.status, status),)
    resume = None if status in (Status.AWAKE, Status.ASLEEP) else worker.resume
    after = replace(worker, status=status, lost_from=None, resume=resume, idle=False)
    return _fulfil(Moved(after, facts), status, now)


def sign_off(worker: Worker, now: int) -> Moved:
    """The worker says good-bye. Whether it was awake or asleep is kept for its next start, and is no request.

    A restart is not done yet: it is when the worker signs on again.
    """
    was = worker.lost_from or worker.status
    resume = was if was in (Status.AWAKE, Status.ASLEEP) else worker.resume
    after = replace(worker, status=Status.OFFLINE, lost_from=None, resume=resume, idle=False, pushes=False)
    return _fulfil(Moved(after, (Fact(Kind.WORKER_SIGNED_OFF, {"from": worker.status.value}),)), Status.OFFLINE, now)


def alive(worker: Worker, now: int) -> Moved:
    """The worker gave a sign of life: a lost one is what it was before."""
    if worker.lost_from is None:
        return Moved(worker)
    back = replace(worker, status=worker.lost_from, lost_from=None)
    return _fulfil(Moved(back, (Fact(Kind.WORKER_BACK, {"to": back.status.value}),)), back.status, now)


def told(worker: Worker, now: int) -> Moved:
    """The worker learnt what is asked of it."""
    return _tell(Moved(worker), now)


def hears(worker: Worker, seq: int, now: int) -> Moved:
    """The worker keeps a request open, and has heard of all events up to `seq`."""
    moved = Moved(replace(worker, pushes=True))
    news = worker.request is not None and worker.request.seq <= seq
    return _tell(moved, now) if news else moved


def lose(worker: Worker, now: int) -> Moved:
    """The worker has been silent for too long. What was asked of it still waits for it."""
    silent = now - (worker.last_seen or worker.registered_at)
    after = replace(worker, status=Status.ERROR, lost_from=worker.status, idle=False, pushes=False)
    return Moved(after, (Fact(Kind.WORKER_LOST, {"from": worker.status.value, "silent": silent}),))


# Those of whom nothing is expected, and those already given up.
MAY_BE_SILENT = frozenset({Status.OFFLINE, Status.ERROR, Status.RESTART})


def patience(status: Status, *, pushes: bool, polling: int, pushing: int) -> int | None:
    """Return how long a worker may be silent before it counts as lost, or None where it may for ever.

    polling and pushing are what is granted to a worker that polls, and to one that keeps a request open.
    """
    if status in MAY_BE_SILENT:
        return None
    return pushing if pushes else polling


def requeues(status: Status) -> bool:
    """Say whether a worker that reports this status has let go of its task."""
    return status is not Status.AWAKE


def _wants(worker: Worker, status: Status) -> bool:
    return worker.request is not None and worker.request.wish.status is status


def _moved(was: Status, now: Status) -> Fact:
    return Fact(Kind.WORKER_STATUS, {"from": was.value, "to": now.value})


def _fulfil(moved: Moved, status: Status, now: int) -> Moved:
    """Close the pending request if it asked for this status."""
    pending = moved.worker.request
    if pending is None or pending.wish.status is not status:
        return moved
    done = Fact(Kind.REQUEST_DONE, {**naming(pending), "took": now - pending.at})
    after = replace(moved.worker, request=None, wished=_wished(moved.worker.wished, pending))
    return Moved(after, (*moved.facts, done))


def _wished(last: LastWish | None, done: Pending) -> LastWish | None:
    """Return what holds once a request is done. What the farm does ends an "until", and overwrites nothing else."""
    if done.wish.status is Status.RESTART:
        return last
    if is_farm(done.by):
        return last and replace(last, until=None)
    return LastWish(done.id, done.wish.status, done.by, done.at, done.terms.reason, done.terms.until)


def _tell(moved: Moved, now: int) -> Moved:
    """Note that the worker knows of the pending request."""
    pending = moved.worker.request
    if pending is None or pending.seen_at is not None:
        return moved
    seen = replace(pending, seen_at=now)
    return Moved(replace(moved.worker, request=seen), (*moved.facts, Fact(Kind.REQUEST_SEEN, naming(pending))))


def naming(pending: Pending) -> dict[str, object]:
    """Return the detail by which an event names a request."""
    named: dict[str, object] = {"request": pending.id, "status": pending.wish.status.value, "lazy": pending.wish.lazy}
    return {**named, "held": True} if pending.terms.held else named
