"""Reports for the manager, kept on disk until they are delivered, in order.

The file is also the lock on the data folder: SQLite holds it for one process alone, and lets go of
it however that process ends. Where the disk takes no more, reports wait in memory, and what was delivered stays on it
until there is room again. Sizes are characters of JSON, which are bytes: it is ASCII.
"""

import json
import logging
import sqlite3
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "farmhand-worker.sqlite"
BROKEN = f"{NAME}.broken"

# How much output may wait while the manager is away: on disk, and in memory where that is full.
MOST_LOG = 64 * 1024 * 1024
MOST_IN_MEMORY = 1024 * 1024
LEFT_OUT = "[output is left out here: the manager could not be reached for too long]\n"

# How much output goes into one report, and how many pieces. Unless told otherwise, nginx refuses what is over 1 MiB.
LARGEST = 256 * 1024
MOST_PIECES = 64

# Reports in memory come after all that are on disk.
_IN_MEMORY = 2**62

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS report (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        written_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        task TEXT NOT NULL,
        body TEXT NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS folder (mark TEXT NOT NULL)",
)

_WAITING = "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(max(id), 0) FROM report"

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class InUse(Exception):
    """Another worker runs with this data folder; the text is for the one who started the second."""


@dataclass(frozen=True)
class Report:
    """One update of a task, as it goes over the wire: one that was kept, or the output of several.

    last: the id of the last that is in it. kept: how many were, and their size.
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
    """The reports that wait. Belongs to the thread that opened it. mark: names the processes of this folder's tasks."""

    def __init__(self, folder: Path) -> None:
        self._db = _open(folder)
        self._in_memory: deque[tuple[int, str, str]] = deque()
        self._next = _IN_MEMORY
        self._dropped = 0  # the id of the last that is not to be sent, though it may still be on disk
        self.mark: str = self._db.execute("SELECT mark FROM folder").fetchone()[0]
        self._count: int
        self._size: int
        self._on_disk: int  # the id of the last that was put there
        self._count, self._size, self._on_disk = self._db.execute(_WAITING).fetchone()

    @property
    def waiting(self) -> bool:
        return bool(self._count)

    def put(self, task: str, body: Mapping[str, object]) -> None:
        """Keep a report. Of a flood of output that nobody fetches, the end is left out, and that is said."""
        full = self._is_full
        if full and _only_output(body):
            return
        self._insert(task, json.dumps(body))
        if not full and self._is_full:
            attempt = {key: value for key, value in body.items() if key == "attempt"}
            self._insert(task, json.dumps({**attempt, "log": LEFT_OUT}))

    def first(self, largest: int = LARGEST) -> Report | None:
        """Return what is to be delivered next; output that waits in pieces is put together, up to about `largest`."""
        found: Report | None = None
        for id, task, text in self._pieces():
            body: dict[str, object] = json.loads(text)
            if found is None:
                found = Report(id, task, body, 1, len(text))
            elif task == found.task and _continues(found.body, body) and found.size + len(text) <= largest:
                output = {"log": f"{found.body['log']}{body['log']}"}
                found = Report(id, task, {**body, **output}, found.kept + 1, found.size + len(text))
            else:
                break
        return found

    def drop(self, report: Report) -> None:
        self._dropped = min(report.last, self._on_disk)
        while self._in_memory and self._in_memory[0][0] <= report.last:
            self._in_memory.popleft()
        self._count -= report.kept
        self._size -= report.size
        with suppress(sqlite3.OperationalError):  # the next time, then
            self._db.execute("DELETE FROM report WHERE id <= ?", (self._dropped,))

    def close(self) -> None:
        self._db.close()

    @property
    def _is_full(self) -> bool:
        return self._size > (MOST_IN_MEMORY if self._in_memory else MOST_LOG)

    def _pieces(self) -> Iterator[tuple[int, str, str]]:
        """Yield what waits as it was put: id, task, JSON; the oldest first."""
        query = "SELECT id, task, body FROM report WHERE id > ? ORDER BY id LIMIT ?"
        return chain(self._db.execute(query, (self._dropped, MOST_PIECES)), self._in_memory)

    def _insert(self, task: str, text: str) -> None:
        self._count += 1
        self._size += len(text)
        if not self._in_memory:
            try:
                done = self._db.execute("INSERT INTO report (task, body) VALUES (?, ?)", (task, text))
                self._on_disk = done.lastrowid or 0
                return
            except sqlite3.OperationalError as problem:
                log.error("reports are kept in memory until the manager has them: %s", problem)
        self._next += 1
        self._in_memory.append((self._next, task, text))


def _open(folder: Path) -> sqlite3.Connection:
    """Open the file of a folder, and make it if it is not there; one that cannot be read any more is put aside."""
    try:
        return _opened(folder / NAME)
    except sqlite3.DatabaseError as problem:
        if problem.sqlite_errorcode not in _BROKEN:
            raise
        log.error("%s cannot be read (%s) and is put aside as %s: its reports are lost", folder / NAME, problem, BROKEN)
    (folder / NAME).replace(folder / BROKEN)
    for more in ("-wal", "-shm"):
        (folder / f"{NAME}{more}").unlink(missing_ok=True)
    return _opened(folder / NAME)


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            db.execute(statement)
        mark = f"farmhand-worker-{uuid.uuid4()}"
        db.execute("INSERT INTO folder SELECT ? WHERE NOT EXISTS (SELECT mark FROM folder)", (mark,))
        db.execute("COMMIT")
        db.execute(_WAITING)  # reads all of it
    except sqlite3.DatabaseError as problem:
        db.close()
        if problem.sqlite_errorcode not in _LOCKED:
            raise
        raise InUse(f"{path.parent}: another worker runs with this data folder; give each its own --data") from None
    return db


def _only_output(body: Mapping[str, object]) -> bool:
    return body.keys() - {"attempt"} == {"log"}


def _continues(body: Mapping[str, object], more: Mapping[str, object]) -> bool:
    """Say whether two reports can go as one: output of the same attempt at a task."""
    return _only_output(body) and _only_output(more) and body.get("attempt") == more.get("attempt")
