"""What can be wrong in a farm's database. Each check reads, and yields what it finds."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Executable, and_, func, or_, select, text
from sqlalchemy.exc import SQLAlchemyError

from ...worker.wire import Status, TaskStatus
from ..rules.agents import AWAY_MS
from ..rules.findings import Finding, note
from . import schema
from .database import Database
from .tables import agent, delivery, event, job, queue, tally_column, task, worker

# Clocks further apart than this make people see times that cannot be.
SKEW_MS = 2_000

# A message that is older than this is not going to be delivered soon.
LATE_MS = 3600_000

# So many are named.
NAMED = 3

Check = Callable[[Database, int], Iterator[Finding]]


def look(database: Database, now: int) -> Iterator[Finding]:
    """Check a database that answers, and what is in it if it is of our schema. now: milliseconds since the epoch."""
    yield from of_kind(database)
    with database.read() as connection:
        found = schema.standing(connection)
    if not found.known:
        yield Finding("database", f"it has schema {found.current}, of a newer Farmhand", "run that Farmhand")
    elif found.pending:
        was = found.current or "none"
        mend = "back it up, then start the manager or run farmhand-manager migrate"
        yield Finding("database", f"it has schema {was}, and this Farmhand {found.head}", mend)
    else:
        for check in CHECKS:
            yield from check(database, now)


def of_kind(database: Database) -> Iterator[Finding]:
    yield from (_sqlite if database.name == "sqlite" else _postgresql)(database)
    try:
        with database.write() as change:
            change.connection.execute(text("CREATE TABLE doctor_was_here (n INTEGER)"))
            change.connection.execute(text("DROP TABLE doctor_was_here"))
    except SQLAlchemyError as error:
        why = " ".join(str(getattr(error, "orig", error)).split())
        yield Finding("database", f"it cannot be written: {why}", "give its user the right, or the disk room")


def _sqlite(database: Database) -> Iterator[Finding]:
    with database.look() as connection:
        said = connection.execute(text("PRAGMA quick_check(1)")).scalar()
        if said != "ok":
            yield Finding("database", f"the file is damaged: {said}", "restore the newest backup")
        if connection.execute(text("PRAGMA foreign_key_check")).first():
            yield Finding("database", "rows refer to others that are not there", "restore the newest backup")


def _postgresql(database: Database) -> Iterator[Finding]:
    with database.look() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        if version < 130_000:
            yield Finding("database", f"PostgreSQL {version // 10_000} is too old", "run PostgreSQL 13 or newer")
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            yield Finding("database", f"its encoding is {encoding}", "make it anew with --encoding UTF8")
        room = int(connection.execute(text("SHOW max_connections")).scalar_one())
        if room < 70:
            mend = "raise max_connections: a manager opens 33 at most"
            yield note("database", f"its server takes {room} connections, which two managers can use up", mend)


# -- once it has our schema


def clocks(database: Database, now: int) -> Iterator[Finding]:
    if database.name == "postgresql":
        with database.look() as connection:
            before = database.clock()
            there = connection.execute(text("SELECT extract(epoch FROM clock_timestamp()) * 1000")).scalar_one()
        skew = int(there) - (before + database.clock()) // 2
        if abs(skew) > SKEW_MS:
            what = f"its clock is {abs(skew) / 1000:.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
            yield Finding("database", what, "have both set their clocks by NTP")
    newest = _scalar(database, select(func.max(event.c.at)))
    if newest is not None and newest > now + SKEW_MS:
        what = f"something has happened {(newest - now) / 1000:.0f} s in the future"
        yield Finding("clock", what, "have the managers' machines set their clocks by NTP")


def counts(database: Database, _now: int) -> Iterator[Finding]:
    """What is counted in two ways is the same."""
    of_task = and_(
        task.c.job_id == queue.c.job_id, task.c.type == queue.c.task_type, task.c.priority == queue.c.priority
    )
    ready = select(func.count()).where(of_task, task.c.ready).correlate(queue).scalar_subquery()
    wrong = _scalar(database, select(func.count()).select_from(queue).where(queue.c.ready != ready))
    if wrong:
        yield Finding(
            "queue", f"{wrong} of its counts are not those of the tasks", "requeue the jobs concerned, and tell us"
        )
    tallies = [
        job.c[tally_column(status)]
        != select(func.count())
        .where(task.c.job_id == job.c.id, task.c.status == status.value)
        .correlate(job)
        .scalar_subquery()
        for status in TaskStatus
    ]
    wrong = _scalar(database, select(func.count()).select_from(job).where(or_(*tallies)))
    if wrong:
        yield Finding("jobs", f"{wrong} count other tasks than they have", "requeue the jobs concerned, and tell us")


def workers(database: Database, _now: int) -> Iterator[Finding]:
    here = worker.c.deleted_at.is_(None)
    lost = _names(database, select(worker.c.name).where(here, worker.c.status == Status.ERROR.value))
    if lost:
        yield Finding("workers", f"lost: {lost}", "see that their machines and their network are up, then restart them")
    waiting = _names(database, select(worker.c.name).where(here, worker.c.waiting))
    if waiting:
        yield note("workers", f"want to join: {waiting}", "let them in, or turn them away, on the page")
    astray = _names(
        database,
        select(task.c.name)
        .join_from(task, worker, worker.c.id == task.c.worker_id, isouter=True)
        .where(
            task.c.status == TaskStatus.ACTIVE.value,
            or_(worker.c.id.is_(None), func.coalesce(worker.c.task_id, "") != task.c.id, ~here),
        ),
    )
    if astray:
        yield Finding("tasks", f"active, and nobody's: {astray}", "requeue them, and tell us")


def agents(database: Database, now: int) -> Iterator[Finding]:
    silent = _names(
        database, select(agent.c.name).where(agent.c.deleted_at.is_(None), agent.c.last_seen < now - AWAY_MS)
    )
    if silent:
        yield Finding("agents", f"silent: {silent}", "see that farmhand agent runs on those machines")
    blind = _names(database, select(agent.c.name).where(agent.c.deleted_at.is_(None), agent.c.trouble != ""))
    if blind:
        yield Finding("agents", f"do not see their services: {blind}", "look at their pages, which say why")


def notices(database: Database, now: int) -> Iterator[Finding]:
    late = _scalar(
        database,
        select(func.count()).where(delivery.c.due_at.is_not(None), delivery.c.made_at < now - LATE_MS),
    )
    if late:
        yield Finding(
            "notices", f"{late} messages could not be delivered for an hour", "look at what they say on their page"
        )


CHECKS: tuple[Check, ...] = (clocks, counts, workers, agents, notices)


def _scalar(database: Database, query: Executable) -> Any:
    with database.look() as connection:
        return connection.execute(query).scalar()


def _names(database: Database, query: Executable) -> str:
    """Name the first few, and say how many more there are."""
    with database.look() as connection:
        found = sorted(connection.execute(query).scalars())
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
