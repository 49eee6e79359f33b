"""What an action would do, worker by worker, before anybody is asked; and what has changed since that was said. Pure.

Times are milliseconds since the epoch, spans are milliseconds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ...worker.wire import Request, Status
from . import actions, agents
from .actions import Answer, Asked
from .agents import Trust
from .remaining import remaining
from .workers import LastTask, Moved, Terms, Worker

# A loss, in milliseconds, for which nobody who agreed to one of that job is asked again.
TRIFLE = 60_000


class Fate(Enum):
    """What would become of a worker's part in an action."""

    ASKED = "asked"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Abort(Enum):
    """Whether the action would abort what the worker is at."""

    NEVER = "never"
    NOW = "now"
    AT_DEADLINE = "at-deadline"  # unless it is finished before; it does not look so, or nobody can tell


@dataclass(frozen=True)
class Loss:
    """The task that a worker is at, and what an abort costs.

    abort: when, if at all. lost: the time that went into it by then. percent: how far it has come. remaining: how long
    it takes at that pace. None where it does not tell.
    """

    task_id: str
    task: str
    job_id: str
    job: str
    abort: Abort
    lost: int
    percent: int | None
    remaining: int | None


@dataclass(frozen=True)
class Step:
    """What an action would do to one worker; the text completes "NAME ...". replaces: the request that it would."""

    worker_id: str
    name: str
    fate: Fate
    text: str
    loss: Loss | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class TagCapacity:
    """The same of the workers that have a tag; during: how many are, at worst, while it is done."""

    tag: str
    before: int
    during: int


@dataclass(frozen=True)
class Capacity:
    """How many workers of the farm are awake, and would be; `restarting` of them come back by themselves."""

    before: int
    after: int
    restarting: int
    tags: tuple[TagCapacity, ...] = ()

    @property
    def during(self) -> int:
        """Return how many are awake, at worst, while it is done."""
        return self.after - self.restarting


@dataclass(frozen=True)
class Farm:
    """What a plan has to know of the farm: how many workers there are, how many awake, by tag too, and who has it."""

    workers: int
    awake: int
    by_tag: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, Collection[str]] = field(default_factory=dict)  # of the plan's workers, by their ids


# Of which nothing is to be told.
NO_FARM = Farm(0, 0)


@dataclass(frozen=True)
class Plan:
    """An action for many workers, and what it would do. farm: how many workers there are in all."""

    wish: Request
    terms: Terms
    steps: tuple[Step, ...]
    capacity: Capacity
    farm: int = 0


@dataclass(frozen=True)
class Totals:
    """Sums over a plan.

    lost: the time that went into the tasks that are aborted now, longest: that into which most did. at_risk: how many
    may not be finished by the deadline. remaining: how long the longest task takes that is waited for; None where no
    task is, unknown: of so many it cannot be told.
    """

    asked: int
    unchanged: int
    refused: int
    aborted: int
    lost: int
    at_risk: int
    longest: tuple[Step, Loss] | None = None
    remaining: int | None = None
    unknown: int = 0


# Whom an operator may not act on, by the worker's id, and why; completes "NAME ...".
Spared = Mapping[str, str]
NOBODY: Spared = {}


def plan(
    workers: Sequence[Worker],
    wish: Request,
    terms: Terms,
    *,
    farm: Farm,
    by: str,
    now: int,
    spared: Spared = NOBODY,
) -> Plan:
    """Foresee an action."""
    steps = tuple(_step(worker, wish, terms, by, now, spared) for worker in workers)
    asked = {step.worker_id for step in steps if step.fate is Fate.ASKED}
    concerned = [worker for worker in workers if worker.id in asked]
    return Plan(wish, terms, steps, _capacity(concerned, wish.status, farm), farm.workers)


def ask(worker: Worker, wish: Request, *, id: str, by: str, now: int, terms: Terms, spared: Spared = NOBODY) -> Asked:
    """Ask it of a worker, but leave out whom it would not do any good; that is only asked by itself."""
    refusal = spared.get(worker.id) or _left_out(worker, wish, now)
    if refusal is not None:
        return Asked(Moved(worker), Answer(worker.id, worker.name, False, refusal, changed=False))
    return actions.ask(worker, wish, id=id, by=by, now=now, terms=terms)


def _left_out(worker: Worker, wish: Request, now: int) -> str | None:
    """Say why a worker is no part of a restart of many: it is known that it would not come back."""
    if wish.status is not Status.RESTART:
        return None
    found = agents.judge(worker, now)
    return f"would not come back: {found.why}" if found.trust is Trust.BROKEN else None


