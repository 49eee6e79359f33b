"""Who may still be silent, and until when; what happens to those who have been for too long.

Times are milliseconds since the epoch.
"""

from ...worker.wire import TaskStatus
from ..rules import workers as worker_rules
from ..rules.tasks import Task
from ..rules.workers import Worker
from . import calls, flow, tasks, workers
from .store import Store


def deadlines(store: Store) -> tuple[dict[str, int], dict[str, int]]:
    """Return until when each worker, and each task that is being worked on, may be silent."""
    with store.database.read() as connection:
        found = workers.load(connection, None, store.seen.at)
        active = tasks.all_active(connection)
    leases = {worker.id: _lost_at(store, worker) for worker in found}
    return {id: at for id, at in leases.items() if at is not None}, {task.id: _late_at(store, task) for task in active}


def lose(store: Store, worker_id: str) -> str | None:
    """Mark a worker lost and queue its task again, unless it was heard of just now; return its name if so."""
    with store.database.write() as change:
        found = workers.load(change.connection, [worker_id], store.seen.at)
        at = _lost_at(store, found[0]) if found else None
        if at is None or at > change.now:
            return None
        worker = store.change_within(change, worker_id, worker_rules.lose)
        calls.let_go(store, change, worker, "Task was queued by Manager because worker timed out")
        return worker.name


def give_up(store: Store, task_id: str) -> str | None:
    """Count a task's silence as a failure of its worker, unless it was heard of just now; return its name if so."""
    with store.database.write() as change:
        task = tasks.load(change.connection, task_id)
        if task is None or task.status is not TaskStatus.ACTIVE or task.worker_id is None:
            return None
        if _late_at(store, task) > change.now:
            return None
        [worker] = workers.load(change.connection, [task.worker_id], store.seen.at)
        calls.log_line(store, change, task, f"task timed out: worker {worker.name} said nothing of it for too long")
        flow.fail(change, task, worker, calls.thresholds(store), "timed out")
        workers.ring(change, worker.id)
        return task.name


def _lost_at(store: Store, worker: Worker) -> int | None:
    return worker_rules.lost_at(
        worker,
        polling=round(store.settings.worker_timeout * 1000),
        pushing=round(store.settings.push_timeout * 1000),
        listening_since=store.opened_at,
    )


def _late_at(store: Store, task: Task) -> int:
    touched = store.touched.at.get(task.id) or task.last_touched or task.updated_at
    return max(touched, store.opened_at) + round(store.settings.task_timeout * 1000)
