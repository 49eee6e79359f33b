"""Every statement about tasks, and the one way in which a task's status changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from ...worker.wire import JobStatus, TaskStatus
from ..rules.facts import Fact, Kind
from ..rules.tasks import CLAIMABLE, Command, Task
from ..rules.workers import Worker
from . import events, queues
from .database import Change
from .tables import blocklist, dependency, failure, job, tally_column, task, worker

_TASKS = (
    select(
        task,
        worker.c.name.label("worker_name"),
        worker.c.address.label("worker_address"),
        job.c.name.label("job_name"),
        job.c.priority.label("job_priority"),
        job.c.type.label("job_type"),
        job.c.status.label("job_status"),
        job.c.tag_id,
    )
    .select_from(task)
    .join(job, job.c.id == task.c.job_id)
    .outerjoin(worker, worker.c.id == task.c.worker_id)
)

_TASK = _TASKS.where(task.c.id == bindparam("id"))
_ACTIVE_OF = _TASKS.where(task.c.worker_id == bindparam("worker"), task.c.status == TaskStatus.ACTIVE.value)

_COMMANDS = select(task.c.commands).where(task.c.id == bindparam("id"))

# What is set is what it is executed with.
_SET = update(task).where(task.c.id == bindparam("of"))

_ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED})


def load(connection: Connection, task_id: str) -> Task | None:
    row = connection.execute(_TASK, {"id": task_id}).first()
    return None if row is None else _task(row)


_LOCK = select(task.c.id).where(task.c.id == bindparam("id")).with_for_update()
_NEEDED = select(dependency.c.task_id).where(dependency.c.needs_id == bindparam("id")).limit(1)


def lock(change: Change, task_id: str) -> None:
    """Have others that want to change a task wait until this transaction ends."""
    change.lock(_LOCK, task_id)


def is_needed(connection: Connection, task_id: str) -> bool:
    """Say whether other tasks wait for this one."""
    return connection.execute(_NEEDED, {"id": task_id}).first() is not None


def of_job(connection: Connection, job_id: str) -> list[Task]:
    query = _TASKS.where(task.c.job_id == job_id).order_by(task.c.index_in_job)
    return [_task(row) for row in connection.execute(query)]


def query() -> Select[Any]:
    """Return what selects tasks, to be narrowed and ordered, and read by `read`."""
    return _TASKS


def by_status(places: Mapping[str, int], other: int) -> ColumnElement[int]:
    """Return what orders tasks by the places of their statuses."""
    return case(places, value=task.c.status, else_=other)


def read(connection: Connection, query: Select[Any], offset: int, limit: int) -> list[Task]:
    return [_task(row) for row in connection.execute(query.offset(offset).limit(limit))]


def active_of(connection: Connection, worker_id: str) -> list[Task]:
    """Return what a worker is at work on: one task, or none."""
    return [_task(row) for row in connection.execute(_ACTIVE_OF, {"worker": worker_id})]


def commands(connection: Connection, task_id: str) -> list[Command]:
    stored = connection.execute(_COMMANDS, {"id": task_id}).scalar() or []
    return [Command(each["name"], each["parameters"], each["steps"]) for each in stored]


def _task(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        job_id=row.job_id,
        index_in_job=row.index_in_job,
        name=row.name,
        type=row.type,
        priority=row.priority,
        status=TaskStatus(row.status),
        activity=row.activity,
        steps_completed=row.steps_completed,
        steps_total=row.steps_total,
        updated_at=row.updated_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        last_touched=row.last_touched,
        worker_id=row.worker_id,
        worker_name=row.worker_name,
        attempt=row.attempt,
        incarnation=row.incarnation,
        blockers=row.blockers,
        picture_at=row.picture_at,
        job_name=row.job_name,
        job_type=row.job_type,
        job_status=JobStatus(row.job_status),
        job_priority=row.job_priority,
        tag_id=row.tag_id,
        worker_address=row.worker_address,
    )


# -- changing


def hand_again(change: Change, taker: Worker, held: Task) -> Task:
    """Give a worker that has signed on anew the task that it held before: another attempt at it."""
    values = {"attempt": held.attempt + 1, "incarnation": taker.incarnation, "last_touched": change.now}
    change.connection.execute(update(task).where(task.c.id == held.id).values(values))
    return replace(held, attempt=held.attempt + 1, incarnation=taker.incarnation)


def move(change: Change, it: Task, to: TaskStatus, reason: str, who: str = "") -> tuple[Task, Mapping[str, int]]:
    """Change a task's status with all that hangs on it: the job's tally, what waits for it, the event.

    Returns how many others became ready by it as well, by their type.
    """
    steps = 0 if to in CLAIMABLE or to is TaskStatus.PAUSED else it.steps_completed
    values = {
        "status": to.value,
        "updated_at": change.now,
        "ended_at": change.now if to in _ENDED else None,
        "steps_completed": steps,
        "activity": reason,
    }
    change.connection.execute(_SET, {"of": it.id, **values})
    moved = {} if to is it.status else {it.status: -1, to: 1}
    count(change, it.job_id, moved, steps=steps - it.steps_completed)
    queues.shift(
        change,
        it.job_id,
        it.type,
        it.priority,
        ready=((to in CLAIMABLE) - (it.status in CLAIMABLE)) if it.blockers == 0 else 0,
        active=(to is TaskStatus.ACTIVE) - (it.status is TaskStatus.ACTIVE),
    )
    completed = (to is TaskStatus.COMPLETED) - (it.status is TaskStatus.COMPLETED)
    freed = queues.release(change, it.job_id, it.id, completed) if completed else {}
    tell_moved(change, it, to, reason, who)
    return replace(it, status=to, steps_completed=steps), freed


def tell_moved(change: Change, it: Task, to: TaskStatus, reason: str, who: str = "") -> None:
    detail = {"from": it.status.value, "to": to.value, "reason": reason, "name": it.name}
    tell(change, it, Fact(Kind.TASK_STATUS, detail), who)


def tell(change: Change, it: Task, fact: Fact, who: str = "") -> int:
    return events.append(change, fact, worker_id=it.worker_id, task_id=it.id, job_id=it.job_id, who=who)


def count(change: Change, job_id: str, moved: Mapping[TaskStatus, int], steps: int = 0) -> None:
    """Add to a job's tally and steps."""
    values = {f"by_{status.name}": by for status, by in moved.items()}
    change.connection.execute(_count(frozenset(moved)), {"of": job_id, "now": change.now, "steps": steps, **values})


