"""What the pages say about one worker. Pure: templates only print it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from ....worker.wire import Status
from ...rules.actions import asker
from ...rules.finding import MANY_RESTARTS, RESTART_MS, Beside
from ...rules.holding import held_until
from ...rules.promptness import HEARS_AT_ONCE, within
from ...rules.remaining import remaining
from ...rules.versions import is_older
from ...rules.workers import LastTask, Pending, Situation, Worker, situation
from ..actions.menu import change_words
from ..actions.termwords import joined, rest_words, terms_words
from ..moments import Moment
from .upkeep import NO_UPKEEP, Upkeep, upkeep

# A worker that keeps a request open is heard of every 25 s, one that polls every 20 s; three times that is late.
LATE_MS = 75_000

# Characters of tags on the two lines of a row, with what stands around them; the rest is a number that unfolds.
TAG_ROOM = 22


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
    Situation.WAITING: (State("starting", "Wants to join"), "Gets no task until somebody lets it in"),
    Situation.STARTING: (STARTING, "Signed on, about to begin"),
    Situation.IDLE: (IDLE, "Free"),
    Situation.BUSY: (WORKING, ""),
    Situation.BETWEEN: (IDLE, "Between two tasks"),
    Situation.ASLEEP: (ASLEEP, "Takes no task until somebody, or its schedule, wakes it"),
    Situation.OFFLINE: (OFFLINE, "Signed off"),
    Situation.RESTARTING: (State("starting", "Restarting"), "Signed off to restart"),
    Situation.LOST: (LOST, "No sign of life"),
}


@dataclass(frozen=True)
class Doing:
    """The task a worker is at work on. percent: None where it does not tell how far it has come.

    ends: when it will be done, None where nobody can tell.
    """

    id: str
    job_id: str
    job: str
    name: str
    title: str
    percent: int | None
    since: Moment | None
    ends: Moment | None = None


@dataclass(frozen=True)
class Change:
    """A pending change. seen: the worker knows of it. within: how long that may take, "" for no time worth a word.

    terms: until when and why, "" where nothing is said of it. undo: until when it can be undone.
    hurries: it waits for a task that could be aborted instead.
    """

    to: str
    stage: str
    title: str
    by: str
    asked: Moment
    seen: bool
    within: str
    terms: str
    undo: Moment | None = None
    hurries: bool = False


@dataclass(frozen=True)
class Age:
    """What happened when; the words go before the time."""

    words: str
    at: Moment


@dataclass(frozen=True)
class Row:
    """One worker as the list and its own page show it.

    age: dates the note. due: when a restart should be over, in milliseconds; overdue: it is not, by then. restarts: all
    of them, lately: those of the last 24 hours. spared: whoever looks may not act on it. skew: "older" or "newer" than
    the version that most workers have.
    """

    id: str
    name: str
    state: State
    restartable: bool
    task: Doing | None
    note: str
    age: Age | None
    due: int | None
    overdue: bool
    change: Change | None
    seen: Moment | None
    late: bool
    restarts: int
    version: str
    address: str
    lately: int = 0
    skew: str = ""
    tags: tuple[str, ...] = ()
    picked: bool = False
    spared: bool = False
    upkeep: Upkeep = NO_UPKEEP

    @property
    def bad(self) -> bool:
        return self.state is LOST

    @property
    def first_tags(self) -> tuple[str, ...]:
        """Return the tags that a row has room for, each of them whole."""
        room = list(accumulate(len(tag) + 2 for tag in self.tags))
        return self.tags[: max(1, sum(taken <= TAG_ROOM for taken in room))]

    @property
    def more_tags(self) -> tuple[str, ...]:
        return self.tags[len(self.first_tags) :]

    @property
    def many(self) -> bool:
        return self.lately > MANY_RESTARTS

    @property
    def wants_attention(self) -> bool:
        return self.bad or self.overdue


ALONE = Beside()


def row(worker: Worker, now: int, beside: Beside = ALONE, version: str = "") -> Row:
    """Say about one worker what its row says. version: the one that most workers have."""
    here = situation(worker)
    state, note = SHOWN[here]
    busy = worker.task if here is Situation.BUSY else None
    if busy and worker.request and worker.request.wish.lazy and worker.request.seen_at is not None:
        state = DRAINING
    due = worker.last_seen + RESTART_MS if worker.last_seen and here is Situation.RESTARTING else None
    return Row(
        id=worker.id,
        name=worker.name,
        state=state,
        restartable=worker.can_restart,
        task=doing(busy, now, beside.usual) if busy else None,
        note=noted(worker, note, now),
        age=age(worker, here, now),
        due=due,
        overdue=due is not None and now >= due,
        change=change(worker, worker.request, now) if worker.request else None,
        seen=Moment(worker.last_seen, now) if worker.last_seen else None,
        late=is_late(worker, here, now),
        restarts=max(0, worker.incarnation - 1),
        lately=beside.restarts,
        version=worker.version,
        skew=skew(worker.version, version),
        tags=beside.tags,
        address=worker.address,
        upkeep=upkeep(worker, now),
    )


def noted(worker: Worker, note: str, now: int) -> str:
    """Add to a note what a lost worker was; of one that rests since somebody wanted it so say until when and why."""
    if worker.lost_from:
        return f"{note}; it was {worker.lost_from.value}"
    wished = worker.wished
    rests = wished is not None and worker.status is wished.status and worker.status is not Status.AWAKE
    words = rest_words(wished, now) if wished and rests else ""
    return f"{words[:1].upper()}{words[1:]}" or note


def skew(version: str, usual: str) -> str:
    """Say how a version differs from the usual one, where that can be told."""
    if is_older(version, usual):
        return "older"
    return "newer" if is_older(usual, version) else ""


def doing(task: LastTask, now: int, usual: int | None = None) -> Doing:
    left = remaining(task, usual, now)
    return Doing(
        id=task.id,
        job_id=task.job_id,
        job=task.job_name,
        name=task.name,
        title=f"{task.job_name}, {task.name}",
        percent=known_percent(task.steps_completed, task.steps_total),
        since=Moment(task.started_at, now) if task.started_at else None,
        ends=Moment(now + left, now) if left is not None else None,
    )


def percent(done: int, total: int) -> int:
    """Return the whole percents; 100 only when all is done."""
    return 100 * min(done, total) // total if total else 0


def known_percent(done: int, total: int) -> int | None:
    """Return the whole percents, or None for a task of one step: it is begun until it is done."""
    return percent(done, total) if total > 1 else None


def age(worker: Worker, here: Situation, now: int) -> Age | None:
    """Say when that happened which the note tells of."""
    if here is Situation.IDLE and worker.task and worker.task.ended_at:
        return Age(", last task ", Moment(worker.task.ended_at, now))
    if here is Situation.RESTARTING and worker.last_seen:
        return Age(" ", Moment(worker.last_seen, now))
    return None


def change(worker: Worker, pending: Pending, now: int) -> Change:
    """Say what is pending; "asked for" is all that is true until the worker has been told."""
    seen = pending.seen_at is not None
    seconds = None if seen else within(worker, pending.wish)
    slow = f"within {seconds} s" if seconds is not None and seconds > HEARS_AT_ONCE else ""
    stage = "Seen by the worker" if seen else "Not yet seen by the worker"
    stage += f", which asks by itself: {slow}" if slow else ""
    asked, by = Moment(pending.at, now), asker(pending.by)
    held = held_until(pending)
    terms = terms_words(pending.terms, now, lazy=pending.wish.lazy and held is None)
    return Change(
        to=change_words(replace(pending.wish, lazy=pending.wish.lazy and held is None)),
        stage=stage,
        title=joined(stage, f"asked for by {by}, {asked.full}", terms),
        by=by,
        asked=asked,
        seen=seen,
        within=slow,
        terms=terms,
        undo=None if held is None else Moment(held, now),
        hurries=worker.busy and pending.wish.lazy and held is None,
    )


def is_late(worker: Worker, here: Situation, now: int) -> bool:
    """Say whether a worker that should be heard of has been silent for too long."""
    if here is Situation.OFFLINE or worker.last_seen is None:
        return False
    allowed = RESTART_MS if here is Situation.RESTARTING else LATE_MS
    return here is Situation.LOST or now - worker.last_seen >= allowed
