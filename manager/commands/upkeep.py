"""farmhand-manager backup, restore and migrate: what is done to the database itself, whether a manager runs or not."""

import argparse
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...units.errors import BadConfig
from .. import config
from .report import as_json, facts

if TYPE_CHECKING:
    from ..storage.database import Database

# What `migrate --check` ends with where there is something to do.
BEHIND = 1


def add(commands: Any) -> None:
    migrate = commands.add_parser("migrate", help="bring the database to the schema of this version")
    migrate.add_argument("--check", action="store_true", help="only say what would be done; exit code 1 if anything")
    migrate.set_defaults(call=_migrate)
    backup = commands.add_parser("backup", help="write all that the farm knows to a file, while it runs")
    backup.add_argument("target", type=Path, metavar="FILE|DIR", help="a new file, or a folder for it")
    backup.add_argument("--with-files", action="store_true", help="the logs and pictures of tasks as well")
    backup.add_argument("--json", action="store_true", help="print the backup's manifest")
    backup.set_defaults(call=_backup)
    restore = commands.add_parser("restore", help="put a farm back as a backup has it, while no manager runs")
    restore.add_argument("backup", type=Path, metavar="FILE", help="what backup wrote")
    restore.add_argument("--replace", action="store_true", help="keep aside what is there now")
    restore.set_defaults(call=_restore)
    for command in (migrate, backup, restore):
        add_place(command)


def add_place(command: Any) -> None:
    """Let a command be told where the farm is kept, as `run` is."""
    command.add_argument(
        "--data", type=_folder, required=True, metavar="DIR", help="where the database, logs and pictures are"
    )
    command.add_argument("--config", type=Path, metavar="FILE", help="settings, as in config/manager.yaml")
    command.add_argument(
        "--database", default="", metavar="URL", help="postgresql://USER@HOST/NAME, shared by several managers"
    )


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a folder")
    return Path(text)


@contextmanager
def as_it_is(options: argparse.Namespace) -> "Iterator[tuple[config.Settings, Database]]":
    """Open the database that there is, whatever its schema; raises BadConfig and OSError, also while it is used."""
    from ..opening import explained, open_database

    settings = config.settings(options.config, options.data)
    with (
        explained(options.data, settings, os.environ, options.database),
        closing(open_database(options.data, settings, os.environ, options.database)) as database,
    ):
        yield settings, database


@contextmanager
def as_of_today(options: argparse.Namespace) -> "Iterator[tuple[config.Settings, Database]]":
    """Open the database if it has the schema of this version: an earlier manager may still be at work on it.

    Raises BadConfig and TooNew.
    """
    from ..storage import schema

    with as_it_is(options) as (settings, database):
        with database.read() as connection:
            found = schema.standing(connection)
        found.refuse_newer()
        if found.pending:
            problem = f"the database has an earlier schema, {found.current or 'none'}"
            hint = "start this version's manager, or run farmhand-manager migrate first"
            raise BadConfig("--data", 0, str(options.data), problem, hint)
        yield settings, database


def _migrate(options: argparse.Namespace) -> int:
    from ..opening import open_store
    from ..storage import schema

    if not options.check:
        settings = config.settings(options.config, options.data)
        with closing(open_store(options.data, settings, os.environ, options.database)) as store:
            print(f"{options.data}: the database has schema {store.revision}")
        return 0
    with as_it_is(options) as (_, database), database.read() as connection:
        found = schema.standing(connection)
    found.refuse_newer()
    print(f"{options.data}: the database has {f'schema {found.current}' if found.current else 'no tables'}")
    for revision, about in found.pending:
        print(f"  {revision}  {about}")
    return BEHIND if found.pending else 0


def _backup(options: argparse.Namespace) -> int:
    from ..backup import back_up

    target = _new(options.target)
    with as_it_is(options) as (settings, database):
        made = back_up(
            database, options.data, target, with_files=options.with_files, manager_name=settings.manager_name
        )
    print(as_json({"file": str(target), **vars(made)}) if options.json else f"{target}: {_counted(made.counts)}")
    return 0


def _new(target: Path) -> Path:
    """Return the path of a file that is not there yet."""
    if target.is_dir():
        target /= f"farmhand-{datetime.now():%Y%m%d-%H%M%S}.zip"
    if target.exists():
        raise BadConfig("FILE", 0, str(target), "it is there already", "choose another name, or a folder")
    if not target.parent.is_dir():
        raise BadConfig("FILE", 0, str(target), f"{target.parent} is no folder", "make it, or choose another")
    return target


def _counted(counts: Any) -> str:
    of = (("worker", "workers"), ("job", "jobs"), ("task", "tasks"), ("event", "events"))
    return ", ".join(f"{counts[table]:,} {words}" for table, words in of)


def _restore(options: argparse.Namespace) -> int:
    from ..archive import Archive
    from ..backup import restore
    from ..opening import is_on_a_server

    settings = config.settings(options.config, options.data)
    on_a_server = is_on_a_server(settings, os.environ, options.database)
    there = as_it_is(options) if on_a_server else nullcontext((settings, None))
    with there as (_, server), Archive(options.backup) as archive:
        key = settings.audit_key()
        done = restore(archive, options.data, server, replace=options.replace, audit_key=key)
    said = {
        "restored": f"{_counted(done.manifest.counts)}, as of {done.manifest.made_at}",
        "kept aside": [done.aside, done.files_aside],
        "next": f"start the manager; it hands out no task for {settings.worker_timeout:g} s, until all are heard who "
        "may be at work on one that the backup does not know of",
    }
    print(facts(said))
    return 0
