"""The life of a job: what its tasks make of it, and what it makes of its tasks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...worker.wire import JobStatus, TaskStatus
from .tags import Tag, waits
from .tasks import LIFE, PAUSING, Command, Refused, Step, Task


@dataclass(frozen=True)
class Job:
    """One job with its tally: how many of its tasks are in each status. Times are milliseconds since the epoch.

    tag: which workers take it. storage: what its submitter said of its files. picture_at: when its newest picture was
    made.
    """

    id: str
    number: int
    name: str
    type: str
    priority: int
    status: JobStatus
    activity: str
    settings: Mapping[str, object]
    metadata: Mapping[str, str]
    submitted_by: str
    created_at: int
    updated_at: int
    steps_completed: int
    steps_total: int
    tally: Mapping[TaskStatus, int] = field(default_factory=dict)
    tag: Tag | None = None
    storage: Mapping[str, object] | None = None
    picture_at: int | None = None

    @property
    def waits(self) -> str:
        """Why nobody may take its tasks though they wait to be done; empty where somebody may."""
        return "" if self.status in ENDED else waits(self.tag)


@dataclass(frozen=True)
class DraftTask:
    """A task to be; needs are the indices, in its draft, of the tasks that must be completed first."""

    name: str
    type: str
    commands: tuple[Command, ...]
    needs: tuple[int, ...] = ()
    priority: int = 50

    @property
    def steps(self) -> int:
        return sum(max(1, command.steps) for command in self.commands)


@dataclass(frozen=True)
class Draft:
    """A job to be: what a job type made of a submission."""

    name: str
    type: str
    priority: int
    settings: Mapping[str, object]
    metadata: Mapping[str, str]
    tasks: tuple[DraftTask, ...]
    status: JobStatus = JobStatus.QUEUED
    tag_id: str | None = None
    storage: Mapping[str, object] | None = None


# Jobs whose tasks are handed out.
RUNNABLE = frozenset({JobStatus.QUEUED, JobStatus.ACTIVE})

# Nothing more becomes of these by itself.
ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELED})

# A job is failed when this share of its tasks is.
FAILED_SHARE = 0.1


@dataclass(frozen=True)
class Turn:
    """What becomes of a job, and the step that its tasks take with it, those that can."""

    status: JobStatus
    reason: str
    step: Step | None = None


def after_task(
    status: JobStatus, tally: Mapping[TaskStatus, int], changed: TaskStatus, *, stuck: bool = False
) -> Turn | None:
    """Say what a task's change to `changed` makes of its job, or None; the tally is the one after the change.

    stuck: nothing of the job runs, and nothing of it can be handed out.
    """
    failures, total = tally.get(TaskStatus.FAILED, 0), sum(tally.values())
    match changed:
        case TaskStatus.COMPLETED if tally.get(TaskStatus.COMPLETED, 0) == total:
            turn = Turn(JobStatus.COMPLETED, "all of its tasks are completed")
        case TaskStatus.FAILED if failures >= FAILED_SHARE * total:
            turn = Turn(JobStatus.FAILED, f"{failures} of its {total} tasks failed", Step.CANCEL)
        case TaskStatus.COMPLETED | TaskStatus.FAILED | TaskStatus.CANCELED if stuck and failures:
            reason = f"{failures} of its {total} tasks failed, and nothing more can run"
            turn = Turn(JobStatus.FAILED, reason, Step.CANCEL)
        case TaskStatus.COMPLETED | TaskStatus.CANCELED if stuck:
            turn = Turn(JobStatus.CANCELED, "none of its tasks is left to run", Step.CANCEL)
        case TaskStatus.QUEUED if status in ENDED:
            turn = Turn(JobStatus.QUEUED, "one of its tasks is queued again")
        case TaskStatus.QUEUED:
            return None
        case _ if status in PAUSING:
            if tally.get(TaskStatus.ACTIVE) or status is JobStatus.PAUSED:
                return None
            turn = Turn(JobStatus.PAUSED, "none of its tasks is running any more")
        case TaskStatus.ACTIVE | TaskStatus.SOFT_FAILED | TaskStatus.COMPLETED if status is JobStatus.QUEUED:
            turn = Turn(JobStatus.ACTIVE, "its tasks are being worked on")
        case _:
            return None
    return None if turn.status is status else turn


def may_be_stuck(tally: Mapping[TaskStatus, int]) -> bool:
    """Say whether tasks of a job may wait for ones that will not be completed, or none is left."""
    given_up = tally.get(TaskStatus.FAILED, 0) + tally.get(TaskStatus.CANCELED, 0)
    return bool(given_up) and not tally.get(TaskStatus.ACTIVE) and not tally.get(TaskStatus.PAUSED)


# What may be asked of a job, under the names for "do it" and for "it is done" alike.
WISHES: Mapping[JobStatus, Step] = {
    JobStatus.CANCEL_REQUESTED: Step.CANCEL,
    JobStatus.CANCELED: Step.CANCEL,
    JobStatus.FAILED: Step.CANCEL,
    JobStatus.PAUSE_REQUESTED: Step.PAUSE,
    JobStatus.PAUSED: Step.PAUSE,
    JobStatus.REQUEUEING: Step.REQUEUE,
    JobStatus.QUEUED: Step.REQUEUE,
}


def wished(status: JobStatus, tally: Mapping[TaskStatus, int], wish: JobStatus) -> Turn:
    """Say what an operator's wish makes of a job and its tasks, or raise Refused."""
    if wish not in WISHES:
        choices = ", ".join(choice.value for choice in WISHES)
        raise Refused(f"nobody can make a job {wish.value}; what can be asked for is {choices}")
    step = WISHES[wish]
    if step is not Step.REQUEUE and status in ENDED:
        raise Refused(f"the job is {status.value} already")
    match step:
        case Step.CANCEL if wish is JobStatus.FAILED:
            return Turn(JobStatus.FAILED, "given up on request", step)
        case Step.CANCEL:
            return Turn(JobStatus.CANCELED, "canceled on request", step)
        case Step.PAUSE:
            running = tally.get(TaskStatus.ACTIVE, 0)
            return Turn(JobStatus.PAUSE_REQUESTED if running else JobStatus.PAUSED, "paused on request", step)
        case _:
            return Turn(_queued_again(status, tally), "queued again on request", step)


