"""The life of a task as a table, and what a worker may still do with one. Pure: the store loads and saves around it.

Times are milliseconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...worker.wire import JobStatus, Status, TaskStatus
from .workers import Worker


@dataclass(frozen=True)
class Task:
    """One task.

    worker_id: who has it, or had it last. attempt: how often it was handed out. incarnation: the worker's at the last
    hand-out. blockers: how many tasks it waits for. picture_at: when a picture of it arrived last. tag_id: what a
    worker needs to take it, or None.
    """

    id: str
    job_id: str
    index_in_job: int
    name: str
    type: str
    priority: int
    status: TaskStatus
    activity: str
    steps_completed: int
    steps_total: int
    updated_at: int
    started_at: int | None = None
    ended_at: int | None = None
    last_touched: int | None = None
    worker_id: str | None = None
    worker_name: str | None = None
    attempt: int = 0
    incarnation: int = 0
    blockers: int = 0
    picture_at: int | None = None
    job_name: str = ""
    job_type: str = ""
    job_status: JobStatus = JobStatus.ACTIVE
    job_priority: int = 50
    tag_id: str | None = None
    worker_address: str | None = None


@dataclass(frozen=True)
class Command:
    """One step of a task; steps is 0 for a command that does not count its own."""

    name: str
    parameters: Mapping[str, object]
    steps: int = 0


class Step(Enum):
    """What can happen to a task."""

    HAND_OUT = "handed out"
    COMPLETE = "completed"
    SOFT_FAIL = "failed, another worker may try"
    FAIL = "failed"
    REQUEUE = "queued again"
    CANCEL = "canceled"
    PAUSE = "paused"


# A person may say of any task how it ended, as nobody else knows what was done by hand.
_BY_HAND: Mapping[Step, TaskStatus] = {
    Step.REQUEUE: TaskStatus.QUEUED,
    Step.COMPLETE: TaskStatus.COMPLETED,
    Step.FAIL: TaskStatus.FAILED,
    Step.CANCEL: TaskStatus.CANCELED,
}
_WAITING: Mapping[Step, TaskStatus] = {
    **_BY_HAND,
    Step.HAND_OUT: TaskStatus.ACTIVE,
    Step.PAUSE: TaskStatus.PAUSED,
}

# A step that is missing cannot happen in that status.
LIFE: Mapping[TaskStatus, Mapping[Step, TaskStatus]] = {
    TaskStatus.QUEUED: _WAITING,
    TaskStatus.SOFT_FAILED: _WAITING,
    TaskStatus.ACTIVE: {**_BY_HAND, Step.SOFT_FAIL: TaskStatus.SOFT_FAILED, Step.PAUSE: TaskStatus.PAUSED},
    TaskStatus.COMPLETED: {Step.REQUEUE: TaskStatus.QUEUED},
    TaskStatus.FAILED: {Step.REQUEUE: TaskStatus.QUEUED, Step.COMPLETE: TaskStatus.COMPLETED},
    TaskStatus.CANCELED: {Step.REQUEUE: TaskStatus.QUEUED, Step.COMPLETE: TaskStatus.COMPLETED},
    TaskStatus.PAUSED: _BY_HAND,
}

# From these a task may be handed out, once all that it needs is completed.
CLAIMABLE = frozenset(status for status, steps in LIFE.items() if Step.HAND_OUT in steps)

PAUSING = frozenset({JobStatus.PAUSED, JobStatus.PAUSE_REQUESTED})


class Refused(Exception):
    """What was asked of a task or job cannot be; the text is shown to who asked."""


def after(status: TaskStatus, step: Step) -> TaskStatus:
    """Return the status that follows, or raise Refused."""
    try:
        return LIFE[status][step]
    except KeyError:
        raise Refused(f"a task that is {status.value} cannot be {step.value}") from None


def requeued(job: JobStatus) -> TaskStatus:
    """Return what a task becomes when its worker lets go of it: no failure, whatever the reason was."""
    return TaskStatus.PAUSED if job in PAUSING else TaskStatus.QUEUED


# What an operator may make of a task, and by which step.
WISHES: Mapping[TaskStatus, Step] = {
    TaskStatus.QUEUED: Step.REQUEUE,
    TaskStatus.COMPLETED: Step.COMPLETE,
    TaskStatus.FAILED: Step.FAIL,
    TaskStatus.CANCELED: Step.CANCEL,
    TaskStatus.PAUSED: Step.PAUSE,
}


def wished(status: TaskStatus, wish: TaskStatus) -> TaskStatus:
    """Return what an operator's wish makes of a task, or raise Refused."""
    if wish not in WISHES:
        choices = ", ".join(choice.value for choice in WISHES)
        raise Refused(f"nobody can make a task {wish.value}; what can be asked for is {choices}")
    return after(status, WISHES[wish])


