"""The last signs of life of workers and tasks, kept in memory and written down every few seconds.

A worker gives one with each call: written each time, they would be most of what the database does. What a crash
loses is made up for by the first call after it.
"""

import threading


class Signs:
    """The times of the last signs of life, in milliseconds since the epoch, and which are not yet written."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self._unwritten: set[str] = set()
        self._lock = threading.Lock()

    def note(self, id: str, now: int) -> None:
        with self._lock:
            self.at[id] = now
            self._unwritten.add(id)

    def take_unwritten(self) -> dict[str, int]:
        """Return what has to be written, which then counts as written."""
        with self._lock:
            taken, self._unwritten = self._unwritten, set()
            return {id: self.at[id] for id in sorted(taken) if id in self.at}

    def forget(self, id: str) -> None:
        with self._lock:
            self.at.pop(id, None)
            self._unwritten.discard(id)
