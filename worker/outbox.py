"""Reports for the manager, kept on disk until they are delivered, in order.

The file is also the lock on the data folder: SQLite holds it for one process alone, and lets go of
it however that process ends.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "farmhand-worker.sqlite"

# How many characters of output may wait on disk while the manager is away.
MOST_LOG = 64 * 1024 * 1024
LEFT_OUT = "[output is left out here: the manager could not be reached for too long]\n"

# How much output goes into one report, in characters and in pieces.
LARGEST = 256 * 1024
MOST_PIECES = 64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    task TEXT NOT NULL,
    body TEXT NOT NULL)
"""


class InUse(Exception):
    """Another worker runs with this data folder; the text is for the one who started the second."""


@dataclass(frozen=True)
class Report:
    """One update of a task, as it goes over the wire: one that was kept, or the output of several.

    last: the id of the last that is in it. kept: how many were, and their size in characters.
    """

    last: int
    task: str
    body: Mapping[str, object]
    kept: int
    size: int

    @property
    def about_status(self) -> bool:
        """Say whether the manager learns from it that the task has begun or ended."""
        return "taskStatus" in self.body


class Outbox:
    """The reports that wait. Belongs to the thread that opened it."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / NAME, timeout=0, isolation_level=None)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(_SCHEMA)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as problem:
            self._db.close()
            if problem.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            raise InUse(f"{folder}: another worker runs with this data folder; give each its own --data") from None
        self._count: int
        self._size: int
        self._count, self._size = self._db.execute(
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM report"
        ).fetchone()

    @property
    def waiting(self) -> bool:
        return bool(self._count)

    def put(self, task: str, body: Mapping[str, object]) -> None:
        """Keep a report. Of a flood of output that nobody fetches, the end is left out, and that is said."""
        full = self._size > MOST_LOG
        if full and _only_output(body):
            return
        self._insert(task, json.dumps(body))
        if not full and self._size > MOST_LOG:
            attempt = {key: value for key, value in body.items() if key == "attempt"}
            self._insert(task, json.dumps({**attempt, "log": LEFT_OUT}))

    def first(self) -> Report | None:
        """Return what is to be delivered next; output that waits in pieces is put together."""
        found: Report | None = None
        for id, task, text in self._db.execute("SELECT id, task, body FROM report ORDER BY id LIMIT ?", (MOST_PIECES,)):
            body: dict[str, object] = json.loads(text)
            if found is None:
                found = Report(id, task, body, 1, len(text))
            elif task == found.task and _continues(found.body, body) and found.size < LARGEST:
                output = {"log": f"{found.body['log']}{body['log']}"}
                found = Report(id, task, {**body, **output}, found.kept + 1, found.size + len(text))
            else:
                break
        return found

    def drop(self, report: Report) -> None:
        self._db.execute("DELETE FROM report WHERE id <= ?", (report.last,))
        self._count -= report.kept
        self._size -= report.size

    def close(self) -> None:
        self._db.close()

    def _insert(self, task: str, text: str) -> None:
        self._db.execute("INSERT INTO report (task, body) VALUES (?, ?)", (task, text))
        self._count += 1
        self._size += len(text)


def _only_output(body: Mapping[str, object]) -> bool:
    return body.keys() - {"attempt"} == {"log"}


def _continues(body: Mapping[str, object], more: Mapping[str, object]) -> bool:
    """Say whether two reports can go as one: output of the same attempt at a task."""
    return _only_output(body) and _only_output(more) and body.get("attempt") == more.get("attempt")
