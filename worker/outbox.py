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
    """One update of a task, as it goes over the wire."""

    id: int
    task: str
    body: Mapping[str, object]


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
        self._size: int = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM report").fetchone()[0]

    def put(self, task: str, body: Mapping[str, object]) -> None:
        """Keep a report. Of a flood of output that nobody fetches, the end is left out, and that is said."""
        if body.keys() == {"log"} and self._size > MOST_LOG:
            return
        text = json.dumps(body)
        self._db.execute("INSERT INTO report (task, body) VALUES (?, ?)", (task, text))
        if self._size <= MOST_LOG < self._size + len(text):
            note = json.dumps({"log": "[output left out here: the manager could not be reached for too long]\n"})
            self._db.execute("INSERT INTO report (task, body) VALUES (?, ?)", (task, note))
        self._size += len(text)

    def first(self) -> Report | None:
        row = self._db.execute("SELECT id, task, body FROM report ORDER BY id LIMIT 1").fetchone()
        return Report(row[0], row[1], json.loads(row[2])) if row else None

    def drop(self, report: Report) -> None:
        self._db.execute("DELETE FROM report WHERE id = ?", (report.id,))
        self._size = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM report").fetchone()[0]

    @property
    def waiting(self) -> bool:
        return self._size > 0

    def close(self) -> None:
        self._db.close()
