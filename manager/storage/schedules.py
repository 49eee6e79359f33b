"""Sleep schedules: whose they are, what they say, and what is asked of workers when they are changed.

Functions that take a store are one transaction each. Times are milliseconds since the epoch.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from ...worker.wire import Status
from ..rules import schedules as rules
from ..rules.facts import Fact, Kind
from ..rules.schedules import Schedule, Verdict
from ..rules.tasks import Refused
from ..rules.windows import Window, days_words, read_window, time_text
from ..zones import read_zone
from . import events, many, workers
from .database import Change
from .store import Missing, Store
from .tables import schedule, tag, worker, worker_tag


@dataclass(frozen=True)
class Owner:
    """Who sleeps by a schedule: the worker with an id, or the workers that have the tag with it."""

    kind: str  # "worker" or "tag"
    id: str
    name: str = ""

    @property
    def words(self) -> str:
        return self.name if self.kind == "worker" else f"the tag {self.name}"


@dataclass(frozen=True)
class Kept:
    """A schedule as it is kept."""

    id: str
    owner: Owner
    schedule: Schedule
    changed_at: int
    changed_by: str


_IS_WORKERS = schedule.c.worker_id.is_not(None)
_KEPT = (
    select(
        schedule,
        case((_IS_WORKERS, "worker"), else_="tag").label("kind"),
        func.coalesce(schedule.c.worker_id, schedule.c.tag_id).label("owner_id"),
        func.coalesce(worker.c.name, tag.c.name).label("owner_name"),
    )
    .select_from(schedule)
    .outerjoin(worker, worker.c.id == schedule.c.worker_id)
    .outerjoin(tag, tag.c.id == schedule.c.tag_id)
    .order_by(_IS_WORKERS.desc(), "owner_name", schedule.c.id)
)
_DUE = _KEPT.add_columns(schedule.c.due_at).where(schedule.c.due_at <= bindparam("now"))
# Which schedules workers sleep by: their own, and those of their tags.
_BY_WORKER = select(schedule.c.worker_id, schedule.c.id).where(schedule.c.worker_id.is_not(None))
_BY_TAG = (
    select(worker_tag.c.worker_id, schedule.c.id)
    .join(schedule, schedule.c.tag_id == worker_tag.c.tag_id)
    .order_by(schedule.c.id)
)
_BY_EITHER = (_BY_WORKER, _BY_TAG)
_IDS: BindParameter[Sequence[str]] = bindparam("ids", expanding=True)
_OF_SOME = (_BY_WORKER.where(schedule.c.worker_id.in_(_IDS)), _BY_TAG.where(worker_tag.c.worker_id.in_(_IDS)))


def every(store: Store) -> list[Kept]:
    """Return all schedules, those of workers first, by name."""
    with store.database.read() as connection:
        return _load(connection, _KEPT)


def one(store: Store, schedule_id: str) -> Kept:
    """Return a schedule, or raise Missing."""
    with store.database.read() as connection:
        return _one(connection, schedule_id)


def own(store: Store, worker_id: str) -> Kept | None:
    """Return the schedule of a worker itself; raises Missing where there is no such worker."""
    store.worker(worker_id)
    with store.database.read() as connection:
        found = _load(connection, _KEPT.where(schedule.c.worker_id == worker_id))
    return found[0] if found else None


def of_worker(store: Store, worker_id: str) -> list[Kept]:
    """Return what a worker sleeps by: its own schedule, then those of its tags. Raises Missing."""
    store.worker(worker_id)
    with store.database.read() as connection:
        tags = select(worker_tag.c.tag_id).where(worker_tag.c.worker_id == worker_id)
        return _load(connection, _KEPT.where(or_(schedule.c.worker_id == worker_id, schedule.c.tag_id.in_(tags))))


def verdict(connection: Connection, worker_id: str, now: int) -> Verdict | None:
    """Return what a worker's schedules say now, None where none of them is in force."""
    return verdicts(connection, [worker_id], now).get(worker_id)


# -- changes


