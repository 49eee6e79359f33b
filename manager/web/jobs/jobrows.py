"""What the pages say about jobs and their tasks. Pure: templates only print it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....worker.wire import JobStatus, TaskStatus
from ...rules.jobs import ENDED, Job
from ...rules.tasks import Task
from ..api.jobjson import files_of
from ..moments import Moment, span
from ..workers.rows import State, known_percent, percent

JOB_STATES: Mapping[JobStatus, State] = {
    JobStatus.ACTIVE: State("working", "Active"),
    JobStatus.CANCELED: State("offline", "Canceled"),
    JobStatus.CANCEL_REQUESTED: State("draining", "Canceling"),
    JobStatus.COMPLETED: State("done", "Completed"),
    JobStatus.FAILED: State("error", "Failed"),
    JobStatus.PAUSED: State("paused", "Paused"),
    JobStatus.PAUSE_REQUESTED: State("draining", "Pausing"),
    JobStatus.QUEUED: State("queued", "Queued"),
    JobStatus.REQUEUEING: State("queued", "Requeueing"),
    JobStatus.UNDER_CONSTRUCTION: State("starting", "Being made"),
}

TASK_STATES: Mapping[TaskStatus, State] = {
    TaskStatus.ACTIVE: State("working", "Active"),
    TaskStatus.CANCELED: State("offline", "Canceled"),
    TaskStatus.COMPLETED: State("done", "Completed"),
    TaskStatus.FAILED: State("error", "Failed"),
    TaskStatus.QUEUED: State("queued", "Queued"),
    TaskStatus.SOFT_FAILED: State("draining", "To retry"),
    TaskStatus.PAUSED: State("paused", "Paused"),
}


@dataclass(frozen=True)
class Progress:
    """A job's bar, in tasks."""

    total: int
    done: int
    active: int
    failed: int
    percent: int

    @property
    def sentence(self) -> str:
        return f"{self.done} of {self.total} tasks done, {self.active} active, {self.failed} failed"


@dataclass(frozen=True)
class Button:
    """A wish about a job that its state allows; tone is a CSS class or empty."""

    wish: str
    label: str
    tone: str = ""


@dataclass(frozen=True)
class LastPicture:
    """Where a job's newest picture is, in the size of a page and in full."""

    small: str
    large: str


@dataclass(frozen=True)
class JobRow:
    id: str
    name: str
    type: str
    state: State
    progress: Progress
    activity: str
    priority: int
    by: str
    submitted: Moment
    ended: bool
    took: str
    buttons: Sequence[Button]
    waits: str = ""
    tag: str = ""
    tag_id: str = ""
    picture: LastPicture | None = None


def job_row(job: Job, now: int) -> JobRow:
    """Say about one job what its row and its page say."""
    return JobRow(
        id=job.id,
        name=job.name,
        type=job.type,
        state=JOB_STATES[job.status],
        progress=progress(job.tally),
        activity=_sentence(job.waits or job.activity),
        priority=job.priority,
        by=job.submitted_by,
        submitted=Moment(job.created_at, now),
        ended=job.status in ENDED,
        took=span((job.updated_at if job.status in ENDED else now) - job.created_at),
        buttons=BUTTONS.get(job.status, ()),
        waits=job.waits,
        tag=f"{job.tag.name}{' (deleted)' if job.tag.deleted else ''}" if job.tag else "",
        tag_id=job.tag.id if job.tag else "",
        picture=_last_picture(job),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _last_picture(job: Job) -> LastPicture | None:
    """Name the newest picture's addresses, which change with it."""
    if job.picture_at is None:
        return None
    address = f"{files_of(job.id)}/last-rendered{{}}.jpg?v={job.picture_at}"
    return LastPicture(address.format("-small"), address.format(""))


_PAUSE, _CANCEL = Button("paused", "Pause job"), Button("canceled", "Cancel job", "danger")
_AGAIN, _REST = Button("queued", "Do it all again"), Button("queued", "Requeue what is not done")
BUTTONS: Mapping[JobStatus, Sequence[Button]] = {
    JobStatus.ACTIVE: (_PAUSE, _CANCEL),
    JobStatus.QUEUED: (_PAUSE, _CANCEL),
    JobStatus.PAUSED: (Button("queued", "Resume job"), _CANCEL),
    JobStatus.PAUSE_REQUESTED: (Button("queued", "Resume job"), _CANCEL),
    JobStatus.FAILED: (_REST,),
    JobStatus.CANCELED: (_REST,),
    JobStatus.COMPLETED: (_AGAIN,),
}


def progress(tally: Mapping[TaskStatus, int]) -> Progress:
    total, done = sum(tally.values()), tally.get(TaskStatus.COMPLETED, 0)
    return Progress(total, done, tally.get(TaskStatus.ACTIVE, 0), tally.get(TaskStatus.FAILED, 0), percent(done, total))


@dataclass(frozen=True)
class Tally:
    state: State
    count: int


def tallies(tally: Mapping[TaskStatus, int]) -> list[Tally]:
    """Return the counts that are not zero, in a fixed order."""
    return [Tally(TASK_STATES[status], tally[status]) for status in TASK_STATES if tally.get(status)]


@dataclass(frozen=True)
class TaskRow:
    id: str
    name: str
    state: State
    percent: int | None
    active: bool
    activity: str
    worker_id: str | None
    worker: str
    attempt: int
    since: Moment | None
    took: str
    picture: int | None


def task_row(task: Task, now: int) -> TaskRow:
    """Say about one task what its row says."""
    active = task.status is TaskStatus.ACTIVE
    ended = now if active else task.ended_at
    return TaskRow(
        id=task.id,
        name=task.name,
        state=TASK_STATES[task.status],
        percent=known_percent(task.steps_completed, task.steps_total),
        active=active,
        activity="" if task.activity.casefold() == TASK_STATES[task.status].word.casefold() else task.activity,
        worker_id=task.worker_id,
        worker=task.worker_name or "",
        attempt=task.attempt,
        since=Moment(task.started_at, now) if active and task.started_at else None,
        took=span(ended - task.started_at) if ended and task.started_at else "",
        picture=task.picture_at,
    )
