"""Every statement about jobs."""

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from ...worker.wire import JobStatus, TaskStatus
from ..rules.facts import Fact, Kind
from ..rules.jobs import Draft, Job, Turn
from ..rules.tags import Tag
from . import events, queues
from .database import Change
from .tables import job, tag, tally_column

_JOBS = (
    select(
        job,
        tag.c.name.label("tag_name"),
        tag.c.description.label("tag_description"),
        tag.c.deleted_at.label("tag_deleted_at"),
    )
    .select_from(job)
    .outerjoin(tag, tag.c.id == job.c.tag_id)
)
_JOB = _JOBS.where(job.c.id == bindparam("id"))


def load(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(_JOB, {"id": job_id}).first()
    return None if row is None else _job(row)


def newest_first(connection: Connection, limit: int | None) -> list[Job]:
    return [_job(row) for row in connection.execute(_JOBS.order_by(job.c.number.desc()).limit(limit))]


def query() -> Select[Any]:
    """Return what selects jobs, to be narrowed and ordered, and read by `read`."""
    return _JOBS


def read(connection: Connection, query: Select[Any]) -> list[Job]:
    return [_job(row) for row in connection.execute(query)]


def last_pictured(connection: Connection) -> Job | None:
    """Return the job of which the newest picture of all is, or None."""
    query = _JOBS.where(job.c.picture_at.is_not(None)).order_by(job.c.picture_at.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _job(row)


def idle_since(connection: Connection, at: int) -> list[Job]:
    """Return the jobs of which nothing has changed after a time."""
    return [_job(row) for row in connection.execute(_JOBS.where(job.c.updated_at <= at))]


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        number=row.number,
        name=row.name,
        type=row.type,
        priority=row.priority,
        status=JobStatus(row.status),
        activity=row.activity,
        settings=row.settings,
        metadata=row.metadata,
        submitted_by=row.submitted_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        steps_completed=row.steps_completed,
        steps_total=row.steps_total,
        tally={status: getattr(row, tally_column(status)) for status in TaskStatus},
        tag=_tag(row),
        storage=row.storage,
        picture_at=row.picture_at,
    )


def _tag(row: Row[Any]) -> Tag | None:
    if row.tag_name is None:
        return None
    return Tag(row.tag_id, row.tag_name, row.tag_description, deleted=row.tag_deleted_at is not None)


def add(change: Change, job_id: str, draft: Draft, who: str) -> int:
    """Make a job's row and return its number."""
    values = {
        "id": job_id,
        "name": draft.name,
        "type": draft.type,
        "priority": draft.priority,
        "status": draft.status.value,
        "settings": dict(draft.settings),
        "metadata": dict(draft.metadata),
        "submitted_by": who,
        "created_at": change.now,
        "updated_at": change.now,
        "steps_total": sum(task.steps for task in draft.tasks),
        "tag_id": draft.tag_id,
        "storage": draft.storage,
    }
    number: int = change.connection.execute(insert(job).values(values).returning(job.c.number)).scalar_one()
    return number


def turn(change: Change, it: Job, to: Turn, who: str = "") -> None:
    """Change a job's status; its tasks are moved by `tasks.move_all`."""
    values = {"status": to.status.value, "activity": to.reason, "updated_at": change.now}
    change.connection.execute(update(job).where(job.c.id == it.id).values(values))
    detail = {"from": it.status.value, "to": to.status.value, "reason": to.reason, "name": it.name}
    events.append(change, Fact(Kind.JOB_STATUS, detail), job_id=it.id, who=who)


def set_priority(change: Change, it: Job, priority: int, who: str) -> None:
    change.connection.execute(update(job).where(job.c.id == it.id).values(priority=priority, updated_at=change.now))
    queues.set_priority(change, it.id, priority)
    detail = {"priority": priority, "was": it.priority, "name": it.name}
    events.append(change, Fact(Kind.JOB_CHANGED, detail), job_id=it.id, who=who)


def set_picture(change: Change, job_id: str) -> bool:
    """Note that a job has a new picture; say whether the job still exists."""
    statement = update(job).where(job.c.id == job_id).values(picture_at=change.now)
    return change.connection.execute(statement).rowcount > 0


def remove(change: Change, it: Job, who: str) -> None:
    """Delete a job with its tasks, failures and blocklist; its events stay."""
    change.connection.execute(delete(job).where(job.c.id == it.id))
    events.append(change, Fact(Kind.JOB_DELETED, {"name": it.name}), job_id=it.id, who=who)
