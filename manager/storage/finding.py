"""Every statement that looks for workers: which there are, how many, and what a list says beside them.

It answers for ten thousand workers within some ten milliseconds, so that a page may ask for each click. Times are
milliseconds since the epoch.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from ...worker.wire import Status, TaskStatus
from ..rules.facts import Kind
from ..rules.finding import DAY_MS, RESTART_MS, STATES, Beside, Facets, Filters
from ..rules.remaining import usual
from ..rules.workers import Worker
from . import workers
from .store import Missing, Store
from .tables import agent_service, event, tag, task, worker, worker_tag

# How many of a job's done tasks are looked at to tell how long they take.
SAMPLE = 51

_busy = and_(task.c.status == TaskStatus.ACTIVE.value, task.c.worker_id == worker.c.id)
_away = worker.c.status.in_([Status.OFFLINE.value, Status.RESTART.value])
_restarting = and_(_away, func.coalesce(worker.c.request_status, "") == Status.RESTART.value, ~worker.c.waiting)

# What rows.py makes of a worker's situation; a test compares the two.
_STATE: ColumnElement[str] = case(
    (or_(worker.c.waiting, worker.c.status == Status.STARTING.value, _restarting), "starting"),
    (worker.c.status == Status.ASLEEP.value, "asleep"),
    (worker.c.status == Status.ERROR.value, "error"),
    (_away, "offline"),
    (and_(_busy, worker.c.request_lazy, worker.c.request_seen_at.is_not(None)), "draining"),
    (_busy, "working"),
    else_="idle",
)

# When somebody should look after a worker: one that is lost at once, one that restarts if it takes too long.
_DUE: ColumnElement[int | None] = case(
    (_STATE == "error", 0),
    (_restarting, func.coalesce(worker.c.last_seen, worker.c.registered_at) + RESTART_MS),
)

_HEARD = func.coalesce(worker.c.last_seen, worker.c.registered_at)


_FACETS = (
    _STATE.label("state"),
    worker.c.platform,
    worker.c.version,
    worker.c.request_id.is_not(None).label("pending"),
    worker.c.waiting,
    _DUE.label("due"),
)

_THERE = worker.outerjoin(task, task.c.id == worker.c.task_id)
_BY_ID: Select[*tuple[Any, ...]] = (
    select(worker.c.id, *_FACETS).select_from(_THERE).where(worker.c.deleted_at.is_(None))
)
_COUNTED: Select[*tuple[Any, ...]] = (
    select(*_FACETS, func.count().label("count"))
    .select_from(_THERE)
    .where(worker.c.deleted_at.is_(None))
    .group_by(*(column.name for column in _FACETS))
)


def tally(connection: Connection) -> dict[Facets, int]:
    """Count the workers by their facets."""
    return {Facets(*row[:-1]): row[-1] for row in connection.execute(_COUNTED)}


def facets(connection: Connection, ids: Collection[str] | None = None) -> dict[str, Facets]:
    """Return the facets of all workers, or of those of them with these ids."""
    query = _BY_ID if ids is None else _BY_ID.where(worker.c.id.in_(list(ids)))
    return {row[0]: Facets(*row[1:]) for row in connection.execute(query)}


@dataclass(frozen=True)
class Named:
    """A worker of whom no more is asked."""

    id: str
    name: str


def begun(connection: Connection, beginnings: Collection[str], length: int) -> list[Named]:
    """Return the workers whose ids begin so, by name. What two ids begin with is taken for neither."""
    short = func.substr(worker.c.id, 1, length)
    query = select(short, worker.c.id, worker.c.name).where(short.in_(list(beginnings)), worker.c.deleted_at.is_(None))
    found: dict[str, list[Named]] = {}
    for beginning, id, name in connection.execute(query.order_by(worker.c.name, worker.c.id)):
        found.setdefault(beginning, []).append(Named(id, name))
    return [those[0] for those in found.values() if len(those) == 1]


# -- filters


def _text(wanted: str, _now: int) -> ColumnElement[bool]:
    columns = (worker.c.name, worker.c.address, worker.c.id)
    return or_(*(column.icontains(wanted, autoescape=True) for column in columns))


def _tag(wanted: frozenset[str], _now: int) -> ColumnElement[bool]:
    named = or_(tag.c.id.in_(wanted), tag.c.name.in_(wanted))
    given = select(worker_tag.c.worker_id).join(tag, tag.c.id == worker_tag.c.tag_id)
    return worker.c.id.in_(given.where(named, tag.c.deleted_at.is_(None)))


def _pending(wanted: frozenset[str], _now: int) -> ColumnElement[bool]:
    if "any" in wanted:
        return worker.c.request_id.is_not(None)
    return and_(worker.c.request_id.is_not(None), worker.c.request_status.in_(wanted))


def _abnormal(wanted: bool, _now: int) -> ColumnElement[bool]:
    ended_badly = exists().where(agent_service.c.worker_id == worker.c.id, agent_service.c.result != "success")
    return ended_badly if wanted else ~ended_badly


def _attention(wanted: bool, now: int) -> ColumnElement[bool]:
    due = and_(_DUE.is_not(None), now >= _DUE)
    return due if wanted else not_(due)


# What of a worker has to hold for each filter.
_WHERE: Mapping[str, Any] = {
    "text": _text,
    "status": lambda wanted, _now: _STATE.in_(wanted),
    "tag": _tag,
    "platform": lambda wanted, _now: worker.c.platform.in_(wanted),
    "version": lambda wanted, _now: worker.c.version.in_(wanted),
    "pending": _pending,
    "silent": lambda wanted, now: now - wanted >= _HEARD,
    "abnormal": _abnormal,
    "can_restart": lambda wanted, _now: worker.c.can_restart == wanted,
    "joining": lambda wanted, _now: worker.c.waiting == wanted,
    "attention": _attention,
}


def _matching(filters: Filters, now: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    wanted = [_WHERE[name](value, now) for name, value in filters.given.items()]
    return select(*columns).select_from(_THERE).where(worker.c.deleted_at.is_(None), *wanted)


# -- in order

# The sign-ons of a worker since a time; the index asks for the kind as it stands here.
_SIGN_ON: ColumnElement[str] = literal_column(f"'{Kind.WORKER_SIGNED_ON.value}'")
_SINCE: ColumnElement[int] = bindparam("since")
_SIGN_ONS = (
    select(func.count())
    .where(event.c.worker_id == worker.c.id, event.c.kind == _SIGN_ON, event.c.at >= _SINCE)
    .scalar_subquery()
)

_NAME = (func.lower(worker.c.name), worker.c.id)
_NONE_LAST = worker.c.request_id.is_(None)

# What orders a list, by the name in rules.finding.SORTS; where it is turned round, each of these is.
_ORDERS: Mapping[str, Sequence[ColumnElement[Any]]] = {
    "name": (),
    "status": (case({state: at for at, state in enumerate(STATES)}, value=_STATE),),
    "change": (_NONE_LAST, worker.c.request_status),
    "seen": (-func.coalesce(worker.c.last_seen, 0),),
    "restarts": (-_SIGN_ONS,),
    "version": (worker.c.version,),
    "platform": (worker.c.platform,),
}


def count(connection: Connection, filters: Filters, now: int) -> int:
    """Count those that are looked for."""
    found: int = connection.execute(_matching(filters, now, func.count())).scalar_one()
    return found


def ids(
    connection: Connection, filters: Filters, now: int, sort: str = "name", first: int = 0, limit: int | None = None
) -> list[str]:
    """Return who is looked for, in order: by one of finding.SORTS, downwards with a minus before it, then by name."""
    down, keys = sort.startswith("-"), _ORDERS[sort.removeprefix("-")]
    order = [*keys, *_NAME] if not down else [key.desc() for key in (*keys, *([] if keys else _NAME))] + list(_NAME)
    query = _matching(filters, now, worker.c.id).order_by(*order).offset(first).limit(limit)
    return list(connection.execute(query, {"since": now - DAY_MS} if "restarts" in sort else {}).scalars())


def following(store: Store, filters: Filters, after: str | None, limit: int) -> list[str]:
    """Return the ids of some that are looked for, by name: the first, or those after a worker. Raises Missing.

    A worker that was deleted still has its place.
    """
    query = _matching(filters, store.clock(), worker.c.id)
    with store.database.read() as connection:
        if after is not None:
            name = connection.execute(select(func.lower(worker.c.name)).where(worker.c.id == after)).scalar()
            if name is None:
                raise Missing(f"there is no worker {after}")
            query = query.where(tuple_(*_NAME) > tuple_(literal(name), literal(after)))
        return list(connection.execute(query.order_by(*_NAME).limit(limit)).scalars())


def matching(store: Store, filters: Filters) -> list[str]:
    """Return the ids of all that are looked for, by name; one transaction."""
    with store.database.read() as connection:
        return ids(connection, filters, store.clock())


# -- what a list says beside a worker


_TAGS = (
    select(worker_tag.c.worker_id, tag.c.name)
    .join(tag, tag.c.id == worker_tag.c.tag_id)
    .where(worker_tag.c.worker_id.in_(bindparam("ids", expanding=True)), tag.c.deleted_at.is_(None))
    .order_by(tag.c.name)
)
_LATELY = select(worker.c.id, _SIGN_ONS).where(worker.c.id.in_(bindparam("ids", expanding=True)))
_TOOK = (
    select(task.c.ended_at - task.c.started_at)
    .where(task.c.job_id == bindparam("job"), task.c.type == bindparam("type"))
    .where(task.c.status == TaskStatus.COMPLETED.value, task.c.started_at.is_not(None), task.c.ended_at.is_not(None))
    .limit(SAMPLE)
)


def load(connection: Connection, store: Store, found: Sequence[str], now: int) -> list[tuple[Worker, Beside]]:
    """Return workers with what stands beside them, in the order of their ids; those that are no more are left out."""
    there = {one.id: one for one in workers.load(connection, found, store.seen.at)} if found else {}
    tags: dict[str, list[str]] = {}
    for worker_id, name in connection.execute(_TAGS, {"ids": list(there)}):
        tags.setdefault(worker_id, []).append(name)
    sign_ons = connection.execute(_LATELY, {"ids": list(there), "since": now - DAY_MS})
    lately: dict[str, int] = {worker_id: number for worker_id, number in sign_ons}  # noqa: C416
    took = _usual(connection, there.values())
    return [
        (one, Beside(tuple(tags.get(id, ())), _restarts(one, lately.get(id, 0)), took.get(_like(one))))
        for id in found
        if (one := there.get(id))
    ]


def _restarts(one: Worker, sign_ons: int) -> int:
    """Return how many of its sign-ons were restarts: all but its first."""
    return max(0, min(sign_ons, one.incarnation - 1))


def _like(one: Worker) -> tuple[str, str]:
    """Name what is alike: the tasks of a job and type."""
    return (one.task.job_id, one.task.type) if one.task and one.busy else ("", "")


def _usual(connection: Connection, those: Collection[Worker]) -> dict[tuple[str, str], int | None]:
    alike = {_like(one) for one in those} - {("", "")}
    return {
        (job, type): usual(list(connection.execute(_TOOK, {"job": job, "type": type}).scalars())) for job, type in alike
    }
