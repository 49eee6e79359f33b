"""What only PostgreSQL needs, the database that several managers share.

Transactions are ordered by two advisory locks, which end with them, however they end:

* FARM is held alone by those that decide on anything, as if SQLite's only writer; and shared by those that workers
  call all the time, which run side by side and lock the rows that they decide on.
* EVENTS (dialect.py) is taken by the latter before their first event, so that events become visible in the order of
  their numbers: whoever follows them by their number misses none.
"""

import logging
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from .dialect import PATIENCE_MS, Change

log = logging.getLogger(__name__)

# The number of an advisory lock, which is one's own in a database of one's own.
FARM = 0x6661726D

CHANNEL = "farmhand"
# What managers say to each other that no table keeps.
WORDS = "farmhand_words"

_SAY = text(f"SELECT pg_notify('{WORDS}', :words)")

# Connections that are kept open, and as many again while there is much to do: two managers leave some of the hundred
# that a server has unless it is told otherwise.
CONNECTIONS = 16

# A manager that stops in the middle of a transaction lets the others wait so long, and no longer.
_SETTINGS = f"-c lock_timeout={PATIENCE_MS} -c idle_in_transaction_session_timeout={PATIENCE_MS} -c jit=off"

# A server that went without a word is missed within half a minute.
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}

# Seconds until the next try to hear of the others, the first and the longest.
_SOON, _LATER = 0.1, 5.0


class PostgreSQL:
    """A database on a server."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(
            _with_driver(url),
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            pool_use_lifo=True,
            connect_args={"options": _SETTINGS, "connect_timeout": 10, **_KEEPALIVE},
        )
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._looking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self.engine, "connect", _prepare)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        with self._looking.connect() as connection:
            yield connection

    @contextmanager
    def write(self, now: Callable[[], int], *, alone: bool) -> Iterator[Change]:
        take = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        with self.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"SELECT {take}({FARM})")
            change = Change(connection, now(), alone=alone)
            yield change
            if change.seq:
                connection.exec_driver_sql(f"SELECT pg_notify('{CHANNEL}', '{change.seq}')")

    def say(self, words: str) -> None:
        with self.look() as connection:
            connection.execute(_SAY, {"words": words})

    def listen(self, tell: Callable[[int], None], hear: Callable[[str], None]) -> Callable[[], None]:
        wake, woken = socket.socketpair()
        thread = threading.Thread(target=_follow, args=(self.engine, tell, hear, woken), name="listen", daemon=True)
        thread.start()

        def end() -> None:
            wake.close()
            thread.join(timeout=2)
            woken.close()

        return end


def _with_driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


class _Text(StrDumperUnknown):
    """PostgreSQL keeps no NUL in a text; what a program prints may have some."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


def _prepare(connection: Any, _record: PoolProxiedConnection) -> None:
    connection.adapters.register_dumper(str, _Text)


# -- hearing of the others


def _follow(engine: Engine, tell: Callable[[int], None], hear: Callable[[str], None], woken: socket.socket) -> None:
    """Hear of what others commit until somebody closes the other end of `woken`; connects anew as often as it takes."""
    delay = _SOON
    while True:
        try:
            with closing(engine.raw_connection()) as pooled:
                connection: psycopg.Connection[Any] = pooled.dbapi_connection  # type: ignore[assignment]
                pooled.detach()
                connection.autocommit = True
                connection.execute(f"LISTEN {CHANNEL}")
                connection.execute(f"LISTEN {WORDS}")
                tell(_newest(connection))  # what was committed while nobody listened
                delay = _SOON
                while True:
                    # Before waiting as well: some may have come along with an answer.
                    for heard in connection.notifies(timeout=0):
                        if heard.channel == WORDS:
                            hear(heard.payload)
                        else:
                            tell(int(heard.payload))
                    if _waits(woken, connection.fileno()):
                        return
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            log.warning(
                "nothing is heard of other managers, trying again in %g s: %s", delay, str(error).split("\n")[0]
            )
            if _waits(woken, None, delay):
                return
            delay = min(_LATER, delay * 2)


def _waits(woken: socket.socket, other: int | None, seconds: float | None = None) -> bool:
    """Wait for either; say whether it is time to end."""
    both: list[socket.socket | int] = [woken] if other is None else [woken, other]
    readable, _, _ = select.select(both, [], [], seconds)
    return woken in readable


def _newest(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT max(seq) FROM event").fetchone()
    return (row and row[0]) or 0
