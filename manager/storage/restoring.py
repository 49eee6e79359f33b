"""Put a farm back as it was, into a database of either kind, so that nothing that has happened since does harm."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, inspect, select, text, update

from ..rules import actions
from ..rules.deeds import RESTORED, Deed
from ..rules.facts import Fact, Kind
from . import events, portable, rest, schema, workers
from .asking import ask_all
from .database import Change, Database
from .tables import agent, enrolment, metadata, one_time_link, session, worker

WHY = "a backup was restored"


def is_empty(connection: Connection) -> bool:
    """Say whether a database has none of our tables."""
    return not _ours(connection)


def fill(change: Change, copy: Database, aside: str) -> None:
    """Fill a database with what a copy holds; what there is goes into the PostgreSQL schema `aside`."""
    _put_aside(change.connection, aside)
    with copy.read() as source:
        portable.pour(source, change.connection, schema.standing(source).current or "")


def _ours(connection: Connection) -> Collection[str]:
    known = {*metadata.tables, portable.VERSION}
    return [name for name in inspect(connection).get_table_names() if name in known]


def _put_aside(connection: Connection, aside: str) -> None:
    names = _ours(connection)
    if not names:
        return
    connection.execute(text(f'CREATE SCHEMA "{aside}"'))
    functions = connection.execute(_FUNCTIONS, {"names": list(names)}).scalars().all()
    for name in names:
        connection.execute(text(f'ALTER TABLE "{name}" SET SCHEMA "{aside}"'))
    for function in functions:
        connection.execute(text(f'ALTER FUNCTION {function} SET SCHEMA "{aside}"'))


# What our triggers call.
_FUNCTIONS = text(
    """
    SELECT DISTINCT tgfoid::regprocedure::text FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relname = ANY(:names))
    """
)


def settle(change: Change, by: str, made_at: str) -> None:
    """Make the database of this schema, and a farm that can go on of what it was.

    Its events are numbered from now on by the time, so that nobody waits for a number that was given before. What was
    pending is withdrawn, what let somebody in once is spent, and everybody has to sign in anew.
    """
    schema.upgrade(change.connection)
    events.skip_to(change, change.now)
    newest = events.append(change, Fact(Kind.FARM_RESTORED, {"made_at": made_at}))
    change.deeds.append(Deed(RESTORED, by, detail={"made_at": made_at}))
    pending = change.connection.execute(select(worker.c.id).where(worker.c.request_id.is_not(None))).scalars().all()
    ask_all(change, pending, {}, lambda it, now: actions.withdraw(it, now=now, why=WHY), "")
    workers.ring_all(change, newest)
    change.connection.execute(update(agent).values(bell=newest))
    _end_what_lets_in(change)
    rest.order(change)


def _end_what_lets_in(change: Change) -> None:
    """End sessions, links and codes: some have been ended or used since, which the backup does not know."""
    change.connection.execute(delete(session))
    change.connection.execute(delete(one_time_link))
    change.connection.execute(update(enrolment).where(enrolment.c.revoked_at.is_(None)).values(revoked_at=change.now))
