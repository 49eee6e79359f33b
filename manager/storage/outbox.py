"""Messages to those who are to be told of events: made of the events, tried until they are delivered, or given up.

The events are what makes sure that none is lost: messages are made of all that came after the one up to which messages
were made, in the transaction that says so. Who tries a message has it for a while (LEASE); then another may.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, func, insert, select, update

from ..rules import notices
from ..rules.facts import Kind
from ..rules.notices import Happened, Notice
from . import chain
from .database import Change
from .store import Store
from .tables import delivery, event, told, worker

# Who tries a message has to be done with it after so long, in milliseconds.
LEASE = 60_000

# So long messages are kept for people to look at, and so many are shown.
KEPT, SHOWN = 30 * 24 * 3600 * 1000, 100

# Events that are looked at together.
_MANY = 2000

_KINDS = [kind.value for kind in notices.KINDS]


@dataclass(frozen=True)
class Delivery:
    """A message to one target. due_at: when it is tried next, None where it is delivered or given up."""

    id: str
    target: str
    made_at: int
    summary: str
    message: Mapping[str, object]
    attempts: int
    until: int
    due_at: int | None
    tried_at: int | None
    outcome: str
    delivered_at: int | None


@dataclass(frozen=True)
class Looked:
    """What a look at the events found. seq: nothing up to there has still to be told; due: when to look again."""

    seq: int
    due: int | None = None
    made: int = 0


def gather(store: Store, topics: Mapping[str, Sequence[str]], since: int = 0) -> Looked:
    """Make messages of what happened, once it was gathered for long enough. since: what an earlier look returned."""
    with store.database.read() as connection:
        start = max(since, _told(connection))
        last, all_of_it = _news(connection, start, store.clock())
    wanted = {topic for each in topics.values() for topic in each}
    found = [notice for notice in all_of_it if notice.topic in wanted]
    if not found:
        return Looked(last)
    due = min(notice.at for notice in found) + notices.GATHER
    if due > store.clock() and len(found) < notices.MOST:
        return Looked(start, due)
    with store.database.write(alone=False) as change:
        change.queue()
        if _told(change.connection) > start:  # another manager was first
            return Looked(start, store.clock())
        made = notices.gathered(found, topics)
        for target, those in made.items():
            _add(store, change, target, those)
        change.connection.execute(update(told).values(seq=last))
        change.connection.execute(delete(delivery).where(delivery.c.made_at < change.now - KEPT))
    return Looked(last, store.clock(), len(made))


def _told(connection: Connection) -> int:
    seq: int = connection.execute(select(told.c.seq)).scalar_one()
    return seq


def _news(connection: Connection, start: int, now: int) -> tuple[int, list[Notice]]:
    """Return up to which event was looked, and what there is to tell of those after `start`."""
    query = (
        select(event.c.seq, event.c.at, event.c.kind, event.c.detail, event.c.worker_id, worker.c.name)
        .select_from(event.outerjoin(worker, worker.c.id == event.c.worker_id))
        .where(event.c.seq > start, event.c.kind.in_(_KINDS))
        .order_by(event.c.seq)
        .limit(_MANY)
    )
    newest = connection.execute(select(func.max(event.c.seq))).scalar() or 0
    rows = connection.execute(query).all()
    happened = [Happened(row.seq, row.at, Kind(row.kind), row.detail, row.worker_id, row.name or "") for row in rows]
    found = [notices.notice(each) for each in happened if each.at > now - notices.LASTING]
    return rows[-1].seq if len(rows) == _MANY else newest, [each for each in found if each is not None]


def add_test(store: Store, target: str, by: str) -> str:
    """Make a message that says only that it is a test; returns its id."""
    with store.database.write(alone=False) as change:
        return _add(store, change, target, [test(change.now, by)])


def test(now: int, by: str) -> Notice:
    return Notice("test", now, 0, f"This is a test, asked for by {by}.")


def _add(store: Store, change: Change, target: str, those: Sequence[Notice]) -> str:
    made = message(store.settings.manager_name, those, str(chain.head(change.connection)))
    id = f"msg_{secrets.token_hex(16)}"
    change.connection.execute(
        insert(delivery).values(
            id=id,
            target=target,
            made_at=change.now,
            summary=notices.summary(those),
            message=made,
            until=change.now + notices.LASTING,
            due_at=change.now,
        )
    )
    return id


def message(farm: str, those: Sequence[Notice], head: str) -> dict[str, object]:
    """Return what a message says, as JSON: docs/reference/notices.md."""
    counts: dict[str, int] = {}
    for notice in those:
        counts[notice.topic] = counts.get(notice.topic, 0) + 1
    return {
        "farm": farm,
        "summary": notices.summary(those),
        "counts": counts,
        "notices": [
            {
                "event": notice.topic,
                "at": notice.at,
                "seq": notice.event,
                "text": notice.sentence,
                "worker": {"id": notice.worker_id, "name": notice.name} if notice.worker_id else None,
            }
            for notice in those[: notices.MOST]
        ],
        "left_out": max(0, len(those) - notices.MOST),
        "audit_head": head,
    }


# -- delivering


def claim(store: Store, target: str) -> Delivery | None:
    """Take the message to a target that is due first; nobody else has it for LEASE milliseconds. None: none is due."""
    due = select(delivery).where(delivery.c.target == target, delivery.c.due_at <= store.clock())
    with store.database.look() as connection:
        row = connection.execute(due.order_by(delivery.c.due_at).limit(1)).first()
    if row is None:
        return None
    with store.database.write(alone=False) as change:
        values = {"due_at": change.now + LEASE, "tried_at": change.now, "attempts": row.attempts + 1}
        mine = (delivery.c.id == row.id) & (delivery.c.due_at == row.due_at)
        if change.connection.execute(update(delivery).where(mine).values(values)).rowcount == 0:
            return None  # another was first
    return replace(Delivery(**row._mapping), **values)


def next_due(store: Store, target: str) -> int | None:
    """Return when a message to a target is to be tried next, or None."""
    with store.database.look() as connection:
        query = select(func.min(delivery.c.due_at)).where(delivery.c.target == target)
        found: int | None = connection.execute(query).scalar()
    return found


def delivered(store: Store, it: Delivery, outcome: str) -> None:
    with store.database.write(alone=False) as change:
        _conclude(change, it, due_at=None, outcome=outcome, delivered_at=change.now)


def failed(store: Store, it: Delivery, outcome: str, jitter: float, *, for_good: bool = False) -> bool:
    """Note why it was not delivered; returns whether it is tried again. jitter: from 0 to 1."""
    with store.database.write(alone=False) as change:
        at = change.now + notices.pause(it.attempts, jitter)
        again = at < it.until and not for_good
        _conclude(change, it, due_at=at if again else None, outcome=outcome)
    return again


def _conclude(change: Change, it: Delivery, **values: object) -> None:
    change.connection.execute(update(delivery).where(delivery.c.id == it.id).values(**values))


# -- looking at them


def newest_first(store: Store) -> list[Delivery]:
    query = select(delivery).order_by(delivery.c.made_at.desc(), delivery.c.id).limit(SHOWN)
    with store.database.read() as connection:
        return [Delivery(**row._mapping) for row in connection.execute(query)]


def again(store: Store, id: str) -> bool:
    """Try a message again that was given up, for another day; returns whether there was such a one."""
    given_up = (delivery.c.id == id) & delivery.c.due_at.is_(None) & delivery.c.delivered_at.is_(None)
    with store.database.write(alone=False) as change:
        values = {"due_at": change.now, "until": change.now + notices.LASTING, "attempts": 0}
        return change.connection.execute(update(delivery).where(given_up).values(values)).rowcount > 0