@cache
def _count(statuses: frozenset[TaskStatus]) -> Update:
    values = {
        tally_column(status): job.c[tally_column(status)] + bindparam(f"by_{status.name}")
        for status in sorted(statuses, key=lambda status: status.name)
    }
    return (
        update(job)
        .where(job.c.id == bindparam("of"))
        .values(**values, updated_at=bindparam("now"), steps_completed=job.c.steps_completed + bindparam("steps"))
    )


def set_steps(change: Change, it: Task, steps: int) -> Task:
    values = {"steps_completed": steps, "updated_at": change.now}
    change.connection.execute(_SET, {"of": it.id, **values})
    count(change, it.job_id, {}, steps=steps - it.steps_completed)
    return replace(it, steps_completed=steps)


def set_activity(change: Change, it: Task, activity: str) -> None:
    values = {"activity": activity, "updated_at": change.now}
    change.connection.execute(_SET, {"of": it.id, **values})


def set_picture(change: Change, it: Task) -> None:
    change.connection.execute(update(task).where(task.c.id == it.id).values(picture_at=change.now))


def write_touched(change: Change, touched: Mapping[str, int]) -> None:
    """Write the times of last signs of life, where another manager has not written later ones."""
    later = or_(task.c.last_touched.is_(None), task.c.last_touched < bindparam("at"))
    statement = update(task).where(task.c.id == bindparam("of"), later).values(last_touched=bindparam("at"))
    change.connection.execute(statement, [{"of": task_id, "at": at} for task_id, at in touched.items()])


# -- whole jobs


def add(change: Change, rows: Sequence[Mapping[str, object]], needs: Iterable[Mapping[str, str]]) -> None:
    """Make the rows of a job's tasks and of what they need."""
    change.connection.execute(insert(task), list(rows))
    edges = list(needs)
    if edges:
        change.connection.execute(insert(dependency), edges)


