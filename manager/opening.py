"""Which database a manager has, and what is wrong where it cannot be used."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from ..units.errors import BadConfig
from .clock import wall_clock
from .config import Settings
from .storage.database import Database
from .storage.store import FILE, Store

# Where the database is, with its password: neither the list of processes nor a file that others read shows it.
VARIABLE = "FARMHAND_DATABASE"

EXAMPLE = "postgresql://farmhand@db.example.org/farmhand"

# Held by the manager whose database is the file beside it. The system lets go of it, however that ends.
LOCK = "manager.lock"


def open_store(data: Path, settings: Settings, environment: Mapping[str, str], said: str = "") -> Store:
    """Open the database that the command line (said), the environment or the settings name, else the file in `data`.

    Raises BadConfig for what its reader has to mend, OSError for a server that is not there, and TooNew.
    """
    where, url = _database(settings, environment, said)
    if not url:
        with _file(data):
            return Store(data, settings)
    with _server(where, url):
        return Store(data, settings, url=url)


def open_database(data: Path, settings: Settings, environment: Mapping[str, str], said: str = "") -> Database:
    """Open the same database as it is, whatever its schema; one that is a file has to be there. Raises the same."""
    where, url = _database(settings, environment, said)
    if not url:
        if not (data / FILE).exists():
            hint = "name the folder of a manager, or its database with --database"
            raise BadConfig("--data", 0, str(data), "there is no database in it", hint)
        with _file(data):
            return _answering(f"sqlite:///{data / FILE}", settings)
    with _server(where, url):
        return _answering(url, settings)


@contextmanager
def explained(data: Path, settings: Settings, environment: Mapping[str, str], said: str = "") -> Iterator[None]:
    """Say what is wrong with a database that fails while it is used. Raises BadConfig and OSError."""
    where, url = _database(settings, environment, said)
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise (_bad_server(where, _check(where, url), error) if url else _bad_file(data, error)) from None


def is_on_a_server(settings: Settings, environment: Mapping[str, str], said: str) -> bool:
    """Say whether the database is no file in the folder."""
    return bool(_database(settings, environment, said)[1])


def _answering(url: str, settings: Settings) -> Database:
    database = Database(url, wall_clock, settings.audit_key())
    with database.look() as connection:
        connection.execute(text("SELECT 1"))
    return database


@contextmanager
def alone(store: Store, data: Path) -> Iterator[None]:
    """Be the only manager of a database that is a file: a second would not hear what the first one writes.

    Raises OSError while there is another, which may be about to end.
    """
    with held(data) if store.database.name == "sqlite" else nullcontext():
        yield


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the lock of a manager whose database is the file in its folder; raises OSError while another does."""
    with closing(sqlite3.connect(data / LOCK, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            hint = "give each a folder of its own, or a PostgreSQL for all"
            raise ConnectionError(f"--data: {data}: another manager runs with this folder; {hint}") from None
        yield


def _database(settings: Settings, environment: Mapping[str, str], said: str) -> tuple[str, str]:
    if said:
        return "--database", said
    if environment.get(VARIABLE):
        return VARIABLE, environment[VARIABLE]
    return "database", settings.database


def _check(where: str, url: str) -> str:
    """Return the URL as it may be shown; raises BadConfig."""
    try:
        parts = make_url(url)
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise BadConfig(where, 0, "its value", "it is no URL of a database", f"write it as {EXAMPLE}") from None
    shown = parts.render_as_string(hide_password=True)
    if parts.get_backend_name() != "postgresql":
        problem = f'"{parts.drivername}" is no kind of database that is known here'
        raise BadConfig(where, 0, shown, problem, f"write it as {EXAMPLE}, or leave it out")
    if where == "--database" and parts.password is not None:
        hint = f"write the URL in {VARIABLE} or under database: in the file of --config, or the password in PGPASSFILE"
        raise BadConfig(where, 0, shown, "everybody on this machine can read its password here", hint)
    return shown


@contextmanager
def _server(where: str, url: str) -> Iterator[None]:
    """Say what is wrong with a database on a server."""
    shown = _check(where, url)
    try:
        yield
    except ImportError as error:
        hint = "install farmhand[postgres], or leave it out"
        raise BadConfig(where, 0, shown, f"the driver is missing: {error}", hint) from None
    except DatabaseError as error:
        raise _bad_server(where, shown, error) from None


@contextmanager
def _file(data: Path) -> Iterator[None]:
    """Say what is wrong with a database that is a file."""
    try:
        yield
    except OSError as error:
        problem = f"it cannot be used: {error.strerror}"
        raise BadConfig("--data", 0, str(data), problem, "choose another folder, or change its owner") from None
    except DatabaseError as error:
        raise _bad_file(data, error) from None


def _bad_server(where: str, shown: str, error: Exception) -> OSError:
    why = " ".join(str(getattr(error, "orig", error)).split())
    return ConnectionError(f"{where}: {shown}: the database cannot be used: {why}; start it, or mend this")


def _bad_file(data: Path, error: Exception) -> BadConfig:
    cause = getattr(error, "orig", error)
    hint = _MENDS.get(getattr(cause, "sqlite_errorname", ""), "restore a backup, or choose another folder")
    return BadConfig("--data", 0, str(data), f"the database in it cannot be used: {cause}", hint)


# What mends what SQLite says; anything else is a file that is broken.
_MENDS = {
    "SQLITE_FULL": "make room on its disk",
    "SQLITE_READONLY": "run this as the user that it belongs to",
    "SQLITE_CANTOPEN": "run this as the user that it belongs to",
    "SQLITE_BUSY": "try again, or stop what writes to it for so long",
}
