"""Who may still be silent, and until when; what happens to those who have been for too long.

Times are milliseconds on the store's steady clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ...worker.wire import Status, TaskStatus
from ..rules import workers as worker_rules
from . import calls, flow, tasks, workers
from .store import Store
from .tables import task as task_table
from .tables import worker as worker_table

_WORKERS = select(worker_table.c.id, worker_table.c.status, worker_table.c.pushes, worker_table.c.last_seen).where(
    worker_table.c.deleted_at.is_(None),
    worker_table.c.status.not_in([status.value for status in worker_rules.MAY_BE_SILENT]),
)

# Found by the workers that have them: there are never more.
_TASKS = select(task_table.c.id, task_table.c.last_touched).where(
    worker_table.c.task_id == task_table.c.id, task_table.c.status == TaskStatus.ACTIVE.value
)


@dataclass(frozen=True)
class Deadlines:
    """Until when each worker, and each task that is being worked on, may be silent."""

    workers: Mapping[str, int]
    tasks: Mapping[str, int]


def deadlines(store: Store) -> Deadlines:
    with store.database.read() as connection:
        of_workers = _worker_deadlines(store, connection.execute(_WORKERS))
        return Deadlines(of_workers, _task_deadlines(store, connection.execute(_TASKS)))


def _worker_deadlines(store: Store, rows: Iterable[Any]) -> Mapping[str, int]:
    polling, pushing = _milliseconds(store.settings.worker_timeout), _milliseconds(store.settings.push_timeout)
    found = {}
    for id, status, pushes, last_seen in rows:
        store.seen.read(id, last_seen)
        granted = worker_rules.patience(Status(status), pushes=pushes, polling=polling, pushing=pushing)
        if granted is not None:
            found[id] = store.seen.due(id, granted)
    return found


def _task_deadlines(store: Store, rows: Iterable[Any]) -> Mapping[str, int]:
    found = {}
    for id, last_touched in rows:
        store.touched.read(id, last_touched)
        found[id] = store.touched.due(id, _milliseconds(store.settings.task_timeout))
    return found


def start_over(store: Store) -> None:
    """Give everybody time anew: for a while this manager could hear nobody."""
    store.seen.start_over()
    store.touched.start_over()


def lose(store: Store, worker_id: str) -> str | None:
    """Mark a worker lost and queue its task again, unless it was heard of just now; return its name if so."""
    with store.database.write() as change:
        found = change.connection.execute(_WORKERS.where(worker_table.c.id == worker_id))
        due = _worker_deadlines(store, found).get(worker_id)
        if due is None or due > store.steady():
            return None
        worker = store.change_within(change, worker_id, worker_rules.lose)
        calls.let_go(store, change, worker, "Task was queued by Manager because worker timed out")
        return worker.name


def give_up(store: Store, task_id: str) -> str | None:
    """Count a task's silence as a failure of its worker, unless it was heard of just now; return its name if so."""
    with store.database.write() as change:
        found = change.connection.execute(_TASKS.where(task_table.c.id == task_id))
        due = _task_deadlines(store, found).get(task_id)
        if due is None or due > store.steady():
            return None
        task = tasks.load(change.connection, task_id)
        assert task is not None, "it was found in this transaction"
        assert task.worker_id is not None, "somebody has it"
        [worker] = workers.load(change.connection, [task.worker_id], store.seen.at)
        calls.log_line(store, change, task, f"task timed out: worker {worker.name} said nothing of it for too long")
        flow.fail(change, task, worker, calls.thresholds(store), "timed out")
        workers.ring(change, worker.id)
        return task.name


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
