"""How many workers are what, kept up with the events: a look at it costs what has changed, however large the farm."""

import threading
from collections import Counter

from ...rules.finding import Facets
from ...storage import events, finding
from ...storage.store import Store
from .listing import Tally

# Beyond so many changed workers all are counted anew.
MANY = 1000


class Roster:
    """What each worker counts as, as of the event `seq`; safe to call from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._of: dict[str, Facets] = {}
        self._tally: Counter[Facets] = Counter()

    def tally(self) -> Tally:
        """Count the workers by their facets, as they are now."""
        with self._lock:
            self._catch_up()
            return dict(self._tally)

    def _catch_up(self) -> None:
        """Look at whom something has happened to, and not at the others."""
        with self._store.database.read() as connection:
            newest = events.newest(connection)
            if self._seq == newest:
                return
            touched = None if self._seq is None else events.touched(connection, self._seq, MANY)
            found = finding.facets(connection, touched)
        if touched is None:
            self._of, self._tally = found, Counter(found.values())
        for worker_id in touched or ():
            self._put(worker_id, found.get(worker_id))
        self._seq = newest

    def _put(self, worker_id: str, now: Facets | None) -> None:
        was = self._of.pop(worker_id, None)
        if was is not None:
            self._tally[was] -= 1
            if not self._tally[was]:
                del self._tally[was]
        if now is not None:
            self._of[worker_id] = now
            self._tally[now] += 1