def move_all(change: Change, job_id: str, moves: Mapping[TaskStatus, TaskStatus]) -> None:
    """Change the status of all of a job's tasks at once, as told for each status; the tally is made anew."""
    becomes = {was.value: to.value for was, to in moves.items()}
    starts_over = [was.value for was, to in moves.items() if to in CLAIMABLE]
    values = {
        "status": case(becomes, value=task.c.status),
        "steps_completed": case((task.c.status.in_(starts_over), 0), else_=task.c.steps_completed),
        "updated_at": change.now,
    }
    mine = task.c.job_id == job_id
    change.connection.execute(update(task).where(mine, task.c.status.in_(list(becomes))).values(values))
    if TaskStatus.COMPLETED in moves:
        _recount_blockers(change, job_id)
    recount(change, job_id)


def _recount_blockers(change: Change, job_id: str) -> None:
    needs = task.alias("needs")
    unmet = (
        select(func.count())
        .select_from(dependency)
        .join(needs, needs.c.id == dependency.c.needs_id)
        .where(dependency.c.task_id == task.c.id, needs.c.status != TaskStatus.COMPLETED.value)
        .scalar_subquery()
    )
    change.connection.execute(update(task).where(task.c.job_id == job_id).values(blockers=unmet))


def recount(change: Change, job_id: str) -> None:
    """Make a job's tally and steps anew from its tasks."""
    query = select(task.c.status, func.count()).where(task.c.job_id == job_id).group_by(task.c.status)
    counted = {status: number for status, number in change.connection.execute(query)}  # noqa: C416
    values: dict[str, Any] = {tally_column(status): counted.get(status.value, 0) for status in TaskStatus}
    steps = select(func.coalesce(func.sum(task.c.steps_completed), 0)).where(task.c.job_id == job_id)
    values["steps_completed"] = steps.scalar_subquery()
    change.connection.execute(update(job).where(job.c.id == job_id).values(values))
    queues.refill(change, job_id)


def active_in(connection: Connection, job_id: str) -> list[Task]:
    """Return what is being worked on in a job."""
    query = _TASKS.where(task.c.job_id == job_id, task.c.status == TaskStatus.ACTIVE.value)
    return [_task(row) for row in connection.execute(query)]


# -- failures


def note_failure(change: Change, it: Task, worker_id: str) -> None:
    known = exists().where(failure.c.task_id == it.id, failure.c.worker_id == worker_id)
    if not change.connection.execute(select(known)).scalar():
        change.connection.execute(insert(failure).values(task_id=it.id, worker_id=worker_id, at=change.now))


def failures(connection: Connection, task_id: str) -> list[str]:
    """Return the ids of the workers that failed a task."""
    query = select(failure.c.worker_id).where(failure.c.task_id == task_id).order_by(failure.c.at)
    return list(connection.execute(query).scalars())


def failed_alike(connection: Connection, it: Task, worker_id: str) -> list[Task]:
    """Return the tasks of this type in this job that a worker has failed, whatever became of them."""
    query = _TASKS.join(failure, failure.c.task_id == task.c.id).where(
        failure.c.worker_id == worker_id, task.c.job_id == it.job_id, task.c.type == it.type
    )
    return [_task(row) for row in connection.execute(query)]


def block(change: Change, it: Task, worker_id: str) -> None:
    """Give a worker no more tasks of this type in this job."""
    values = {"job_id": it.job_id, "worker_id": worker_id, "task_type": it.type}
    known = exists().where(*(blocklist.c[column] == value for column, value in values.items()))
    if not change.connection.execute(select(known)).scalar():
        change.connection.execute(insert(blocklist).values(values))


def forgive(change: Change, *, task_ids: Collection[str] = (), job_id: str | None = None) -> None:
    """Forget who failed these tasks, or a whole job's, its blocklist included."""
    if job_id is not None:
        change.connection.execute(delete(blocklist).where(blocklist.c.job_id == job_id))
        of_job = select(task.c.id).where(task.c.job_id == job_id)
        change.connection.execute(delete(failure).where(failure.c.task_id.in_(of_job)))
    if task_ids:
        change.connection.execute(delete(failure).where(failure.c.task_id.in_(list(task_ids))))