def _step(worker: Worker, wish: Request, terms: Terms, by: str, now: int, spared: Spared) -> Step:
    answer = ask(worker, wish, id="", by=by, now=now, terms=terms, spared=spared).answer
    if not answer.accepted:
        return Step(worker.id, worker.name, Fate.REFUSED, answer.text)
    if not answer.changed:
        return Step(worker.id, worker.name, Fate.UNCHANGED, answer.text)
    loss = _loss(worker.task, wish, terms, now) if worker.busy and worker.task else None
    replaces = worker.request.id if worker.request else None
    return Step(worker.id, worker.name, Fate.ASKED, answer.text, loss, replaces)


def _loss(task: LastTask, wish: Request, terms: Terms, now: int) -> Loss:
    elapsed = max(0, now - (task.started_at or now))
    done, total = min(task.steps_completed, task.steps_total), task.steps_total
    left = remaining(task, None, now)
    abort = _abort(wish, terms, now, left)
    grown = terms.deadline - now if abort is Abort.AT_DEADLINE and terms.deadline else 0
    return Loss(
        task_id=task.id,
        task=task.name,
        job_id=task.job_id,
        job=task.job_name,
        abort=abort,
        lost=0 if abort is Abort.NEVER else elapsed + grown,
        percent=100 * done // total if total > 1 else None,
        remaining=left,
    )


def _abort(wish: Request, terms: Terms, now: int, left: int | None) -> Abort:
    if wish.status is Status.AWAKE:
        return Abort.NEVER
    if not wish.lazy:
        return Abort.NOW
    in_time = terms.deadline is None or (left is not None and now + left <= terms.deadline)
    return Abort.NEVER if in_time else Abort.AT_DEADLINE


def _capacity(asked: Sequence[Worker], status: Status, farm: Farm) -> Capacity:
    were = [worker.id for worker in asked if worker.status is Status.AWAKE]
    gone = len(were) if status in (Status.OFFLINE, Status.ASLEEP) else 0
    come = len(asked) - len(were) if status is Status.AWAKE else 0
    restarting = len(were) if status is Status.RESTART else 0
    away = Counter(tag for id in were for tag in farm.tags.get(id, ())) if gone or restarting else Counter[str]()
    tags = tuple(TagCapacity(tag, farm.by_tag[tag], farm.by_tag[tag] - count) for tag, count in sorted(away.items()))
    return Capacity(farm.awake, farm.awake - gone + come, restarting, tags)


def totals(steps: Iterable[Step]) -> Totals:
    """Add up a plan."""
    given = list(steps)
    losing = [(step, step.loss) for step in given if step.loss is not None]
    losses = [loss for _, loss in losing]
    now = [loss for loss in losses if loss.abort is Abort.NOW]
    aborted = [(step, loss) for step, loss in losing if loss.abort is Abort.NOW]
    return Totals(
        asked=sum(step.fate is Fate.ASKED for step in given),
        unchanged=sum(step.fate is Fate.UNCHANGED for step in given),
        refused=sum(step.fate is Fate.REFUSED for step in given),
        aborted=len(now),
        lost=sum(loss.lost for loss in now),
        at_risk=sum(loss.abort is Abort.AT_DEADLINE for loss in losses),
        longest=max(aborted, key=lambda each: each[1].lost, default=None),
        remaining=max((loss.remaining for loss in losses if loss.remaining is not None), default=None),
        unknown=sum(loss.remaining is None for loss in losses),
    )


# -- what has changed since


@dataclass(frozen=True)
class Changed:
    """A worker to which the action would now do something else than was said; the text completes "NAME ..."."""

    worker_id: str
    name: str
    text: str


def changes(before: Sequence[Step], after: Sequence[Step]) -> list[Changed]:
    """Compare two plans of one action for the same workers, as far as it matters to who agreed to the first.

    It does where a task would be aborted of which nothing was said, where what a worker does is another thing
    altogether, and where somebody has asked something of it meanwhile. How far a task has come does not, nor that its
    job's next one has taken its place, as long as that costs no more: where tasks are short, no plan could be applied.
    """
    now: Mapping[str, Step] = {step.worker_id: step for step in after}
    found = [(was, _changed(was, now.get(was.worker_id))) for was in before]
    return [Changed(was.worker_id, was.name, text) for was, text in found if text]


def _changed(was: Step, now: Step | None) -> str:
    if now is None:
        return "is not known here any more"
    if was.fate is not now.fate or (now.fate is Fate.ASKED and was.replaces != now.replaces):
        return f"{now.text} (planned: {was.text})"
    before, loss = _aborted(was), _aborted(now)
    if loss is not None and (before is None or not _as_agreed(before, loss)):
        return f"is now at another task, which would be aborted: {loss.job}, {loss.task}"
    return ""


def _aborted(step: Step) -> Loss | None:
    return step.loss if step.loss is not None and step.loss.abort is Abort.NOW else None


def _as_agreed(was: Loss, now: Loss) -> bool:
    """Say whether who agreed to lose one task has agreed to lose this one as well."""
    return was.task_id == now.task_id or (was.job_id == now.job_id and now.lost <= max(was.lost, TRIFLE))
