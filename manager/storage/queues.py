"""What of each job can be handed out: a row for its tasks of a type and priority, so that no others are looked at.

Whoever changes a task's status or what it waits for says so here, in the same transaction.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, case, func, insert, select, update

from ...worker.wire import TaskStatus
from ..rules.tasks import CLAIMABLE
from .database import Change
from .tables import dependency, job, queue, tally_column, task

_CLAIMABLE = [status.value for status in CLAIMABLE]


def add(change: Change, rows: Sequence[Mapping[str, object]], *, number: int, priority: int) -> None:
    """Make the rows for a new job's tasks, given as their rows; `refill` counts."""
    first: dict[tuple[object, object, object], object] = {}
    for row in rows:
        first.setdefault((row["job_id"], row["type"], row["priority"]), row["index_in_job"])
    made = [
        {
            "job_id": job_id,
            "task_type": type,
            "priority": task_priority,
            "job_number": number,
            "job_priority": priority,
            "position": position,
        }
        for (job_id, type, task_priority), position in first.items()
    ]
    change.connection.execute(insert(queue), made)


def refill(change: Change, job_id: str) -> None:
    """Count a job's tasks anew."""
    ready = (
        select(func.count())
        .where(task.c.job_id == queue.c.job_id, task.c.type == queue.c.task_type, task.c.priority == queue.c.priority)
        .where(task.c.ready)
        .scalar_subquery()
    )
    active = select(job.c[tally_column(TaskStatus.ACTIVE)]).where(job.c.id == queue.c.job_id).scalar_subquery()
    change.connection.execute(update(queue).where(queue.c.job_id == job_id).values(ready=ready, active=active))


def shift(change: Change, job_id: str, type: str, priority: int, *, ready: int, active: int) -> None:
    """Count what became of one task: so many more are ready, so many more of the job are being worked on."""
    if not ready and not active:
        return
    mine = and_(queue.c.task_type == type, queue.c.priority == priority)
    values = {"ready": case((mine, queue.c.ready + ready), else_=queue.c.ready), "active": queue.c.active + active}
    change.connection.execute(update(queue).where(queue.c.job_id == job_id).values(values))


def release(change: Change, job_id: str, needed_id: str, by: int) -> dict[str, int]:
    """A task is completed (by 1), or no longer is (-1): return how many that waited for it alone are ready, by type."""
    needing = select(dependency.c.task_id).where(dependency.c.needs_id == needed_id)
    change.connection.execute(update(task).where(task.c.id.in_(needing)).values(blockers=task.c.blockers - by))
    crossed = (
        select(task.c.type, task.c.priority, func.count())
        .where(task.c.id.in_(needing), task.c.status.in_(_CLAIMABLE), task.c.blockers == (0 if by > 0 else -by))
        .group_by(task.c.type, task.c.priority)
    )
    freed: dict[str, int] = {}
    for type, priority, number in change.connection.execute(crossed).all():
        shift(change, job_id, type, priority, ready=by * number, active=0)
        freed[type] = freed.get(type, 0) + number
    return freed if by > 0 else {}


def set_priority(change: Change, job_id: str, priority: int) -> None:
    change.connection.execute(update(queue).where(queue.c.job_id == job_id).values(job_priority=priority))


def ready_in(connection: Connection, job_id: str) -> dict[str, int]:
    """Count a job's tasks that can be handed out, by type."""
    query = select(queue.c.task_type, func.sum(queue.c.ready)).where(queue.c.job_id == job_id)
    rows = connection.execute(query.group_by(queue.c.task_type)).all()
    return {type: number for type, number in rows if number}


def any_ready(connection: Connection, job_id: str) -> bool:
    """Say whether a task of a job can be handed out."""
    query = select(queue.c.ready).where(queue.c.job_id == job_id, queue.c.ready > 0).limit(1)
    return connection.execute(query).first() is not None