def check_alone(it: Task) -> None:
    """Raise Refused for a task of a job that has ended, if it could not run were it alone queued again."""
    if it.job_status in ENDED and it.blockers:
        others = f"{it.blockers} other {'tasks' if it.blockers > 1 else 'task'}"
        raise Refused(f"its job is {it.job_status.value}, and it needs {others} first; queue the job again")


def because(turn: Turn, reason: str) -> Turn:
    """Give a turn the operator's reason, where there is one."""
    return replace(turn, reason=reason) if reason else turn


def _queued_again(status: JobStatus, tally: Mapping[TaskStatus, int]) -> JobStatus:
    """Name the status of a job queued again; nothing is left to do where all is done but the job was not completed."""
    if tally.get(TaskStatus.ACTIVE):
        return JobStatus.ACTIVE
    done = tally.get(TaskStatus.COMPLETED, 0) == sum(tally.values())
    return JobStatus.COMPLETED if done and status is not JobStatus.COMPLETED else JobStatus.QUEUED


def moves(status: JobStatus, step: Step) -> Mapping[TaskStatus, TaskStatus]:
    """Return which of a job's tasks take a step with it, and to where.

    A job queued again does only what it has not done, but a completed one does all of it again. What is running goes
    on when a job is queued again, and when it is paused.
    """
    spared = {TaskStatus.COMPLETED} if step is Step.REQUEUE and status is not JobStatus.COMPLETED else set()
    spared |= {TaskStatus.ACTIVE, TaskStatus.QUEUED} if step is Step.REQUEUE else set()
    spared |= {TaskStatus.ACTIVE} if step is Step.PAUSE else set()
    return {task: steps[step] for task, steps in LIFE.items() if step in steps and task not in spared}
