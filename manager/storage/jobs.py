"""Every statement about jobs."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ...worker.wire import JobStatus, TaskStatus
from ..rules.facts import Fact, Kind
from ..rules.jobs import Draft, Job, Turn
from . import events
from .database import Change
from .tables import job, tally_column, task


def load(connection: Connection, job_id: str) -> Job | None:
    row = connection.execute(select(job).where(job.c.id == job_id)).first()
    return None if row is None else _job(row)


def newest_first(connection: Connection, limit: int | None) -> list[Job]:
    return [_job(row) for row in connection.execute(select(job).order_by(job.c.number.desc()).limit(limit))]


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
    )


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
    change.connection.execute(update(task).where(task.c.job_id == it.id).values(job_priority=priority))
    detail = {"priority": priority, "was": it.priority, "name": it.name}
    events.append(change, Fact(Kind.JOB_CHANGED, detail), job_id=it.id, who=who)


def remove(change: Change, it: Job, who: str) -> None:
    """Delete a job with its tasks, failures and blocklist; its events stay."""
    change.connection.execute(delete(job).where(job.c.id == it.id))
    events.append(change, Fact(Kind.JOB_DELETED, {"name": it.name}), job_id=it.id, who=who)
