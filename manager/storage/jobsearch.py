"""Jobs and tasks as the pages look for them: what matches is counted and cut into pages by the database.

Times are milliseconds since the epoch.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from ...worker.wire import JobStatus, TaskStatus
from ..rules.facts import Kind
from ..rules.jobs import ENDED, Job
from ..rules.tasks import Task
from . import jobs, tasks
from .store import Store
from .tables import event, failure, job, tag, tally_column, task, worker

# How many tasks a job has.
_TOTAL: Any = sum(job.c[tally_column(status)] for status in TaskStatus)

# By what the list can be sorted; each falls back on the order of submission.
ORDERS: Mapping[str, Any] = {
    "submitted": job.c.number,
    "name": func.lower(job.c.name),
    "priority": job.c.priority,
    "status": job.c.status,
    "changed": job.c.updated_at,
}


@dataclass(frozen=True)
class JobFilters:
    """What is looked for; what is empty is not asked. text: in a name, a submitter or the beginning of an id."""

    text: str = ""
    statuses: frozenset[JobStatus] = frozenset()
    type: str = ""
    tag: str = ""


@dataclass(frozen=True)
class FoundJobs:
    """A part of the jobs that match. counts: by status, of all that match but for their status."""

    jobs: Sequence[Job]
    matching: int
    total: int
    counts: Mapping[JobStatus, int]
    types: Sequence[str]


def find(store: Store, filters: JobFilters, *, sort: str, down: bool, offset: int, limit: int) -> FoundJobs:
    """Return the jobs on one page; raises KeyError for a sort that is none of ORDERS."""
    order = ORDERS[sort]
    with store.database.read() as connection:
        counts = _counts(connection, filters)
        wanted = filters.statuses or counts.keys()
        query = jobs.query().where(*_matching(filters))
        if filters.statuses:
            query = query.where(job.c.status.in_([status.value for status in filters.statuses]))
        query = query.order_by(order.desc() if down else order, job.c.number.desc()).offset(offset).limit(limit)
        return FoundJobs(
            jobs=jobs.read(connection, query),
            matching=sum(number for status, number in counts.items() if status in wanted),
            total=connection.execute(select(func.count()).select_from(job)).scalar_one(),
            counts=counts,
            types=list(connection.execute(select(job.c.type).distinct().order_by(job.c.type)).scalars()),
        )


def _counts(connection: Connection, filters: JobFilters) -> dict[JobStatus, int]:
    base = select(job.c.status, func.count().label("number")).select_from(job).outerjoin(tag, tag.c.id == job.c.tag_id)
    query = base.where(*_matching(filters)).group_by(job.c.status)
    return {JobStatus(row.status): row.number for row in connection.execute(query)}


def _matching(filters: JobFilters) -> list[ColumnElement[bool]]:
    """Say what matches but for the status."""
    text, found = filters.text, list[ColumnElement[bool]]()
    if text:
        names = (job.c.name.icontains(text, autoescape=True), job.c.submitted_by.icontains(text, autoescape=True))
        found.append(or_(*names, job.c.id.startswith(text.lower(), autoescape=True)))
    if filters.type:
        found.append(job.c.type == filters.type)
    if filters.tag:
        found.append(tag.c.name == filters.tag)
    return found


# -- what would go


@dataclass(frozen=True)
class Old:
    """Jobs that have ended, and of which nothing has changed for long. first: some of them."""

    jobs: int
    tasks: int
    first: Sequence[Job]


def old(store: Store, at: int) -> Old:
    """Return what would go if the jobs went that have ended, and of which nothing has changed since."""
    gone = _old(at)
    with store.database.read() as connection:
        number, many = connection.execute(select(func.count(), func.sum(_TOTAL)).select_from(job).where(*gone)).one()
        first = jobs.read(connection, jobs.query().where(*gone).order_by(job.c.number).limit(20))
    return Old(number, int(many or 0), first)


def old_ids(store: Store, at: int) -> list[str]:
    """Return the ids of those jobs."""
    with store.database.read() as connection:
        return list(connection.execute(select(job.c.id).where(*_old(at)).order_by(job.c.number)).scalars())


def _old(at: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return job.c.status.in_([status.value for status in ENDED]), job.c.updated_at <= at


# -- tasks


@dataclass(frozen=True)
class TaskFilters:
    """Which tasks of a job; worker_id: who has, or ever had, or failed them."""

    statuses: frozenset[TaskStatus] = frozenset()
    worker_id: str = ""


@dataclass(frozen=True)
class FoundTasks:
    """A part of a job's tasks that match. cells: the statuses of all of them, where there are few; workers: by id."""

    tasks: Sequence[Task]
    matching: int
    cells: Sequence[TaskStatus]
    workers: Mapping[str, str]


