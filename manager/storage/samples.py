"""How the whole farm was, written down now and then: what all its workers did cannot be read again for a chart.

A sample has how many workers were in which state at that moment, and how many processes ended why since the one before.
Several managers take them together: whoever is first.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select

from ...worker.wire import RESTART_EXIT_CODE
from ..rules.exits import TELLS, cause, ended
from . import events, finding
from .database import Change
from .store import Store
from .tables import farm_sample

# One in so many milliseconds; and how long they are kept.
EVERY_MS = 5 * 60_000
KEPT_MS = 35 * 24 * 3_600_000

# Of more events than this between two samples, those that follow are not counted.
MOST = 10_000


@dataclass(frozen=True)
class Sample:
    """at: when. states: workers by the name of their state. ends: that agents saw, by rules.exits.Cause's value."""

    at: int
    states: Mapping[str, int]
    ends: Mapping[str, int]


def take(store: Store) -> None:
    """Take a sample if it is time."""
    with store.database.look() as connection:
        last = connection.execute(select(func.max(farm_sample.c.at))).scalar() or 0
    if store.clock() - last < EVERY_MS:
        return
    with store.database.write() as change:
        query = select(farm_sample.c.at, farm_sample.c.seq).order_by(farm_sample.c.at.desc()).limit(1)
        before = change.connection.execute(query).first()
        if before is None or change.now - before.at >= EVERY_MS:
            _take(change, before.seq if before else None)


def _take(change: Change, since: int | None) -> None:
    newest = events.newest(change.connection)
    states: Counter[str] = Counter()
    for facets, number in finding.tally(change.connection).items():
        states[facets.state] += number
    told = [] if since is None else events.of_kinds(change.connection, TELLS, since, newest, MOST)
    ends = Counter(cause(exit, RESTART_EXIT_CODE).value for event in told if (exit := ended(event)))
    values = {"at": change.now, "seq": newest, "states": dict(states), "ends": dict(ends)}
    change.connection.execute(insert(farm_sample).values(values))
    change.connection.execute(delete(farm_sample).where(farm_sample.c.at < change.now - KEPT_MS))


def since(store: Store, begin: int) -> list[Sample]:
    """Return the samples since a time, oldest first."""
    query = select(farm_sample.c.at, farm_sample.c.states, farm_sample.c.ends).where(farm_sample.c.at >= begin)
    with store.database.read() as connection:
        return [Sample(*row) for row in connection.execute(query.order_by(farm_sample.c.at))]