def add(store: Store, owner: Owner, said: Schedule, by: str) -> Kept:
    """Make the schedule of a worker or tag; raises Missing, and Refused where it has one."""
    with store.database.write() as change:
        _check(change.connection, owner)
        has = change.connection.execute(select(schedule.c.id).where(_of(owner))).scalar()
        if has is not None:
            raise Refused(f"there is a sleep schedule of this {owner.kind} already; change that one, {has}")
        id = str(uuid.uuid4())
        with settling(store, change, members(change.connection, owner)):
            column = {"worker": "worker_id", "tag": "tag_id"}[owner.kind]
            values = {"id": id, column: owner.id, **_columns(change, said, by)}
            change.connection.execute(insert(schedule).values(values))
        return _told(change, id, by)


def rewrite(store: Store, schedule_id: str, said: Schedule, by: str) -> Kept:
    """Change a schedule; raises Missing."""
    with store.database.write() as change:
        was = _one(change.connection, schedule_id)
        with settling(store, change, members(change.connection, was.owner)):
            values = _columns(change, said, by)
            change.connection.execute(update(schedule).where(schedule.c.id == schedule_id).values(values))
        return _told(change, schedule_id, by)


def remove(store: Store, schedule_id: str, by: str) -> None:
    """Delete a schedule: who sleeps by it alone wakes up. Raises Missing."""
    with store.database.write() as change:
        was = _one(change.connection, schedule_id)
        with settling(store, change, members(change.connection, was.owner)):
            change.connection.execute(delete(schedule).where(schedule.c.id == schedule_id))
        _tell(change, was, Kind.SCHEDULE_DELETED, by)


@dataclass(frozen=True)
class _Shift:
    """What the schedules of workers said before a change at a time, and after it."""

    at: int
    before: Mapping[str, Verdict]
    after: Mapping[str, Verdict]


@contextmanager
def settling(store: Store, change: Change, worker_ids: Collection[str]) -> Iterator[None]:
    """Change schedules, or whose they are, in the block; then ask of these workers what has changed for them.

    Many are asked afterwards, in parts. If that is broken off, those that were not asked are at the next edge.
    """
    before = verdicts(change.connection, worker_ids, change.now)
    yield
    shift = _Shift(change.now, before, verdicts(change.connection, worker_ids, change.now))
    shifted = [id for id in worker_ids if shift.before.get(id) != shift.after.get(id)]
    if len(shifted) <= many.PART:
        _settle(store, change, shift, shifted)
    else:
        change.afterwards.append(lambda: _settle_in_parts(store, shift, shifted))


def _settle_in_parts(store: Store, shift: _Shift, worker_ids: Sequence[str]) -> None:
    """Ask it of those whose schedules still say so: what has changed since has been asked by whoever changed it."""
    for part in many.parts(worker_ids):
        with store.database.write() as change:
            now = verdicts(change.connection, part, change.now)
            _settle(store, change, shift, [id for id in part if _wants(now, id) is _wants(shift.after, id)])


def _wants(said: Mapping[str, Verdict], worker_id: str) -> Status | None:
    verdict = said.get(worker_id)
    return None if verdict is None else verdict.status


def _settle(store: Store, change: Change, shift: _Shift, worker_ids: Collection[str]) -> None:
    """Ask it of all but those of whom a person has asked something since the change."""
    moves = []
    for it in workers.load(change.connection, worker_ids, store.seen.at) if worker_ids else ():
        wanted = rules.changed(shift.before.get(it.id), shift.after.get(it.id), it)
        if wanted is not None and (it.wished is None or it.wished.at <= shift.at):
            moves.append((it, rules.overrule(it, wanted, id=str(uuid.uuid4()), now=change.now)))
    workers.save_all(change, moves, rules.BY)


@contextmanager
def settling_tag(store: Store, change: Change, tag_id: str) -> Iterator[None]:
    """Do the same for the workers that have a tag, or had it."""
    with settling(store, change, members(change.connection, Owner("tag", tag_id))):
        yield


def _check(connection: Connection, owner: Owner) -> None:
    table = {"worker": worker, "tag": tag}[owner.kind]
    query = select(table.c.id).where(table.c.id == owner.id, table.c.deleted_at.is_(None))
    if connection.execute(query).first() is None:
        raise Missing(f"there is no {owner.kind} {owner.id}")


