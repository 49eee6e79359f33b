"""What changed, read once and rendered once for all the pages that wait at the same place.

It looks at whom something has happened to, and of these at those that a page shows: what a change costs does not
depend on how many workers there are.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from ...storage import events, finding
from ...storage.events import Event
from ...storage.store import Store
from ..workers.found import listed
from ..workers.listing import Totals, View, totals
from ..workers.roster import Roster
from ..workers.rows import Row, row
from .fragments import Fragments
from .pulse import Pulse

# A page that has missed more events than this fetches itself again instead.
LIMIT = 500

# What takes long is asked less often: its result stays for so many times what it took, and so many seconds at most.
SPARE, LONGEST = 20, 1.0


@dataclass(frozen=True)
class News:
    """What followed a seq. html: the rows of those that it happened to and a page shows; gone: who is no more."""

    seq: int
    now: int
    events: Sequence[Event]
    html: Mapping[str, str]
    gone: frozenset[str]
    summary: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Listed:
    """A view's rows as of a seq; not asked again before `until`, on the monotonic clock."""

    seq: int
    until: float
    ids: Sequence[str]


class Feed:
    """Reads news in a thread, one reading for all who ask for the same."""

    def __init__(self, store: Store, pulse: Pulse, fragments: Fragments) -> None:
        self.store, self.pulse, self.fragments = store, pulse, fragments
        self._readings: dict[tuple[int, int, frozenset[str]], asyncio.Task[News | None]] = {}
        self._lists: dict[View, asyncio.Task[Listed]] = {}
        self._shown: dict[object, frozenset[str]] = {}
        self._roster = Roster(store)

    def shows(self, page: object, ids: Collection[str]) -> None:
        """Take note of the rows that a page has, which none had before it said so."""
        self._shown[page] = self._shown.get(page, frozenset()) | frozenset(ids)

    def left(self, page: object) -> None:
        """Forget a page, and what only it had asked for."""
        self._shown.pop(page, None)
        if not self._shown:
            self._lists.clear()

    async def since(self, seq: int) -> News | None:
        """Return what followed `seq`, or None where it is too much to tell."""
        newest, shown = self.pulse.newest, frozenset[str]().union(*self._shown.values())
        self._readings = {key: task for key, task in self._readings.items() if key[1] == newest}
        reading = self._readings.get((seq, newest, shown))
        if reading is None or (reading.done() and reading.exception()):
            reading = asyncio.create_task(run_in_threadpool(self._read, seq, shown))
            self._readings[seq, newest, shown] = reading
        return await asyncio.shield(reading)

    async def listed(self, view: View, *, anew: bool = False) -> Listed:
        """Return which rows a view has, in order, now or a moment ago.

        anew: also where nothing has happened since; who is silent for long is listed without an event.
        """
        reading = self._lists.get(view)
        if reading is None or (reading.done() and (reading.exception() or self._is_old(reading.result(), anew=anew))):
            reading = self._lists[view] = asyncio.create_task(run_in_threadpool(self._list, view))
        return await asyncio.shield(reading)

    def _is_old(self, known: Listed, *, anew: bool) -> bool:
        return (anew or known.seq < self.pulse.newest) and time.monotonic() >= known.until

    def _list(self, view: View) -> Listed:
        seq, begun = self.pulse.newest, time.monotonic()
        ids = listed(self.store, view)
        ended = time.monotonic()
        return Listed(seq, ended + min(LONGEST, SPARE * (ended - begun)), ids)

    def _read(self, seq: int, shown: frozenset[str]) -> News | None:
        told = self.store.events_after(seq, LIMIT)
        if len(told) == LIMIT:
            return None
        touched = {event.worker_id for event in told if event.worker_id}
        farm = self.totals()
        rows = self.rows([*touched & shown], farm)
        return News(
            seq=told[-1].seq if told else seq,
            now=self.store.clock(),
            events=told,
            html={one.id: self.fragments.row(one) for one in rows},
            gone=frozenset(touched & shown) - {one.id for one in rows},
            summary=self.fragments.summary(farm),
            counts=farm.states,
        )

    def touched(self, seq: int) -> Sequence[str]:
        """Return to whom something has happened since `seq`, nobody where it is too much to tell; blocks."""
        with self.store.database.read() as connection:
            return events.touched(connection, seq, LIMIT) or ()

    def totals(self) -> Totals:
        """Return the farm in numbers as it is now; blocks."""
        return totals(self._roster.tally(), self.store.clock())

    def rows(self, ids: Sequence[str], farm: Totals) -> list[Row]:
        """Return what the list says of these workers now; blocks."""
        now = self.store.clock()
        with self.store.database.read() as connection:
            those = finding.load(connection, self.store, ids, now)
        return [row(one, now, beside, farm.usual_version) for one, beside in those]
