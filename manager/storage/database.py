"""The connection to the database: transactions, and the few things in which the databases differ."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import PoolProxiedConnection

log = logging.getLogger(__name__)

# How long a statement waits for another process's write before it gives up.
BUSY_TIMEOUT_MS = 10_000

# Connections that are kept open: as many as there are threads that serve at the same time.
CONNECTIONS = 24

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A commit outlives the end of the process; only a power cut may take the last ones back, never damage the file.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
)


@dataclass
class Change:
    """One write transaction: what it appended to the events is told to the listeners after the commit."""

    connection: Connection
    now: int
    seq: int = 0


class Database:
    """An engine, its write transactions one after the other, and who wants to know of them.

    clock returns the milliseconds since the epoch.
    """

    def __init__(self, url: str, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=CONNECTIONS)
        self._listeners: list[Callable[[int], None]] = []
        # SQLite's own queue of writers is a sleep and another try; this one wakes the next at once.
        self._turn = threading.Lock()
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Change]:
        """Yield a transaction that is kept as a whole, or dropped as a whole where the block raises."""
        with self._turn, self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            change = Change(connection, self.clock())
            yield change
        if change.seq:
            self._tell(change.seq)

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the newest seq after each commit that appended events; returns what ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _tell(self, seq: int) -> None:
        for callback in tuple(self._listeners):
            callback(seq)

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions instead of Python's sqlite3, and writes take their lock first.

    A transaction that begins by reading and then wants to write fails where another wrote in between.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: PoolProxiedConnection) -> None:
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
