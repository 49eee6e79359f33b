"""Logs that grow while somebody looks at them: here, or at another manager that shares the database and the folder.

A log's text is in a file, which tells nobody that it grew. Who appends to it calls those who look on, in this process
at once; those at other managers hear of it through the database, and are told only while they look: whoever looks on
says so again every few seconds. What is lost on the way costs no more than those seconds.
"""

from collections.abc import Callable
from threading import Lock

from .database import Database

# How long one that said that it looks on is told, in milliseconds; and how often it has to say so.
LOOKS_MS, AGAIN = 20_000, 8.0

# What managers say to each other: one of these, and a task.
LOOKS, GREW = "looks", "grew"

Callback = Callable[[str], None]


class Growth:
    """Who wants to know that a log grew. Safe to call from any thread."""

    def __init__(self, database: Database, steady: Callable[[], int]) -> None:
        self._database, self._steady = database, steady
        self._callbacks: list[Callback] = []
        self._elsewhere: dict[str, int] = {}
        self._lock = Lock()
        database.hear(self._heard)

    def listen(self, callback: Callback) -> Callable[[], None]:
        """Call back with a task's id whenever its log grew; returns what ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def looks(self, task_id: str) -> None:
        """Say that somebody looks at a task's log here; to be said again after AGAIN seconds."""
        self._database.say(f"{LOOKS} {task_id}")

    def grew(self, task_id: str) -> None:
        """Tell all who look that a log grew."""
        self._call(task_id)
        with self._lock:
            elsewhere = self._elsewhere.get(task_id, 0) > self._steady()
        if elsewhere:
            self._database.say(f"{GREW} {task_id}")

    def _heard(self, said: str) -> None:
        word, _, task_id = said.partition(" ")
        if word == GREW:
            self._call(task_id)
        elif word == LOOKS:
            now = self._steady()
            with self._lock:
                current = {id: until for id, until in self._elsewhere.items() if until > now}
                self._elsewhere = {**current, task_id: now + LOOKS_MS}

    def _call(self, task_id: str) -> None:
        for callback in tuple(self._callbacks):
            callback(task_id)
