"""What install, uninstall, diff and status are about: services as they would be installed, and those that are."""

import argparse
import difflib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .. import installation, present, supervised
from ..definition import Definition
from ..dialect import Commands, Dialect, Target
from ..dialects.table import DIALECTS
from ..errors import BadValue
from ..installation import Found, Record, Wanted
from ..present import Failed
from ..render import best_way
from ..rendered import File
from . import source
from .render import add_options, target_of, told_of, written_of

SOURCE = "FILE is what render takes; without it, options describe a worker or a manager."
_NOT_KEPT = ("run", "dry_run", "replace", "json", "strict", "watch")


def add_source(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=f"what to read{otherwise}")
    add_place(parser)
    add_options(parser)
    source.add_worker_options(parser)


def add_place(parser: argparse.ArgumentParser) -> None:
    known = [name for name, row in DIALECTS.items() if row.commands is not None]
    parser.add_argument("--to", choices=known, help="the service manager (default: the one that runs this machine)")


def guarded(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        return command(arguments)
    except Failed as problem:
        source.tell(str(problem))
        return 1


def services_of(arguments: argparse.Namespace) -> tuple[list[Wanted], list[str]]:
    """Return the services to install, and what is lost on the way to the service manager."""
    dialect = _dialect(arguments)
    arguments = argparse.Namespace(**{**vars(arguments), "file": arguments.file and Path(arguments.file)})
    if dialect.name == "systemd" and arguments.systemd_version is None:
        arguments.systemd_version = present.systemd_version()
    found = source.chosen(source.of(arguments, dialect), arguments.service)
    target = target_of(arguments, dialect)
    if target.scope == "user":
        target = replace(target, config_folder=target.config_folder or present.real("~/.config/farmhand/"))
    written = written_of(found, dialect, target, arguments.way)
    pairs = zip(found.definitions, written, strict=True)
    return [_one(arguments, dialect, target, one, each.files) for one, each in pairs], told_of(found, written)


def _one(
    arguments: argparse.Namespace, dialect: Dialect, target: Target, definition: Definition, files: Sequence[File]
) -> Wanted:
    if definition.name.endswith("@"):
        raise BadValue(
            f"{definition.name}: it is a template, which cannot be started", "name an instance: --instance 1"
        )
    assert dialect.commands is not None
    way = arguments.way or best_way(dialect, definition, target)
    service = definition.plain or definition.written
    said = {name: value for name, value in vars(arguments).items() if name not in _NOT_KEPT}
    commands = _real(dialect.commands(service, target))
    watched = commands if definition.written.type != "oneshot" else None
    if way == "supervised":
        watched = supervised.told(commands, definition.name, dialect, target) if watched else commands
    return Wanted(
        definition.name,
        dialect.name,
        target.scope,
        tuple(replace(file, path=present.real(file.path)) for file in files),
        commands,
        watched,
        arguments={
            **said,
            "file": arguments.file and os.path.abspath(arguments.file),
            "service": definition.name,
            "to": dialect.name,
        },
    )


def _real(commands: Commands) -> Commands:
    """Give command lines with the paths that this user has."""

    def lines(given: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(map(present.real, line)) for line in given)

    return replace(
        commands,
        install=lines(commands.install),
        uninstall=lines(commands.uninstall),
        gone=lines(commands.gone),
        enable=lines(commands.enable),
        start=lines(commands.start),
        status=tuple(map(present.real, commands.status)),
        check=tuple(map(present.real, commands.check)),
        litter=tuple(map(present.real, commands.litter)),
    )


def _dialect(arguments: argparse.Namespace) -> Dialect:
    """Return the service manager to install for; raises BadValue if none is named and none found."""
    here = arguments.to or present.manager_here()
    rows = [row for row in DIALECTS.values() if here and row.commands is not None and here in (row.name, row.system)]
    if not rows:
        known = ", ".join(name for name, row in DIALECTS.items() if row.commands is not None)
        raise BadValue("--to: no service manager was found that runs this machine", f"name one of {known}")
    return next((row for row in rows if row.name == here), rows[0])


def records_named(arguments: argparse.Namespace, name: str) -> list[Record]:
    """Return the record of that name; there may be one for each service manager. Raises Failed if there is none."""
    known = [record for record in present.all_recorded(arguments.scope) if arguments.to in (None, record.dialect)]
    found = [record for record in known if record.name == name]
    if not found:
        names = ", ".join(record.name for record in known)
        hint = f"there are {names}" if names else f"nothing is, by --scope {arguments.scope}"
        raise Failed(f"{name}: it is not installed; {hint}")
    return found


def differences(wanted: Wanted, found: Found) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what would be written."""
    for file in wanted.files:
        there = found.files[file.path]
        if installation.condition(file, there, found.record) != "same":
            before = there.text.splitlines(keepends=True) if there else []
            origin = file.path if there else os.devnull
            lines = difflib.unified_diff(before, file.text.splitlines(keepends=True), origin, file.path)
            yield from (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
