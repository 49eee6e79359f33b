"""Workers that exist in the store alone: what real ones would report, a test reports for them."""

from dataclasses import dataclass

from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.rules.tasks import Command, Task
from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import calls
from farmhand.manager.storage.calls import Registration, Report, Work
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status, TaskStatus

SECRET = "the worker's secret"


@dataclass(frozen=True)
class Pretended:
    """One worker, and what it does next."""

    store: Store
    id: str
    name: str
    can_restart: bool = True

    def calls(self) -> None:
        """Give a sign of life, as every request does by its credentials."""
        assert self.store.authenticate(self.id, SECRET) is not None

    def sign_on(self, version: str = "0.1.0") -> Status:
        self.calls()
        said = Announcement(self.name, version, ("misc",), self.can_restart, "10.20.4.14")
        return calls.sign_on(self.store, self.id, said)

    def becomes(self, status: Status) -> None:
        self.calls()
        calls.report_status(self.store, self.id, status)

    def asks_for_work(self) -> Work | None:
        """Ask as a worker does; what it learns of its pending change counts as seen."""
        self.calls()
        answer = calls.fetch(self.store, self.store.worker(self.id))
        return answer if isinstance(answer, Work) else None

    def learns(self) -> Status | None:
        """Ask what is wanted of it, as after a bell."""
        self.calls()
        return calls.wanted_status(self.store, self.store.worker(self.id))

    def reports(self, work: Work, steps: int, log: str = "", *, activity: str | None = None) -> None:
        calls.report_task(
            self.store,
            self.store.worker(self.id),
            work.task.id,
            Report(log=log, steps_completed=steps, activity=activity),
        )

    def finishes(self, work: Work, status: TaskStatus = TaskStatus.COMPLETED) -> None:
        calls.report_task(
            self.store, self.store.worker(self.id), work.task.id, Report(status, status.value.capitalize())
        )

    def fails(self) -> Task:
        """Take the next task, and fail at it."""
        work = self.asks_for_work()
        assert work is not None
        self.finishes(work, TaskStatus.FAILED)
        return work.task

    def signs_off(self) -> None:
        calls.sign_off(self.store, self.id)

    def restarts(self) -> None:
        """Do what a real one does on its restart code: go, and come back awake."""
        self.signs_off()
        self.sign_on()
        self.becomes(Status.AWAKE)


def register(store: Store, name: str, *, can_restart: bool = True) -> Pretended:
    worker_id = calls.register(store, Registration(name, SECRET, "linux", ("misc",), "10.20.4.14"))
    return Pretended(store, worker_id, name, can_restart)


def awake(store: Store, name: str, *, can_restart: bool = True) -> Pretended:
    """Register a worker, sign it on, and let it find no work."""
    worker = register(store, name, can_restart=can_restart)
    worker.sign_on()
    worker.becomes(Status.AWAKE)
    worker.asks_for_work()
    return worker


def job(store: Store, name: str = "Shot 020_0110 lighting", tasks: int = 4, steps: int = 10) -> str:
    """Submit a job of so many tasks, none of which needs another."""
    command = Command("echo", {"message": "frame"}, steps)
    drafts = tuple(DraftTask(f"Frame {n}", "misc", (command,)) for n in range(1, tasks + 1))
    return submit(store, *drafts, name=name)


def submit(store: Store, *tasks: DraftTask, priority: int = 50, name: str = "job") -> str:
    return store.submit(Draft(name, "simple", priority, {}, {}, tasks), "kim")


def statuses(store: Store, job_id: str) -> list[str]:
    """Return those of a job's tasks, in their order."""
    return [task.status.value for task in store.tasks(job_id)]


def ask(store: Store, status: Status, *workers: Pretended, lazy: bool = False) -> None:
    store.act([worker.id for worker in workers], Request(status, lazy), "kim")
