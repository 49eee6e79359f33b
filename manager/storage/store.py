"""What the manager remembers, and the only door to it. Every public method is one transaction.

Safe to call from any thread. Times are milliseconds since the epoch, ids lower-case UUIDs.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ...worker.wire import JobStatus, Request, TaskStatus
from ..rules.tasks import Command, Job, Task
from ..rules.workers import Answer, Worker
from .events import Event


class Missing(LookupError):
    """There is no such worker, task or job; the text names it."""


class Store:
    """One database and the folder of logs and pictures beside it."""

    # -- life of the store

    def close(self) -> None:
        """Write what is still in memory and let go of the database."""
        raise NotImplementedError

    # -- events

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the newest seq after each commit that appended events, in the thread that committed.

        Returns a function that ends it.
        """
        raise NotImplementedError

    def newest(self) -> int:
        """Return the seq of the newest event, 0 where there is none."""
        raise NotImplementedError

    def events_after(self, seq: int, limit: int = 1000) -> list[Event]:
        """Return the events that followed `seq`, oldest first."""
        raise NotImplementedError

    def worker_events(self, worker_id: str, limit: int = 50, before: int | None = None) -> list[Event]:
        """Return a worker's events, newest first, those before the seq `before` where it is given."""
        raise NotImplementedError

    def job_events(self, job_id: str, limit: int = 50, before: int | None = None) -> list[Event]:
        """Return a job's events, newest first."""
        raise NotImplementedError

    # -- what operators see

    def workers(self, ids: Collection[str] | None = None) -> list[Worker]:
        """Return the workers, or those of them with these ids, by name."""
        raise NotImplementedError

    def worker(self, worker_id: str) -> Worker:
        """Return one worker, or raise Missing."""
        raise NotImplementedError

    def jobs(self, limit: int | None = None) -> list[Job]:
        """Return the jobs, the newest first."""
        raise NotImplementedError

    def job(self, job_id: str) -> Job:
        """Return one job, or raise Missing."""
        raise NotImplementedError

    def tasks(self, job_id: str) -> list[Task]:
        """Return a job's tasks in their order."""
        raise NotImplementedError

    def task(self, task_id: str) -> Task:
        """Return one task, or raise Missing."""
        raise NotImplementedError

    def commands(self, task_id: str) -> list[Command]:
        """Return what a task does, as submitted (variables unreplaced)."""
        raise NotImplementedError

    def failed_by(self, task_id: str) -> list[Worker]:
        """Return the workers that failed a task."""
        raise NotImplementedError

    def log_path(self, task: Task) -> Path:
        """Return the file of a task's log; it may not exist yet."""
        raise NotImplementedError

    def log_tail(self, task: Task, size: int = 2048) -> str | None:
        """Return the last `size` bytes of a task's log from a line's start on, or None where there is no log."""
        raise NotImplementedError

    def picture_path(self, task: Task) -> Path | None:
        """Return the newest picture that a task produced (a .png or .jpg file), or None."""
        raise NotImplementedError

    # -- what operators do

    def act(self, worker_ids: Sequence[str], wish: Request, by: str) -> list[Answer]:
        """Ask something of workers, all in one transaction; refusals are answers too, unknown ids among them."""
        raise NotImplementedError

    def plan(self, worker_ids: Sequence[str], wish: Request) -> list[Answer]:
        """Say what `act` would answer, changing nothing."""
        raise NotImplementedError

    def withdraw(self, worker_ids: Sequence[str], by: str) -> list[Answer]:
        """Take back what is pending."""
        raise NotImplementedError

    def delete_worker(self, worker_id: str, by: str) -> None:
        """Forget a worker: its task is queued again, its credentials are refused from now on. Raises Missing."""
        raise NotImplementedError

    def set_job_status(self, job_id: str, status: JobStatus, reason: str, by: str) -> None:
        """Cancel, pause or requeue a job (wire.JobStatus); raises Missing, rules.tasks.Refused."""
        raise NotImplementedError

    def set_job_priority(self, job_id: str, priority: int, by: str) -> None:
        raise NotImplementedError

    def set_task_status(self, task_id: str, status: TaskStatus, reason: str, by: str) -> None:
        """Cancel or requeue one task; raises Missing, rules.tasks.Refused."""
        raise NotImplementedError

    def delete_job(self, job_id: str, by: str) -> None:
        """Forget a job, its tasks, logs and pictures. Raises Missing."""
        raise NotImplementedError

    # -- what the waiting requests of workers need

    def authenticate(self, worker_id: str, secret: str) -> Worker | None:
        """Return the worker with these credentials, or None; counts as a sign of life."""
        raise NotImplementedError

    def bell(self, worker_id: str) -> int:
        """Return the newest seq that concerns this worker: a request, its task taken away, new work it could take."""
        raise NotImplementedError

    def bells(self, worker_ids: Collection[str]) -> Mapping[str, int]:
        """Return `bell` of many in one query; deleted ones are left out."""
        raise NotImplementedError

    def saw(self, worker_id: str, seq: int) -> None:
        """Note that a worker keeps a waiting request open and has heard of everything up to seq; a sign of life."""
        raise NotImplementedError