def _told(change: Change, schedule_id: str, by: str) -> Kept:
    kept = _one(change.connection, schedule_id)
    _tell(change, kept, Kind.SCHEDULE_CHANGED, by)
    return kept


def _tell(change: Change, kept: Kept, kind: Kind, by: str) -> None:
    said = kept.schedule
    detail = {
        "schedule": kept.id,
        kept.owner.kind: kept.owner.name,
        "windows": [str(window) for window in said.windows],
        "zone": said.zone.key,
        "active": said.active,
        "lazy": said.lazy,
    }
    worker_id = kept.owner.id if kept.owner.kind == "worker" else None
    events.append(change, Fact(kind, detail), worker_id=worker_id, who=by)


# -- who sleeps by what


def verdicts(connection: Connection, worker_ids: Collection[str], now: int) -> dict[str, Verdict]:
    """Return what the schedules of these workers say; workers without any are left out."""
    asked, whose = set(worker_ids), dict[str, list[str]]()
    # A list of thousands takes longer to say than it takes to read the schedules of all.
    queries, said_ids = (_BY_EITHER, {}) if len(asked) > many.PART else (_OF_SOME, {"ids": list(asked)})
    for query in queries:
        for worker_id, schedule_id in connection.execute(query, said_ids).all():
            if worker_id in asked:
                whose.setdefault(worker_id, []).append(schedule_id)
    if not whose:
        return {}
    needed = {id for each in whose.values() for id in each}
    said = {kept.id: kept.schedule for kept in _load(connection, _KEPT.where(schedule.c.id.in_(needed)))}
    # Many workers have the same tags, and so the same schedules.
    judged = {each: rules.judge([said[id] for id in each], now) for each in set(map(tuple, whose.values()))}
    found = {id: judged[tuple(each)] for id, each in whose.items()}
    return {id: verdict for id, verdict in found.items() if verdict is not None}


def due(connection: Connection, now: int) -> list[tuple[Kept, int]]:
    """Return the schedules that have had something to say by now, and since when."""
    return [(_kept(row), row.due_at) for row in connection.execute(_DUE, {"now": now})]


def members(connection: Connection, owner: Owner) -> list[str]:
    """Return the ids of the workers that sleep by the schedules of a worker or tag."""
    if owner.kind == "worker":
        return [owner.id]
    query = select(worker_tag.c.worker_id).where(worker_tag.c.tag_id == owner.id)
    return list(connection.execute(query).scalars())


# -- rows


def _one(connection: Connection, schedule_id: str) -> Kept:
    found = _load(connection, _KEPT.where(schedule.c.id == schedule_id))
    if not found:
        raise Missing(f"there is no sleep schedule {schedule_id}")
    return found[0]


def _load(connection: Connection, query: Select[Any]) -> list[Kept]:
    return [_kept(row) for row in connection.execute(query)]


def _of(owner: Owner) -> ColumnElement[bool]:
    column = {"worker": schedule.c.worker_id, "tag": schedule.c.tag_id}[owner.kind]
    return column == owner.id


def _kept(row: Row[Any]) -> Kept:
    owner = Owner(row.kind, row.owner_id, row.owner_name)
    said = Schedule(
        read_zone(row.zone),
        tuple(read_window(*each) for each in row.windows),
        row.lazy,
        row.active,
        "its own schedule" if owner.kind == "worker" else f"the schedule of {owner.words}",
    )
    return Kept(row.id, owner, said, row.changed_at, row.changed_by)


def _columns(change: Change, said: Schedule, by: str) -> dict[str, object]:
    return {
        "active": said.active,
        "lazy": said.lazy,
        "zone": said.zone.key,
        "windows": [written(window) for window in said.windows],
        "changed_at": change.now,
        "changed_by": by,
        "due_at": rules.edge_after(said, change.now),
    }


def written(window: Window) -> list[str]:
    """Write a window as read_window takes it: days, start, end."""
    return [days_words(window.days), time_text(window.begins), time_text(window.ends)]
