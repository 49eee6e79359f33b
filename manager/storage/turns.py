"""Whose turn it is: which task a worker gets.

Tasks of jobs of a higher priority come first, then those of a higher priority themselves, as in Flamenco; then jobs
share fairly: the one that fewest tasks of are being worked on, and the oldest of those, gives its next task.
"""

from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, exists, select, text, update

from ...worker.wire import TaskStatus
from ..rules.jobs import RUNNABLE
from ..rules.tasks import Task
from ..rules.workers import Worker
from . import queues, tasks
from .database import Change
from .tables import blocklist, capability, failure, job, queue, task, worker_tag

# More than there are jobs with something to do; that there is a limit makes the order hold.
_ALL = 1_000_000


def _turn(*, lock: bool) -> Select[Any]:
    """Select the id of the task whose turn it is for the worker `taker`.

    In three steps, each of which goes on only as far as the next one asks: the queues in their order (ix_queue_turn)
    that the worker may take from, the first task of each (ix_task_next), the first of those. lock: pass over what
    somebody else is taking at this moment, rather than wait for them; SQLite's writers do wait, and it means nothing.
    """
    taker: BindParameter[str] = bindparam("taker")
    types = select(capability.c.task_type).where(capability.c.worker_id == taker)
    tags = select(worker_tag.c.tag_id).where(worker_tag.c.worker_id == taker)
    is_open = exists().where(
        job.c.id == queue.c.job_id,
        job.c.status.in_([status.value for status in RUNNABLE]),
        job.c.tag_id.is_(None) | job.c.tag_id.in_(tags),
    )
    is_blocked = exists().where(
        blocklist.c.job_id == queue.c.job_id,
        blocklist.c.worker_id == taker,
        blocklist.c.task_type == queue.c.task_type,
    )
    queues_in_order = (
        select(queue.c.job_id, queue.c.task_type, queue.c.priority)
        .where(text("queue.ready > 0"), queue.c.task_type.in_(types), is_open, ~is_blocked)
        .order_by(queue.c.job_priority.desc(), queue.c.priority.desc(), queue.c.active)
        .order_by(queue.c.job_number, queue.c.position)
        .limit(_ALL)
        .subquery("open_queue")
    )
    it = queues_in_order.c
    has_failed = exists().where(failure.c.task_id == task.c.id, failure.c.worker_id == taker)
    first_task = (
        select(task.c.id)
        .where(task.c.job_id == it.job_id, task.c.ready, task.c.type == it.task_type, task.c.priority == it.priority)
        .where(~has_failed)
        .order_by(task.c.index_in_job)
        .limit(1)
    )
    if lock:
        first_task = first_task.with_for_update(skip_locked=True, of=task)
    firsts = select(first_task.scalar_subquery().label("id")).select_from(queues_in_order).limit(_ALL).subquery("first")
    return select(firsts.c.id).where(firsts.c.id.is_not(None)).limit(1)


TURN = _turn(lock=False)

# One statement, so that no two workers get the same task.
_CLAIM = (
    update(task)
    .where(task.c.id == _turn(lock=True).scalar_subquery())
    .values(
        status=TaskStatus.ACTIVE.value,
        claimed_from=task.c.status,
        worker_id=bindparam("taker"),
        attempt=task.c.attempt + 1,
        incarnation=bindparam("present"),
        activity="",
        started_at=bindparam("now"),
        ended_at=None,
        last_touched=bindparam("now"),
        updated_at=bindparam("now"),
    )
    .returning(task.c.id, task.c.job_id, task.c.type, task.c.priority, task.c.claimed_from)
)


def waits_for(connection: Connection, worker_id: str) -> bool:
    """Say whether there is a task for a worker, without handing it out."""
    return connection.execute(TURN, {"taker": worker_id}).first() is not None


def claim(change: Change, taker: Worker) -> Task | None:
    """Give the worker the task whose turn it is, or None."""
    values = {"taker": taker.id, "present": taker.incarnation, "now": change.now}
    row = change.connection.execute(_CLAIM, values).first()
    if row is None:
        return None
    tasks.count(change, row.job_id, {TaskStatus(row.claimed_from): -1, TaskStatus.ACTIVE: 1})
    queues.shift(change, row.job_id, row.type, row.priority, ready=-1, active=1)
    # Not sooner: from here on nobody else changes the job.
    return tasks.load(change.connection, row.id)
