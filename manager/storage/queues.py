"""What of each job can be handed out: a row for its tasks of a type and priority, so that no others are looked at.

Whoever changes a task's status or what it waits for says so here, in the same transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, bindparam, case, func, insert, select, update

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


_SHIFT = (
    update(queue)
    .where(queue.c.job_id == bindparam("job"))
    .values(
        ready=queue.c.ready
        + case(
            (and_(queue.c.task_type == bindparam("of_type"), queue.c.priority == bindparam("of")), bindparam("by")),
            else_=0,
        ),
        active=queue.c.active + bindparam("started"),
    )
)


def shift(change: Change, job_id: str, type: str, priority: int, *, ready: int, active: int) -> None:
    """Count what became of one task: so many more are ready, so many more of the job are being worked on."""
    if ready or active:
        values = {"job": job_id, "of_type": type, "of": priority, "by": ready, "started": active}
        change.connection.execute(_SHIFT, values)


_NEEDING = select(dependency.c.task_id).where(dependency.c.needs_id == bindparam("needed"))
_RELEASE = (
    update(task)
    .where(task.c.id.in_(_NEEDING))
    .values(blockers=task.c.blockers - bindparam("by"))
    .returning(task.c.type, task.c.priority, task.c.status, task.c.blockers)
)


def release(change: Change, job_id: str, needed_id: str, by: int) -> dict[str, int]:
    """A task is completed (by 1), or no longer is (-1): return how many that waited for it alone are ready, by type."""
    rows = change.connection.execute(_RELEASE, {"needed": needed_id, "by": by}).all()
    crossed = Counter(
        (row.type, row.priority) for row in rows if row.status in _CLAIMABLE and row.blockers == (0 if by > 0 else -by)
    )
    freed: Counter[str] = Counter()
    for (type, priority), number in crossed.items():
        shift(change, job_id, type, priority, ready=by * number, active=0)
        freed[type] += number if by > 0 else 0
    return +freed


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
