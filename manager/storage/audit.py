"""Reads the audit log, and writes into it what no transaction of its own tells of."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select
from sqlalchemy.sql.functions import Function

from ..rules import chain
from ..rules.auditing import ALL, Wanted
from ..rules.chain import Broken, Entry, Head, Whole
from ..rules.deeds import Deed
from . import chain as written
from .database import Database
from .tables import audit

# Rows that are read at a time.
_SOME = 2000


def record(database: Database, deed: Deed) -> None:
    """Write down what somebody did, or could not do; what changes something is noted in its transaction instead."""
    with database.write(alone=False) as change:
        change.deeds.append(deed)


def head(database: Database) -> Head:
    """Return the end of the chain; whoever keeps it elsewhere can tell later whether anything before it was changed."""
    with database.look() as connection:
        return written.head(connection)


def exported(database: Database, wanted: Wanted, deed: Deed) -> Iterator[Entry]:
    """Write down that somebody takes a copy of the wanted rows, and return those that there were before."""
    end = head(database).seq
    record(database, deed)
    return in_order(database, end, wanted)


def newest_first(database: Database, wanted: Wanted, before: int | None, limit: int) -> list[Entry]:
    """Return the wanted rows with numbers below `before`."""
    query = _wanted(wanted).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    with database.read() as connection:
        return _entries(connection, query)


def in_order(database: Database, end: int, wanted: Wanted = ALL, start: int = 1) -> Iterator[Entry]:
    """Yield the wanted rows from one number to another, both included, some at a time."""
    while True:
        query = _wanted(wanted).where(audit.c.seq.between(start, end)).order_by(audit.c.seq).limit(_SOME)
        with database.read() as connection:
            found = _entries(connection, query)
        yield from found
        if len(found) < _SOME:
            return
        start = found[-1].seq + 1


def verify(database: Database, known: Head | None = None, key: bytes = b"") -> Whole | Broken:
    """Follow the chain as it is now: what is written meanwhile is not looked at."""
    with database.read() as connection:
        kept, newest = written.head(connection), connection.execute(select(func.max(audit.c.seq))).scalar() or 0

    def read(start: int) -> Iterator[Entry]:
        return in_order(database, newest, start=start)

    return chain.verify(read, kept=kept, known=known, key=key)


def _wanted(wanted: Wanted) -> Select[tuple[Any, ...]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.who:
        conditions.append(_has(audit.c.who, wanted.who))
    if wanted.what:
        conditions.append(_has(audit.c.what, wanted.what))
    if wanted.whom:
        conditions.append(or_(_has(audit.c.whom, wanted.whom), _has(audit.c.detail, wanted.whom)))
    if wanted.since is not None:
        conditions.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(audit.c.at < wanted.until)
    return select(audit).where(*conditions)


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    lowered: Function[str] = func.lower(column)
    return lowered.contains(text.lower(), autoescape=True)


def _entries(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Entry]:
    return [Entry(*row) for row in connection.execute(query)]
