"""What may be asked of a worker, what a request replaces, who counts as lost. Pure: the store loads and saves around it.

Times are milliseconds since the epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ...worker.wire import Request, Status, TaskStatus


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


@dataclass(frozen=True)
class LastTask:
    """The task a worker was handed last; it is at work on it while `active`."""

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


@dataclass(frozen=True)
class Worker:
    """One worker, which is a process and never a computer.

    status: as last reported, or ERROR for a lost one, whose former status is lost_from. resume: how it starts
    next time, AWAKE or ASLEEP. idle: it asked for work and there was none. pushes: it keeps a request open.
    incarnation: how often it has signed on. bell: the newest event that concerns it.
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
    registered_at: int = 0
    last_seen: int | None = None
    request: Pending | None = None
    task: LastTask | None = None


class Situation(Enum):
    """The states that an operator tells apart; BETWEEN has ended a task and not yet asked for the next."""

    STARTING = "starting"
    IDLE = "awake, idle"
    BUSY = "awake, busy"
    BETWEEN = "awake, between tasks"
    ASLEEP = "asleep"
    OFFLINE = "offline"
    RESTARTING = "offline, restarting"
    LOST = "error"


@dataclass(frozen=True)
class Answer:
    """What became of an operator's wish for one worker; the text completes "NAME: ..." for the operator.

    changed is False where an accepted wish was true already.
    """

    worker_id: str
    name: str
    accepted: bool
    text: str
    changed: bool = True
    request_id: str | None = None


def situation(worker: Worker) -> Situation:
    """Tell where the worker is."""
    raise NotImplementedError


def preview(worker: Worker, wish: Request) -> Answer:
    """Say what would become of a wish, without recording it: the plan that the page shows."""
    raise NotImplementedError


def outcomes_markdown() -> str:
    """Render the table of outcomes for docs/reference/worker-actions.md."""
    raise NotImplementedError


OUTCOMES: Mapping[Situation, Mapping[Status, object]] = {}