@dataclass(frozen=True)
class Permission:
    """Whether a worker may keep running a task; status_change where an operator's request is the reason."""

    granted: bool
    reason: str = ""
    status_change: bool = False


def may_run(worker: Worker, task: Task | None) -> Permission:
    """Answer a busy worker that asks whether it still should be."""
    if worker.request is not None and not worker.request.wish.lazy:
        return Permission(False, "worker status change requested", status_change=True)
    if task is None:
        return Permission(False, "the task is unknown")
    if task.worker_id != worker.id:
        return Permission(False, "the task was assigned to another worker")
    if task.status is not TaskStatus.ACTIVE:
        return Permission(False, f"the task is {task.status.value}, and no longer active")
    return Permission(True)


def refuse_report(worker: Worker, task: Task, attempt: int | None) -> str | None:
    """Say why a report about a task comes too late, or None where it is welcome.

    A Flamenco worker sends no attempt. Reports that it kept while the manager was away reach it after the next
    sign-on; they are welcome until the task has been handed out anew.
    """
    if task.worker_id != worker.id:
        return f"task {task.id} is not assigned to you"
    if task.status is not TaskStatus.ACTIVE:
        return f"task {task.id} is {task.status.value}, it is no longer yours to report on"
    if attempt is not None and attempt != task.attempt:
        return f"task {task.id} is at attempt {task.attempt}, this is a report of attempt {attempt}"
    return None


# What a worker's task is until somebody takes it from it; a picture may come after the end.
_DONE_BY_IT = frozenset({TaskStatus.ACTIVE, TaskStatus.COMPLETED, TaskStatus.SOFT_FAILED, TaskStatus.FAILED})


def refuse_picture(worker: Worker, task: Task) -> str | None:
    """Say why a worker's picture of a task is not kept, or None where it is."""
    if task.worker_id != worker.id:
        return f"task {task.id} is not assigned to you"
    if task.status not in _DONE_BY_IT:
        return f"task {task.id} is {task.status.value}, it is no longer yours to show"
    return None


def refuse_work(worker: Worker) -> str | None:
    """Say why a worker gets no task now, or None where it may have one."""
    if worker.status is Status.AWAKE:
        return None
    return f'worker is in state "{worker.status.value}", requires state "awake" to execute tasks'


@dataclass(frozen=True)
class Thresholds:
    """block: a worker that fails this many tasks of a type in a job gets no more of them. fail: a task that this many
    workers failed is failed."""

    block: int = 3
    fail: int = 3


@dataclass(frozen=True)
class Failure:
    """What follows from a worker's failure.

    status: the task's. block: no more tasks of this type in this job for the worker, whose failures there are queued
    again. job_fails: nobody is left who could do it.
    """

    status: TaskStatus
    reason: str
    block: bool = False
    job_fails: bool = False


def failed(thresholds: Thresholds, *, by_worker: int, workers: int, others: int) -> Failure:
    """Judge a failure; the first rule that speaks wins.

    by_worker: how many tasks of this type in this job the worker has failed. workers: how many workers have failed
    this task. Both count this failure. others: how many existing workers have the task type and may still try it.
    """
    if by_worker >= thresholds.block:
        reason = f"its worker has failed {by_worker} tasks like it and gets no more of them"
        return Failure(TaskStatus.QUEUED if others else TaskStatus.FAILED, reason, block=True, job_fails=not others)
    if workers >= thresholds.fail:
        return Failure(TaskStatus.FAILED, f"{workers} workers have failed it")
    if not others:
        return Failure(TaskStatus.FAILED, "there is no other worker that could try it", job_fails=True)
    return Failure(TaskStatus.SOFT_FAILED, f"one of {others} other workers may try it")
