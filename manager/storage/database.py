"""The database: its transactions, and who wants to know of them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from . import chain
from .dialect import Change as Change  # for all who write
from .dialect import Dialect
from .sqlite import SQLite


class Database:
    """A database, and who wants to know of what is committed to it, whoever commits.

    clock returns the milliseconds since the epoch.
    """

    def __init__(self, url: str, clock: Callable[[], int], audit_key: bytes = b"") -> None:
        """Open what the URL names: sqlite:///FILE or postgresql://…; the server of the latter has to be there.

        audit_key: seals the audit log, unless it is empty.
        """
        self.clock, self._audit_key = clock, audit_key
        self._dialect = _open(url)
        self.engine = self._dialect.engine
        self._listeners: list[Callable[[int], None]] = []
        self._hearers: list[Callable[[str], None]] = []
        self._end: Callable[[], None] | None = None
        self._told, self._telling = 0, threading.Lock()

    @property
    def name(self) -> str:
        """Name the kind: sqlite or postgresql."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        with self._dialect.read() as connection:
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Yield a connection for one statement, which is quicker."""
        with self._dialect.look() as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = True) -> Iterator[Change]:
        """Yield a transaction that is kept as a whole, or dropped as a whole where the block raises.

        No other writes meanwhile, in this process or another. Only if it is not `alone` may others of the kind: then it
        locks the rows that it decides on (dialect.py).
        """
        with self._dialect.write(self.clock, alone=alone) as change:
            yield change
            if change.deeds:
                chain.extend(change, self._audit_key)
        if change.seq:
            self._tell(change.seq)
        for do in change.afterwards:
            do()

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Call back with the newest seq after commits that appended events; returns what ends it.

        What this process commits is told by the thread that did, what others do by one that listens.
        """
        self._listeners.append(callback)
        if self._end is None:
            self._end = self._dialect.listen(self._tell, self._hear)
        return lambda: self._listeners.remove(callback)

    def hear(self, callback: Callable[[str], None]) -> None:
        """Call back with what other processes say by `say`, once somebody listens here."""
        self._hearers.append(callback)

    def say(self, words: str) -> None:
        """Say something short, which nobody keeps, to the other processes that listen; they may miss it."""
        self._dialect.say(words)

    def _hear(self, words: str) -> None:
        for callback in tuple(self._hearers):
            callback(words)

    def _tell(self, seq: int) -> None:
        with self._telling:
            if seq <= self._told:
                return
            self._told = seq
        for callback in tuple(self._listeners):
            callback(seq)

    def close(self) -> None:
        if self._end is not None:
            self._end()
        self.engine.dispose()


def _open(url: str) -> Dialect:
    if url.startswith("sqlite:"):
        return SQLite(url)
    from .postgres import PostgreSQL  # its driver is an extra

    return PostgreSQL(url)
