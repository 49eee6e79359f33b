"""The append-only table of everything that happened: audit log, timeline and live updates are three views of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, insert, select, text

from ..rules.deeds import deed_of
from ..rules.facts import Fact, Kind
from ..rules.workers import is_farm
from .database import Change
from .many import insert_all
from .tables import event

# Quicker than the enum's own way.
KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}


@dataclass(frozen=True)
class Event:
    """One thing that happened; `who` is the operator, or empty where the farm did it by itself."""

    seq: int
    at: int
    kind: Kind
    worker_id: str | None
    task_id: str | None
    job_id: str | None
    who: str
    detail: Mapping[str, object]


@dataclass(frozen=True)
class Told:
    """What there is to tell of a worker, and of the task that it is at."""

    fact: Fact
    worker_id: str | None = None
    task_id: str | None = None
    job_id: str | None = None


_APPEND = insert(event).returning(event.c.seq)


def append(
    change: Change,
    fact: Fact,
    *,
    worker_id: str | None = None,
    task_id: str | None = None,
    job_id: str | None = None,
    who: str = "",
) -> int:
    """Make an event of a fact and return its seq. What a person did is written into the audit log as well."""
    told = Told(fact, worker_id, task_id, job_id)
    if not change.seq:
        change.queue()
    change.seq = change.connection.execute(_APPEND, _row(change, told, who)).scalar_one()
    _note(change, told, who)
    return change.seq


def append_all(change: Change, told: Sequence[Told], who: str = "") -> Sequence[int]:
    """Do the same for many facts, in their order."""
    if not told:
        return ()
    if not change.seq:
        change.queue()
    seqs = _take(change.connection, len(told))
    rows = [{"seq": seq, **_row(change, each, who)} for seq, each in zip(seqs, told, strict=True)]
    insert_all(change.connection, event, rows)
    change.seq = seqs[-1]
    for each in told:
        _note(change, each, who)
    return seqs


def _take(connection: Connection, number: int) -> Sequence[int]:
    """Return the next numbers of events, which nobody else takes before this transaction ends."""
    if connection.dialect.name == "postgresql":
        return connection.execute(_TAKE, {"number": number}).scalars().all()
    last = connection.execute(_LAST).scalar() or 0
    return range(last + 1, last + 1 + number)


_TAKE = text("SELECT nextval(pg_get_serial_sequence('event', 'seq')) FROM generate_series(1, :number)")
_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = 'event'")


def _row(change: Change, told: Told, who: str) -> dict[str, object]:
    return {
        "at": change.now,
        "kind": told.fact.kind.value,
        "worker_id": told.worker_id,
        "task_id": told.task_id,
        "job_id": told.job_id,
        "who": who,
        "detail": dict(told.fact.detail),
    }


def _note(change: Change, told: Told, who: str) -> None:
    if not is_farm(who):
        change.deeds.append(deed_of(told.fact, who, told.worker_id, told.job_id, told.task_id))


def skip_to(change: Change, seq: int) -> None:
    """Give the next event this number, or the one that it has anyway where that is higher."""
    before = max(seq - 1, newest(change.connection))
    if change.connection.dialect.name == "postgresql":
        change.connection.execute(_COUNT_ON, {"seq": before})
        return
    change.connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'event'"))
    change.connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', :seq)"), {"seq": before})


_COUNT_ON = text("SELECT setval(pg_get_serial_sequence('event', 'seq'), :seq)")


def newest(connection: Connection) -> int:
    return connection.execute(select(func.max(event.c.seq))).scalar() or 0


def after(connection: Connection, seq: int, limit: int) -> list[Event]:
    return _events(connection, select(event).where(event.c.seq > seq).order_by(event.c.seq).limit(limit))


def tasks_after(connection: Connection, seq: int, task_ids: Collection[str]) -> list[str]:
    """Return those of some tasks that something happened to after `seq`."""
    query = select(event.c.task_id).where(event.c.seq > seq, event.c.task_id.in_(task_ids)).distinct()
    return list(connection.execute(query).scalars())


def touched(connection: Connection, seq: int, limit: int) -> list[str] | None:
    """Return the ids of the workers to whom something happened after `seq`; None where they are more than the limit."""
    query = select(event.c.worker_id).where(event.c.seq > seq, event.c.worker_id.is_not(None)).distinct()
    found = list(connection.execute(query.limit(limit + 1)).scalars())
    return found if len(found) <= limit else None


def of_kinds(connection: Connection, kinds: Collection[Kind], after: int, until: int, most: int) -> list[Event]:
    """Return the events of some kinds whose seq is beyond `after` and not beyond `until`, oldest first."""
    query = select(event).where(event.c.seq > after, event.c.seq <= until)
    of_kinds = query.where(event.c.kind.in_([kind.value for kind in kinds]))
    return _events(connection, of_kinds.order_by(event.c.seq).limit(most))


class Mark(NamedTuple):
    """As much of an event as a chart needs, which is drawn from a hundred thousand of them."""

    seq: int
    at: int
    kind: Kind
    detail: Mapping[str, object]


def marks(
    connection: Connection, worker_id: str, kinds: Collection[Kind], begin: int, most: int, names: Sequence[str]
) -> list[Mark]:
    """Return a worker's events of some kinds since a time, newest first, with these texts of their details."""
    said = [event.c.detail[name].as_string() for name in names]
    query = select(event.c.seq, event.c.at, event.c.kind, *said)
    query = query.where(event.c.worker_id == worker_id, event.c.at >= begin)
    query = query.where(event.c.kind.in_([kind.value for kind in kinds])).order_by(event.c.seq.desc()).limit(most)
    details = cache(lambda *texts: dict(zip(names, texts, strict=True)))  # most are alike
    return [Mark(seq, at, KINDS[kind], details(*texts)) for seq, at, kind, *texts in connection.execute(query).all()]


def of_worker(
    connection: Connection, worker_id: str, limit: int, before: int | None, kinds: Collection[Kind] = ()
) -> list[Event]:
    query = select(event).where(event.c.worker_id == worker_id)
    if kinds:
        query = query.where(event.c.kind.in_([kind.value for kind in kinds]))
    if before is not None:
        query = query.where(event.c.seq < before)
    return _events(connection, query.order_by(event.c.seq.desc()).limit(limit))


def _events(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Event]:
    rows: Sequence[Row[tuple[Any, ...]]] = connection.execute(query).all()
    return [
        Event(row.seq, row.at, KINDS[row.kind], row.worker_id, row.task_id, row.job_id, row.who, row.detail)
        for row in rows
    ]
