"""The last signs of life of workers and tasks, kept in memory and written down every few seconds.

A worker gives one with each call: written each time, they would be most of what the database does. What a crash
loses is made up for by the first call after it.

Silence is measured on a steady clock, which nobody can set. Another manager's clock is never compared with ours either:
what it writes down of a worker counts as heard when we read it for the first time.
"""

import threading
from collections.abc import Callable


class Signs:
    """When each was heard last.

    at: milliseconds since the epoch, as they are written down and shown. clock and steady return the time; the former
    since the epoch, the latter since any moment. soon: how long somebody may be silent whose connection broke.
    """

    def __init__(self, clock: Callable[[], int], steady: Callable[[], int], soon: int) -> None:
        self.at: dict[str, int] = {}
        self._steady = steady
        self._clock, self._soon = clock, soon
        self._heard: dict[str, int] = {}
        self._broken: dict[str, int] = {}
        self._written: dict[str, int | None] = {}
        self._unwritten: set[str] = set()
        self._lock = threading.Lock()

    def note(self, id: str) -> None:
        """Somebody gave a sign of life."""
        now, moment = self._clock(), self._steady()
        with self._lock:
            self.at[id], self._heard[id] = now, moment
            self._broken.pop(id, None)
            self._unwritten.add(id)

    def hung_up(self, id: str) -> None:
        """Somebody's connection broke, as it does when a process ends: who lives is heard again soon."""
        with self._lock:
            self._broken[id] = self._steady()

    def read(self, id: str, written: int | None) -> None:
        """Take note of what the database says of somebody, which another manager may have written."""
        with self._lock:
            if id not in self._heard or self._written.get(id, written) != written:
                self._heard[id] = self._steady()
                self._broken.pop(id, None)
            self._written[id] = written

    def due(self, id: str, patience: int) -> int:
        """Return until when, on the steady clock, somebody who has been read may be silent."""
        with self._lock:
            at = self._heard[id] + patience
            return min(at, self._broken[id] + self._soon) if id in self._broken else at

    def start_over(self) -> None:
        """Give everybody time anew: for a while nobody could be heard."""
        with self._lock:
            self._heard.clear()
            self._broken.clear()

    def take_unwritten(self) -> dict[str, int]:
        """Return what has to be written, which then counts as written."""
        with self._lock:
            taken, self._unwritten = self._unwritten, set()
            found = {id: self.at[id] for id in sorted(taken) if id in self.at}
            self._written.update(found)
            return found

    def forget(self, id: str) -> None:
        with self._lock:
            for kept in (self.at, self._heard, self._broken, self._written):
                kept.pop(id, None)
            self._unwritten.discard(id)
