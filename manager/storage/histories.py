"""What happened to a worker, as far back as a chart or a page goes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..rules.exits import Happening
from ..rules.facts import Kind
from . import events
from .store import Store

# More events than this are not read at once.
MOST = 100_000


@dataclass(frozen=True)
class History:
    """Events, oldest first; the first may be from before the time asked for. cut: there were too many, older ones."""

    events: Sequence[Happening]
    cut: bool


def since(
    store: Store, worker_id: str, kinds: Collection[Kind], begin: int, names: Sequence[str], most: int = MOST
) -> History:
    """Return a worker's events of some kinds since a time, and the last before it. names: of the details wanted."""
    with store.database.read() as connection:
        found = events.marks(connection, worker_id, kinds, begin, most, names)
        cut = len(found) == most
        first = found[-1].seq if found else None
        before = [] if cut else events.of_worker(connection, worker_id, 1, first, kinds)
    return History([*before, *reversed(found)], cut)
