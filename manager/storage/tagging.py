"""Tags as their page shows them, and given to many workers at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from ..rules.facts import Fact, Kind
from ..rules.jobs import ENDED
from ..rules.tags import Tag
from . import events, schedules
from .database import Change
from .events import Told
from .many import parts
from .schedules import Kept
from .store import Store
from .tables import job, schedule, tag, worker, worker_tag


@dataclass(frozen=True)
class Use:
    """A tag, and what it is for: how many workers have it, how many jobs that have not ended ask for it."""

    tag: Tag
    workers: int
    jobs: int
    sleeps: bool


def uses(store: Store) -> list[Use]:
    """Return the tags that exist, by name, with what they are for."""
    with store.database.read() as connection:
        has, asking = _count_workers(connection), _count_jobs(connection)
        sleeping = set(connection.execute(select(schedule.c.tag_id).where(schedule.c.tag_id.is_not(None))).scalars())
        rows = connection.execute(select(tag).where(tag.c.deleted_at.is_(None)).order_by(tag.c.name)).all()
    return [
        Use(Tag(row.id, row.name, row.description), has.get(row.id, 0), asking.get(row.id, 0), row.id in sleeping)
        for row in rows
    ]


def _count_workers(connection: Connection) -> Mapping[str, int]:
    query = select(worker_tag.c.tag_id, func.count()).join(worker, worker.c.id == worker_tag.c.worker_id)
    query = query.where(worker.c.deleted_at.is_(None)).group_by(worker_tag.c.tag_id)
    return {tag_id: count for tag_id, count in connection.execute(query)}  # noqa: C416


def _count_jobs(connection: Connection) -> Mapping[str, int]:
    query = select(job.c.tag_id, func.count()).where(job.c.tag_id.is_not(None))
    query = query.where(job.c.status.not_in([status.value for status in ENDED])).group_by(job.c.tag_id)
    return {tag_id: count for tag_id, count in connection.execute(query)}  # noqa: C416


def schedule_of(store: Store, tag_id: str) -> Kept | None:
    """Return the sleep schedule of a tag, None where it has none."""
    found = schedules.every(store)
    return next((kept for kept in found if kept.owner.kind == "tag" and kept.owner.id == tag_id), None)


def give(store: Store, worker_ids: Sequence[str], tag_id: str, by: str) -> int:
    """Give workers a tag beside those that they have; returns how many did not have it. Unknown ones are let pass."""
    return sum(_give(store, part, tag_id, by) for part in parts(worker_ids))


def take(store: Store, worker_ids: Sequence[str], tag_id: str, by: str) -> int:
    """Take a tag from workers; returns how many had it. What they are at work on they finish."""
    return sum(_take(store, part, tag_id, by) for part in parts(worker_ids))


def _give(store: Store, worker_ids: Sequence[str], tag_id: str, by: str) -> int:
    with store.database.write() as change:
        have = _having(change.connection, tag_id, worker_ids)
        new = [id for id in _existing(change.connection, worker_ids) if id not in have]
        with schedules.settling(store, change, new):
            if new:
                change.connection.execute(insert(worker_tag), [{"worker_id": id, "tag_id": tag_id} for id in new])
        _tell(change, new, by)
        return len(new)


def _take(store: Store, worker_ids: Sequence[str], tag_id: str, by: str) -> int:
    with store.database.write() as change:
        have = _having(change.connection, tag_id, worker_ids)
        old = [id for id in _existing(change.connection, worker_ids) if id in have]
        with schedules.settling(store, change, old):
            gone = worker_tag.c.tag_id == tag_id, worker_tag.c.worker_id.in_(old)
            change.connection.execute(delete(worker_tag).where(*gone))
        _tell(change, old, by)
        return len(old)


def _existing(connection: Connection, worker_ids: Collection[str]) -> list[str]:
    query = select(worker.c.id).where(worker.c.id.in_(list(worker_ids)), worker.c.deleted_at.is_(None))
    return list(connection.execute(query.order_by(worker.c.name)).scalars())


def _having(connection: Connection, tag_id: str, worker_ids: Collection[str]) -> set[str]:
    here = worker_tag.c.tag_id == tag_id, worker_tag.c.worker_id.in_(list(worker_ids))
    return set(connection.execute(select(worker_tag.c.worker_id).where(*here)).scalars())


def _tell(change: Change, worker_ids: Sequence[str], by: str) -> None:
    """Tell which tags these workers have now, and have them ask for work again."""
    query = select(worker_tag.c.worker_id, tag.c.name).join(tag, tag.c.id == worker_tag.c.tag_id)
    query = query.where(worker_tag.c.worker_id.in_(list(worker_ids))).order_by(tag.c.name)
    names: dict[str, list[str]] = {}
    for worker_id, name in change.connection.execute(query):
        names.setdefault(worker_id, []).append(name)
    facts = [Told(Fact(Kind.WORKER_TAGS, {"tags": names.get(id, [])}), id) for id in worker_ids]
    events.append_all(change, facts, by)
    change.connection.execute(update(worker).where(worker.c.id.in_(list(worker_ids))).values(bell=change.seq))
