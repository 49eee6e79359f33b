"""Backups: a farm into one file while it runs, and back into a database of either kind while no manager does."""

import getpass
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from errno import EIO, ENOSPC
from importlib.metadata import version
from os import strerror
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from ..units.errors import BadConfig
from .archive import FILES, Archive, Manifest, write, writing
from .clock import timestamp, wall_clock
from .opening import held
from .rules.deeds import BACKED_UP, Deed
from .storage import chain, events, portable, restoring, schema
from .storage.database import Database
from .storage.store import FILE

# What SQLite keeps beside a database.
_BESIDE = ("", "-wal", "-shm")


def who() -> str:
    """Return who uses the command line."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return "command line"


# -- into a file


def back_up(database: Database, data: Path, target: Path, *, with_files: bool, manager_name: str) -> Manifest:
    """Write all that the farm is at this moment to a file, which then appears at once; managers may run."""
    with (
        _onto(target.parent),
        writing(target) as partial,
        TemporaryDirectory(dir=target.parent, prefix=".farmhand-") as folder,
    ):
        copy = Path(folder, FILE)
        if database.name == "sqlite":
            portable.copy_file(data / FILE, copy)
        else:
            portable.copy_rows(database, copy)
        if not _sound(copy):
            hint = "nothing was kept of it; restore an earlier backup"
            raise BadConfig("--data", 0, str(data), "the database is damaged", hint)
        said = _described(copy, database.name, manager_name)
        manifest = write(partial, copy, data / FILES if with_files else None, said)
    _note(database, target)
    return manifest


def _described(copy: Path, source: str, manager_name: str) -> dict[str, Any]:
    with _opened(copy) as database, database.read() as connection:
        counts = portable.counts(connection)
        return {
            "made_at": timestamp(wall_clock()),
            "version": version("farmhand"),
            "manager_name": manager_name,
            "schema": schema.standing(connection).current or "",
            "source": source,
            "newest_event": events.newest(connection),
            "audit": vars(chain.head(connection)) if "audit_head" in counts else {},
            "counts": counts,
        }


def _sound(copy: Path) -> bool:
    """Say whether an SQLite file is whole; raises sqlite3.DatabaseError where it is none."""
    with closing(sqlite3.connect(copy)) as connection:
        [found] = connection.execute("PRAGMA integrity_check(1)").fetchone()
        return found == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone() is None


@contextmanager
def _onto(folder: Path) -> Iterator[None]:
    """Say which disk is full, or takes nothing: neither a write nor SQLite does. Raises OSError."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        name = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
        if not name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise
        code = ENOSPC if name == "SQLITE_FULL" else EIO
        raise OSError(code, strerror(code), str(folder)) from None
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(folder)
        raise


@contextmanager
def _opened(file: Path, audit_key: bytes = b"") -> Iterator[Database]:
    """Open a copy, and leave it as one file."""
    database = Database(f"sqlite:///{file}", wall_clock, audit_key)
    try:
        yield database
        with database.look() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    finally:
        database.close()


def _note(database: Database, target: Path) -> None:
    with database.read() as connection:
        if schema.standing(connection).pending:  # of an earlier version, without an audit log perhaps
            return
    with database.write() as change:
        change.deeds.append(Deed(BACKED_UP, who(), whom=target.name))


# -- and back


@dataclass(frozen=True)
class Restored:
    """What was restored.

    aside, files_aside: where the database, and the logs and pictures, are that were there; empty where there were none.
    """

    manifest: Manifest
    aside: str
    files_aside: str = ""


def restore(
    archive: Archive, data: Path, server: Database | None, *, replace: bool, audit_key: bytes = b""
) -> Restored:
    """Put a farm back as a backup has it: into the file in `data`, or a database on a server.

    audit_key: seals the audit log, as that of `server` is anyway. replace: what is there is kept aside; else there may
    be nothing. Raises BadConfig, and OSError while a manager runs.
    """
    data.mkdir(parents=True, exist_ok=True)
    stamp = "".join(filter(str.isdigit, timestamp(wall_clock())))
    with _onto(data), TemporaryDirectory(dir=data, prefix=".restoring-") as folder:
        copy = Path(folder, FILE)
        archive.take_database(copy)
        _check(archive, copy)
        if archive.manifest.with_files:
            _refuse_kept(data / FILES, replace=replace)
            archive.take_files(Path(folder, FILES))
        if server is None:
            aside = _into_file(archive, copy, data, stamp, replace=replace, audit_key=audit_key)
        else:
            aside = _into_server(archive, copy, server, stamp, replace=replace)
        files_aside = _swap(Path(folder, FILES), data / FILES, stamp) if archive.manifest.with_files else ""
    return Restored(archive.manifest, aside, files_aside)


def _check(archive: Archive, copy: Path) -> None:
    """Look at the database itself: whether it is whole, what is in it, and whether we know its tables."""
    try:
        if not _sound(copy):
            raise archive.bad("its database is damaged", "name another backup")
        with _opened(copy) as database, database.read() as look:
            schema.standing(look).refuse_newer()
            counts = portable.counts(look)
    except sqlite3.DatabaseError:
        raise archive.bad("its database is none", "name another backup") from None
    if counts != archive.manifest.counts:
        raise archive.bad("its database holds other rows than it says", "name another backup")


def _refuse_kept(path: Path, *, replace: bool) -> None:
    if path.exists() and not replace:
        hint = "name an empty folder, or keep what is there aside with --replace"
        raise BadConfig("--data", 0, str(path), "it is there already", hint)


def _into_file(archive: Archive, copy: Path, data: Path, stamp: str, *, replace: bool, audit_key: bytes) -> str:
    target = data / FILE
    with held(data):
        _refuse_kept(target, replace=replace)
        with _opened(copy, audit_key) as database, database.write() as change:
            restoring.settle(change, who(), archive.manifest.made_at)
        aside = target.with_name(f"{FILE}.before-{stamp}")
        there = target.exists()
        for beside in _BESIDE:
            if (old := target.with_name(target.name + beside)).exists():
                old.rename(aside.with_name(aside.name + beside))
        copy.rename(target)
    return str(aside) if there else ""


def _into_server(archive: Archive, copy: Path, server: Database, stamp: str, *, replace: bool) -> str:
    aside = f"before_{stamp}"
    with _opened(copy) as source, server.write() as change:
        others = change.connection.execute(_OTHERS).scalar_one()
        if others:
            raise ConnectionError(f"{others} other sessions use the database; stop all managers, then restore")
        there = not restoring.is_empty(change.connection)
        if there and not replace:
            hint = "name an empty database, or keep what is there aside with --replace"
            raise BadConfig("--database", 0, "its tables", "there is a farm in it already", hint)
        restoring.fill(change, source, aside)
        restoring.settle(change, who(), archive.manifest.made_at)
    return f"the PostgreSQL schema {aside}" if there else ""


_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def _swap(new: Path, target: Path, stamp: str) -> str:
    aside = target.with_name(f"{target.name}.before-{stamp}")
    there = target.exists()
    if there:
        target.rename(aside)
    new.rename(target)
    return str(aside) if there else ""
