"""What changed, read once and rendered once for all the pages that wait at the same place."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from ..storage.events import Event
from ..storage.store import Store
from .fragments import Fragments
from .listing import Filters, listing
from .pulse import Pulse
from .rows import Row, row

# A page that has missed more events than this fetches itself again instead.
LIMIT = 500

# What pages say as time passes may be so many seconds old.
FRESH = 1.0


@dataclass(frozen=True)
class News:
    """What followed a seq. rows: all workers, as they are now; html: the rows of those that something happened to."""

    seq: int
    now: int
    events: Sequence[Event]
    rows: Mapping[str, Row]
    html: Mapping[str, str]
    summary: str
    counts: Mapping[str, int]
    _lists: dict[Filters, frozenset[str]] = field(default_factory=dict)

    def listed(self, filters: Filters) -> frozenset[str]:
        """Return who is on a page of the list; worked out once for all who look at the same."""
        if filters not in self._lists:
            self._lists[filters] = frozenset(row.id for row in listing(list(self.rows.values()), filters).rows)
        return self._lists[filters]


class Feed:
    """Reads news in a thread, one reading for all who ask for the same."""

    def __init__(self, store: Store, pulse: Pulse, fragments: Fragments) -> None:
        self.store, self.pulse, self.fragments = store, pulse, fragments
        self._readings: dict[tuple[int, int], asyncio.Task[News | None]] = {}
        self._current: asyncio.Task[tuple[int, list[Row]]] | None = None
        self._current_at = 0.0

    async def since(self, seq: int) -> News | None:
        """Return what followed `seq`, or None where it is too much to tell."""
        newest = self.pulse.newest
        self._readings = {key: task for key, task in self._readings.items() if key[1] == newest}
        reading = self._readings.get((seq, newest))
        if reading is None or (reading.done() and reading.exception()):
            reading = self._readings[seq, newest] = asyncio.create_task(run_in_threadpool(self._read, seq))
        return await asyncio.shield(reading)

    async def current(self) -> tuple[int, list[Row]]:
        """Return the time and all workers, as they are or were a moment ago; read once for all pages that ask."""
        now = asyncio.get_running_loop().time()
        reading = self._current
        if reading is None or now > self._current_at + FRESH or (reading.done() and reading.exception()):
            reading = asyncio.create_task(run_in_threadpool(self.rows))
            self._current, self._current_at = reading, now
        return await asyncio.shield(reading)

    def _read(self, seq: int) -> News | None:
        events = self.store.events_after(seq, LIMIT)
        if len(events) == LIMIT:
            return None
        touched = {event.worker_id for event in events}
        now, rows = self.rows()
        return News(
            seq=events[-1].seq if events else seq,
            now=now,
            events=events,
            rows={one.id: one for one in rows},
            html={one.id: self.fragments.row(one) for one in rows if one.id in touched},
            summary=self.fragments.summary(rows),
            counts=Counter(one.state.name for one in rows),
        )

    def rows(self) -> tuple[int, list[Row]]:
        """Return the time and all workers as they are now; blocks."""
        now = self.store.clock()
        return now, [row(worker, now) for worker in self.store.workers()]
