"""What a database has to offer, and what the kinds of databases share."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select, text

from ..rules.deeds import Deed

# How long a statement waits for another's write before it gives up.
PATIENCE_MS = 10_000


# The number of an advisory lock of PostgreSQL's; elsewhere every transaction is alone.
EVENTS = 0x65766E74
_QUEUE = text(f"SELECT pg_advisory_xact_lock({EVENTS})")


@dataclass
class Change:
    """One write transaction: what it appended to the events is told to the listeners after the commit.

    now: its time. seq: of the newest event that it appended, 0 without one. alone: no other one runs beside it.
    deeds: what somebody did in it, for the audit log. afterwards: what is done once it is kept, in other transactions.
    """

    connection: Connection
    now: int
    seq: int = 0
    alone: bool = True
    deeds: list[Deed] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    def lock(self, statement: Select[Any], id: str) -> None:
        """Have others that lock the row `id` wait for the end of this one."""
        if not self.alone:
            self.connection.execute(statement, {"id": id})

    def queue(self) -> None:
        """Get in line before the first event is appended.

        Whoever reads the events must never see one of a lower number appear after one of a higher number.
        """
        if not self.alone:
            self.connection.execute(_QUEUE)


class Dialect(Protocol):
    """One kind of database, opened."""

    engine: Engine

    def read(self) -> AbstractContextManager[Connection]:
        """Yield a connection that sees one state of the database throughout."""
        ...

    def look(self) -> AbstractContextManager[Connection]:
        """Yield a connection for one statement."""
        ...

    def write(self, now: Callable[[], int], *, alone: bool) -> AbstractContextManager[Change]:
        """Yield a transaction that is kept as a whole, or dropped as a whole where the block raises.

        now is asked once it is this one's turn. alone: no other one runs beside it, whoever serves it; else others that
        are not alone may, and it has to lock the rows that it decides on.
        """
        ...

    def listen(self, tell: Callable[[int], None], hear: Callable[[str], None]) -> Callable[[], None]:
        """Call `tell` with the newest seq when another process has appended events; returns what ends it.

        hear is called with what another one, or this one, said by `say`; what is said while the connection is broken
        is lost.
        """
        ...

    def say(self, words: str) -> None:
        """Say something short to all processes that listen."""
        ...
