"""What the manager remembers, and the only door to it. Every public method is one transaction.

Safe to call from any thread. Times are milliseconds since the epoch, ids lower-case UUIDs. What workers call is in
`calls.py`.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ...worker.wire import JobStatus, Request, TaskStatus
from ..clock import steady_clock, wall_clock
from ..config import Settings
from ..rules import actions
from ..rules import jobs as job_rules
from ..rules import tasks as task_rules
from ..rules import workers as worker_rules
from ..rules.actions import Answer, Asked
from ..rules.facts import Fact, Kind
from ..rules.jobs import Draft, Job
from ..rules.tasks import Command, Step, Task
from ..rules.workers import Moved, Worker
from . import events, flow, jobs, schema, tasks, workers
from .asking import ask_all
from .database import Change, Database
from .events import Event
from .files import OURS, Files
from .growth import Growth
from .many import parts
from .pictures import Pictures
from .signs import Signs

T = TypeVar("T")

# The database, where it is none of a server's.
FILE = "farmhand.sqlite"

# A worker whose connection broke is heard again within so many milliseconds, or is lost.
SOON = 5000


class Missing(LookupError):
    """There is no such worker, task or job; the text names it."""


class Store:
    """One database and the folder of logs and pictures beside it."""

    def __init__(
        self,
        data: Path,
        settings: Settings,
        clock: Callable[[], int] = wall_clock,
        url: str = "",
        steady: Callable[[], int] = steady_clock,
    ) -> None:
        """Open what is in the folder `data`, or make it; raises schema.TooNew. url: another database.

        clock and steady return milliseconds: since the epoch, and since any moment, to measure silence by.
        """
        data.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.clock, self.steady = clock, steady
        self.database = Database(url or f"sqlite:///{data / FILE}", clock, settings.audit_key())
        self.files = Files(data / "jobs")
        self.files.root.mkdir(mode=OURS, exist_ok=True)
        self.growth = Growth(self.database, steady)
        self.pictures = Pictures()
        self.seen = Signs(clock, steady, SOON)
        self.touched = Signs(clock, steady, SOON)
        self.swept_at: int | None = None  # when this process last looked for silent workers, on the steady clock
        self.rests_until = 0  # no task is handed out before this time: rest.py
        self.revision = schema.migrate(self.database)

    def close(self) -> None:
        """Write what is still in memory and let go of the database."""
        self.pictures.close()
        self.flush()
        self.database.close()

    def flush(self) -> None:
        """Write the last signs of life."""
        seen, touched = self.seen.take_unwritten(), self.touched.take_unwritten()
        if seen or touched:
            with self.database.write(alone=False) as change:
                if seen:
                    workers.write_seen(change, seen)
                if touched:
                    tasks.write_touched(change, touched)

    # -- events

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the newest seq after each commit that appended events, in the thread that committed.

        Returns a function that ends it.
        """
        return self.database.listen(callback)

    def newest(self) -> int:
        """Return the seq of the newest event, 0 where there is none."""
        with self.database.read() as connection:
            return events.newest(connection)

    def events_after(self, seq: int, limit: int = 1000) -> list[Event]:
        """Return the events that followed `seq`, oldest first."""
        with self.database.read() as connection:
            return events.after(connection, seq, limit)

    def worker_events(
        self, worker_id: str, limit: int = 50, before: int | None = None, kinds: Collection[Kind] = ()
    ) -> list[Event]:
        """Return a worker's events, newest first: those before the seq `before`, of these kinds, where given."""
        with self.database.read() as connection:
            return events.of_worker(connection, worker_id, limit, before, kinds)

    # -- what operators see

    def workers(self, ids: Collection[str] | None = None) -> list[Worker]:
        """Return the workers, or those of them with these ids, by name."""
        with self.database.read() as connection:
            return workers.load(connection, ids, self.seen.at)

    def worker(self, worker_id: str) -> Worker:
        """Return one worker, or raise Missing."""
        return _only(self.workers([worker_id]), f"worker {worker_id}")

    def jobs(self, limit: int | None = None) -> list[Job]:
        """Return the jobs, the newest first."""
        with self.database.read() as connection:
            return jobs.newest_first(connection, limit)

    def job(self, job_id: str) -> Job:
        """Return one job, or raise Missing."""
        with self.database.read() as connection:
            return _found(jobs.load(connection, job_id), f"job {job_id}")

    def tasks(self, job_id: str) -> list[Task]:
        """Return a job's tasks in their order."""
        with self.database.read() as connection:
            return tasks.of_job(connection, job_id)

    def task(self, task_id: str) -> Task:
        """Return one task, or raise Missing."""
        with self.database.look() as connection:
            return _found(tasks.load(connection, task_id), f"task {task_id}")

    def commands(self, task_id: str) -> list[Command]:
        """Return what a task does, as submitted (variables unreplaced)."""
        with self.database.read() as connection:
            return tasks.commands(connection, task_id)

    def failed_by(self, task_id: str) -> list[Worker]:
        """Return the workers that failed a task."""
        with self.database.read() as connection:
            return workers.load(connection, tasks.failures(connection, task_id), self.seen.at)

    def log_path(self, task: Task) -> Path:
        """Return the file of a task's log; it may not exist yet."""
        return self.files.log_path(task.job_id, task.id)

    def log_tail(self, task: Task, size: int = 2048) -> str | None:
        """Return the last `size` bytes of a task's log from a line's start on, or None where there is no log."""
        return self.files.log_tail(task.job_id, task.id, size)

    def picture_path(self, task: Task) -> Path | None:
        """Return the newest picture that a task produced (a .png or .jpg file), or None."""
        return self.files.picture_path(task.job_id, task.id)

    # -- what operators do

    def act(self, worker_ids: Sequence[str], wish: Request, by: str) -> list[Answer]:
        """Ask something of workers, all in one transaction; refusals are answers too, unknown ids among them."""

        def ask(worker: Worker, now: int) -> Asked:
            return actions.ask(worker, wish, id=str(uuid.uuid4()), by=by, now=now)

        with self.database.write() as change:
            return ask_all(change, worker_ids, self.seen.at, ask, by)

    def withdraw(self, worker_ids: Sequence[str], by: str) -> list[Answer]:
        """Take back what is pending."""

        def ask(worker: Worker, now: int) -> Asked:
            return actions.withdraw(worker, by=by, now=now)

        answers: list[Answer] = []
        for part in parts(list(dict.fromkeys(worker_ids))):
            with self.database.write() as change:
                answers += ask_all(change, part, self.seen.at, ask, by)
        return answers

    def delete_worker(self, worker_id: str, by: str) -> None:
        """Forget a worker: its task is queued again, its credentials are refused from now on. Raises Missing."""
        with self.database.write() as change:
            worker = _only(workers.load(change.connection, [worker_id], self.seen.at), f"worker {worker_id}")
            flow.let_go(change, worker_id, f"queued again: worker {worker.name} was removed", by)
            events.append(change, Fact(Kind.WORKER_DELETED, {"name": worker.name}), worker_id=worker_id, who=by)
            workers.remove(change, worker_id)
            workers.ring(change, worker_id)
        self.seen.forget(worker_id)

    def submit(self, draft: Draft, by: str) -> str:
        """Queue a job and return its id."""
        with self.database.write() as change:
            return flow.submit(change, draft, by)

    def set_job_status(self, job_id: str, status: JobStatus, reason: str, by: str) -> None:
        """Cancel, pause or requeue a job (rules.jobs.WISHES); raises Missing, rules.tasks.Refused."""
        with self.database.write() as change:
            job = _found(jobs.load(change.connection, job_id), f"job {job_id}")
            turn = job_rules.wished(job.status, job.tally, status)
            flow.turn_job(change, job, job_rules.because(turn, reason), by)

    def set_job_priority(self, job_id: str, priority: int, by: str) -> None:
        """Change whose turn it is; raises Missing."""
        with self.database.write() as change:
            jobs.set_priority(change, _found(jobs.load(change.connection, job_id), f"job {job_id}"), priority, by)

    def set_task_status(self, task_id: str, status: TaskStatus, reason: str, by: str) -> None:
        """Cancel or requeue one task (rules.tasks.WISHES); raises Missing, rules.tasks.Refused."""
        with self.database.write() as change:
            task = _found(tasks.load(change.connection, task_id), f"task {task_id}")
            to = task_rules.wished(task.status, status)
            if task_rules.WISHES[status] is Step.REQUEUE:
                job_rules.check_alone(task)
                tasks.forgive(change, task_ids=[task_id])
            flow.conclude(change, task, to, reason or f"{to.value} on request", by)
            if task.status is TaskStatus.ACTIVE and task.worker_id is not None:
                workers.ring(change, task.worker_id)

    def delete_job(self, job_id: str, by: str) -> None:
        """Forget a job, its tasks, logs and pictures. Raises Missing."""
        with self.database.write() as change:
            job = _found(jobs.load(change.connection, job_id), f"job {job_id}")
            running = tasks.active_in(change.connection, job_id)
            jobs.remove(change, job, by)
            for task in running:
                if task.worker_id is not None:
                    workers.ring(change, task.worker_id)
        self.files.remove_job(job_id)
        for task in running:
            self.growth.grew(task.id)  # so that who looks at its log learns that there is none

    # -- what the waiting requests of workers need

    def authenticate(self, worker_id: str, secret: str) -> Worker | None:
        """Return the worker with these credentials, or None; counts as a sign of life."""
        with self.database.look() as connection:
            worker = workers.known(connection, worker_id, secret, self.seen.at)
        if worker is None:
            return None
        self.seen.note(worker_id)
        return worker if worker.lost_from is None else self.change_worker(worker_id, worker_rules.alive)

    def bell(self, worker_id: str) -> int:
        """Return the newest seq that concerns this worker: a request, its task taken away, new work it could take."""
        with self.database.look() as connection:
            return workers.bell(connection, worker_id)

    def bells(self, since: int) -> Mapping[str, int]:
        """Return `bell` of those for whom it is beyond `since`."""
        with self.database.look() as connection:
            return workers.bells(connection, since)

    def saw(self, worker: Worker, seq: int) -> None:
        """Note that a worker keeps a waiting request open and has heard of everything up to seq."""
        if worker_rules.hears(worker, seq, self.clock()).worker != worker:
            self.change_worker(worker.id, lambda it, now: worker_rules.hears(it, seq, now))

    # -- what both need

    def change_worker(self, worker_id: str, rule: Callable[[Worker, int], Moved]) -> Worker:
        """Load a worker, apply a rule, save what comes of it; raises Missing."""
        with self.database.write() as change:
            return self.change_within(change, worker_id, rule)

    def change_within(self, change: Change, worker_id: str, rule: Callable[[Worker, int], Moved]) -> Worker:
        """Do the same as a part of a transaction."""
        before = _only(workers.load(change.connection, [worker_id], self.seen.at), f"worker {worker_id}")
        return workers.save(change, before, rule(before, change.now))


def _found(it: T | None, name: str) -> T:
    if it is None:
        raise Missing(f"there is no {name}")
    return it


def _only(found: Sequence[T], name: str) -> T:
    return _found(found[0] if found else None, name)
