"""Tasks and jobs as values, and the life of a task. Pure: the store loads and saves around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...worker.wire import JobStatus, TaskStatus


@dataclass(frozen=True)
class Task:
    """One task. Times are milliseconds since the epoch.

    worker_id: who has it, or had it last. attempt: how often it was handed out. incarnation: the worker's at the last
    hand-out. blockers: how many tasks it waits for. picture_at: when a picture of it arrived last.
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


@dataclass(frozen=True)
class Command:
    """One step of a task; steps is 0 for a command that does not count its own."""

    name: str
    parameters: Mapping[str, object]
    steps: int = 0


@dataclass(frozen=True)
class Job:
    """One job with its tally: how many of its tasks are in each status."""

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

    @property
    def tasks_total(self) -> int:
        return sum(self.tally.values())