def tasks_of(
    store: Store, job_id: str, filters: TaskFilters, *, offset: int, limit: int, most_cells: int
) -> FoundTasks:
    """Return the tasks on one page, in their order; failed and active ones come first where there are many."""
    mine = [task.c.job_id == job_id, *_which(job_id, filters)]
    with store.database.read() as connection:
        total = connection.execute(select(func.count()).select_from(task).where(task.c.job_id == job_id)).scalar_one()
        cells = select(task.c.status).where(task.c.job_id == job_id).order_by(task.c.index_in_job)
        return FoundTasks(
            tasks=tasks.read(connection, tasks.query().where(*mine).order_by(*_order(total > limit)), offset, limit),
            matching=connection.execute(select(func.count()).select_from(task).where(*mine)).scalar_one(),
            cells=[TaskStatus(each) for each in connection.execute(cells).scalars()] if total <= most_cells else [],
            workers=_workers_of(connection, job_id),
        )


_FIRST = (TaskStatus.FAILED, TaskStatus.SOFT_FAILED, TaskStatus.ACTIVE)


def _order(many: bool) -> list[ColumnElement[Any]]:
    places = {status.value: place for place, status in enumerate(_FIRST)}
    first = [tasks.by_status(places, len(places))] if many else []
    return [*first, task.c.index_in_job]


def _which(job_id: str, filters: TaskFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.statuses:
        found.append(task.c.status.in_([status.value for status in filters.statuses]))
    if filters.worker_id:
        had = select(event.c.task_id).where(
            event.c.job_id == job_id,
            event.c.worker_id == filters.worker_id,
            event.c.kind == Kind.TASK_STARTED.value,
        )
        found.append(or_(task.c.worker_id == filters.worker_id, task.c.id.in_(had)))
    return found


def _workers_of(connection: Connection, job_id: str) -> dict[str, str]:
    """Return the names of those who ever had a task of a job, by their ids."""
    had = select(event.c.worker_id).where(event.c.job_id == job_id, event.c.kind == Kind.TASK_STARTED.value)
    query = select(worker.c.id, worker.c.name).where(worker.c.id.in_(had)).order_by(worker.c.name, worker.c.id)
    return {row.id: row.name for row in connection.execute(query)}


def pictured(store: Store, job_id: str, limit: int) -> list[Task]:
    """Return the tasks of a job with the newest pictures, in their order."""
    with_picture = tasks.query().where(task.c.job_id == job_id, task.c.picture_at.is_not(None))
    with store.database.read() as connection:
        found = tasks.read(connection, with_picture.order_by(task.c.picture_at.desc()), 0, limit)
    return sorted(found, key=lambda each: each.index_in_job)


def failures(store: Store, job_id: str) -> Mapping[str, Sequence[tuple[str, str, int]]]:
    """Return, by task, who failed it since a person last queued it: id, name and when."""
    query = (
        select(failure.c.task_id, worker.c.id, worker.c.name, failure.c.at)
        .join(task, task.c.id == failure.c.task_id)
        .join(worker, worker.c.id == failure.c.worker_id)
        .where(task.c.job_id == job_id)
        .order_by(failure.c.at)
    )
    found: dict[str, list[tuple[str, str, int]]] = {}
    with store.database.read() as connection:
        for row in connection.execute(query):
            found.setdefault(row.task_id, []).append((row.id, row.name, row.at))
    return found


def failed_ids(connection: Connection, job_id: str) -> Collection[str]:
    """Return the ids of a job's tasks that are failed."""
    query = select(task.c.id).where(task.c.job_id == job_id, task.c.status == TaskStatus.FAILED.value)
    return connection.execute(query.order_by(task.c.index_in_job)).scalars().all()
