"""How many there are of everything on the farm, for metrics: the same from each of several managers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Executable, and_, bindparam, func, select

from ...worker.wire import TaskStatus
from ..rules.agents import AWAY_MS
from .tables import agent, audit_head, delivery, event, job, queue, tag, tally_column, worker, worker_tag

# A farm may have any number of tags; the largest ones are counted.
TAGS = 50

_HERE = and_(worker.c.deleted_at.is_(None), ~worker.c.waiting)


@dataclass(frozen=True)
class Tally:
    """One state of the farm. Times are milliseconds since the epoch, None where there is nothing.

    workers: by status; those who wait to be let in are counted in `waiting` alone. tagged: the same, by tag and status.
    pending: by the status that is asked for, how many and since when. ready: tasks that can be handed out, by type.
    """

    workers: Mapping[str, int]
    waiting: int
    not_restartable: int
    tagged: Mapping[tuple[str, str], int]
    pending: Mapping[str, tuple[int, int]]
    jobs: Mapping[str, int]
    tasks: Mapping[str, int]
    ready: Mapping[str, int]
    agents: int
    silent_agents: int
    audit_rows: int
    notices: int
    oldest_notice: int | None
    newest_event: int


def count(connection: Connection, now: int) -> Tally:
    tasks = connection.execute(_TASKS).one()
    agents = connection.execute(_AGENTS, {"since": now - AWAY_MS}).one()
    notices = connection.execute(_NOTICES).one()
    return Tally(
        workers=_by_one(connection, _by(worker.c.status, _HERE)),
        waiting=connection.execute(_WAITING).scalar_one(),
        not_restartable=connection.execute(_NOT_RESTARTABLE).scalar_one(),
        tagged={(row.name, row.status): row.n for row in connection.execute(_TAGGED)},
        pending={row.request_status: (row.n, row.since) for row in connection.execute(_PENDING)},
        jobs=_by_one(connection, _by(job.c.status)),
        tasks={status.value: getattr(tasks, tally_column(status)) or 0 for status in TaskStatus},
        ready=_by_one(connection, _READY),
        agents=agents.all,
        silent_agents=agents.all - agents.heard,
        audit_rows=connection.execute(select(audit_head.c.seq)).scalar() or 0,
        notices=notices.n,
        oldest_notice=notices.since,
        newest_event=connection.execute(select(func.max(event.c.seq))).scalar() or 0,
    )


def _by(column: ColumnElement[str], *which: ColumnElement[bool]) -> Executable:
    return select(column, func.count()).where(*which).group_by(column)


def _by_one(connection: Connection, query: Executable) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


_WAITING = select(func.count()).where(worker.c.deleted_at.is_(None), worker.c.waiting)
_NOT_RESTARTABLE = select(func.count()).where(_HERE, ~worker.c.can_restart)
_LARGEST = (
    select(worker_tag.c.tag_id)
    .group_by(worker_tag.c.tag_id)
    .order_by(func.count().desc(), worker_tag.c.tag_id)
    .limit(TAGS)
)
_TAGGED = (
    select(tag.c.name, worker.c.status, func.count().label("n"))
    .join_from(worker_tag, tag, tag.c.id == worker_tag.c.tag_id)
    .join(worker, worker.c.id == worker_tag.c.worker_id)
    .where(_HERE, tag.c.id.in_(_LARGEST))
    .group_by(tag.c.name, worker.c.status)
)
_PENDING = (
    select(worker.c.request_status, func.count().label("n"), func.min(worker.c.request_at).label("since"))
    .where(_HERE, worker.c.request_id.is_not(None))
    .group_by(worker.c.request_status)
)
_TASKS = select(*(func.sum(job.c[tally_column(status)]).label(tally_column(status)) for status in TaskStatus))
_READY = select(queue.c.task_type, func.sum(queue.c.ready)).where(queue.c.ready > 0).group_by(queue.c.task_type)
_AGENTS = select(
    func.count().label("all"), func.count().filter(agent.c.last_seen >= bindparam("since")).label("heard")
).where(agent.c.deleted_at.is_(None))
_NOTICES = select(func.count().label("n"), func.min(delivery.c.made_at).label("since")).where(
    delivery.c.due_at.is_not(None)
)
