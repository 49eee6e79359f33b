"""What only SQLite needs, the database of one manager that is there without anybody installing it."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import PoolProxiedConnection

from .dialect import PATIENCE_MS, Change
from .inline import InLine

# Connections that are kept open: as many as there are threads that serve at the same time.
CONNECTIONS = 24

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A commit outlives the end of the process; only a power cut may take the last ones back, never damage the file.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {PATIENCE_MS}",
)


class SQLite:
    """One file. Its writers wait for each other, so that a transaction decides on what still holds when it writes."""

    def __init__(self, url: str) -> None:
        _make(make_url(url).database or "")
        self.engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=CONNECTIONS)
        # SQLite's own queue of writers is a sleep and another try; this one wakes the next at once, in its turn.
        self._turn = InLine()
        _prepare(self.engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(looks=True) as connection:
            yield connection

    @contextmanager
    def write(self, now: Callable[[], int], *, alone: bool) -> Iterator[Change]:
        with self._turn, self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield Change(connection, now())

    def listen(self, tell: Callable[[int], None], hear: Callable[[str], None]) -> Callable[[], None]:
        """Nobody else writes: there is nothing to hear."""
        return lambda: None

    def say(self, words: str) -> None:
        """Nobody else listens."""


def _make(file: str) -> None:
    """Make a new file readable by its owner alone, which what SQLite keeps beside it is then as well.

    One of an earlier version may be readable by everybody: there was nothing secret in it. A group is left its rights.
    """
    if not file:
        return
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    for each in (file, f"{file}-wal", f"{file}-shm"):
        with suppress(FileNotFoundError, PermissionError):
            os.chmod(each, stat.S_IMODE(os.stat(each).st_mode) & ~stat.S_IRWXO)


def _prepare(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions instead of Python's sqlite3, and writes take their lock first.

    A transaction that begins by reading and then wants to write fails where another wrote in between.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: PoolProxiedConnection) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("looks"):
            return
        # Past SQLAlchemy, which would make much of so short a statement.
        raw: Any = connection.connection.dbapi_connection
        raw.execute("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
