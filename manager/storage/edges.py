"""What is asked of workers when the windows of their sleep schedules open and close.

Times are milliseconds since the epoch.
"""

import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select, update

from ..rules import schedules as rules
from ..rules.workers import Worker
from . import schedules, workers
from .database import Change
from .schedules import Kept
from .store import Store
from .tables import schedule

# So many workers are asked in one transaction.
BATCH = 200


def next_due(store: Store) -> int | None:
    """Return when a schedule next has something to say, or None."""
    with store.database.read() as connection:
        return connection.execute(select(func.min(schedule.c.due_at))).scalar()


def come_due(store: Store) -> list[Worker]:
    """Ask of workers what the edges want that have passed; returns those that are asked, as they are after it.

    An edge that passed while no manager ran is not forgotten: what holds now is asked for. Many workers are asked in
    several transactions, so that others come between; only the last one says that it is done, so it is done whole.
    """
    with store.database.read() as connection:
        due = schedules.due(connection, store.clock())
        since = _since(connection, due)
    asked, ids = [], sorted(since)
    for start in range(0, len(ids), BATCH):
        with store.database.write() as change:
            asked += _pass(store, change, {id: since[id] for id in ids[start : start + BATCH]})
    with store.database.write() as change:
        for kept, at in due:
            # Whoever has changed the schedule meanwhile has said anew when it is due.
            done = update(schedule).where(schedule.c.id == kept.id, schedule.c.due_at == at)
            change.connection.execute(done.values(due_at=rules.edge_after(kept.schedule, change.now)))
    return asked


def _since(connection: Connection, due: Iterable[tuple[Kept, int]]) -> dict[str, int]:
    """Return who sleeps by schedules that are due, and since when the first of these is."""
    since: dict[str, int] = {}
    for kept, at in due:
        for id in schedules.members(connection, kept.owner):
            since[id] = min(at, since.get(id, at))
    return since


def _pass(store: Store, change: Change, since: Mapping[str, int]) -> list[Worker]:
    """Ask it of those whose joined schedules had an edge since then, and of whom nobody has asked anything since it."""
    found = schedules.verdicts(change.connection, since.keys(), change.now)
    passed = [id for id, verdict in found.items() if rules.passed(verdict, since[id])]
    moves = [
        (it, rules.ask(it, found[it.id], id=str(uuid.uuid4()), now=change.now))
        for it in workers.load(change.connection, passed, store.seen.at)
        if not rules.held(it, found[it.id])
    ]
    asked = [(it, moved) for it, moved in moves if moved.facts]
    workers.save_all(change, asked, rules.BY)
    return [moved.worker for _, moved in asked]
