"""farmhand-units install, uninstall, diff and status: services put where their service manager finds them."""

import argparse
import contextlib
import difflib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from .. import install, installation
from ..definition import Definition
from ..dialect import Commands, Dialect, Scope, Target
from ..dialects.table import DIALECTS
from ..errors import BadConfig, BadValue
from ..install import Failed
from ..installation import CONDITIONS, Condition, Found, Present, Record, Step, Wanted
from ..render import best_way, render
from ..rendered import File
from ..unit_names import short_name
from . import source
from .render import add_options, target_of, told_of

_SOURCE = "FILE is what render takes; without it, options describe a worker or a manager."
_NOT_KEPT = ("run", "dry_run", "replace", "json", "strict", "watch")


@dataclass(frozen=True)
class _Installed:
    """A service to tell of. wanted: how it would be installed now, None if that cannot be said, for a `problem`."""

    name: str
    wanted: Wanted | None
    found: Found
    problem: str = ""


def add_install(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Write services where a service manager finds them, and have it start them. {_SOURCE}"
    parser.epilog = "Exit codes: 0 installed, 1 not, and all is as it was before, 2 bad input."
    _add_source(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.add_argument("--replace", action="store_true", help="overwrite files that are not ours, or were changed")
    parser.add_argument(
        "--watch", type=float, default=2.0, metavar="SECONDS", help="how long it has to run for its start to count (2)"
    )
    parser.add_argument("--strict", action="store_true", help="install nothing if something cannot be expressed")
    parser.set_defaults(run=lambda arguments: _guarded(_install, arguments))


def add_uninstall(parser: argparse.ArgumentParser) -> None:
    parser.description = "Stop services that were installed, take them away, and put back what was there before."
    parser.epilog = "Exit codes: 0 gone, 1 not, 2 bad input."
    parser.add_argument("names", nargs="+", metavar="NAME", help="what the service is called")
    _add_place(parser)
    parser.add_argument("--scope", choices=get_args(Scope), default="system", help="the machine's, or your own")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.set_defaults(run=lambda arguments: _guarded(_uninstall, arguments))


def add_diff(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Show how installed files differ from those that would be written now. {_SOURCE}"
    parser.epilog = "Exit codes: 0 they are the same, 1 they differ or are missing, 2 bad input."
    _add_source(parser, "; or a NAME that is installed, without anything all of them")
    parser.set_defaults(run=lambda arguments: _guarded(_diff, arguments))


def add_status(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Say of services whether they are installed as they would be now, and run. {_SOURCE}"
    parser.epilog = "Exit codes: 0 installed, unchanged, enabled and running, 1 not all of that, 2 bad input."
    _add_source(parser, "; or a NAME that is installed, without anything all of them")
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.set_defaults(run=lambda arguments: _guarded(_status, arguments))


def _add_source(parser: argparse.ArgumentParser, otherwise: str = "") -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=f"what to read{otherwise}")
    _add_place(parser)
    add_options(parser)
    source.add_worker_options(parser)


def _add_place(parser: argparse.ArgumentParser) -> None:
    known = [name for name, row in DIALECTS.items() if row.commands is not None]
    parser.add_argument("--to", choices=known, help="the service manager (default: the one that runs this machine)")


# -- the commands


def _guarded(command: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        return command(arguments)
    except Failed as problem:
        source.tell(str(problem))
        return 1


def _install(arguments: argparse.Namespace) -> int:
    wanteds, told = _wanted(arguments)
    for line in told:
        source.tell(line)
    if told and arguments.strict:
        return 1
    there = [(wanted, install.look(wanted)) for wanted in wanteds]
    mending = [step for _, found in there if found.record for step in installation.mend(found.record)]
    ready = [(wanted, installation.mended(found)) for wanted, found in there]
    steps = [
        *(step for _, found in ready for step in _rescue(found.record, found.files)),
        *installation.install(ready, arguments.watch),
    ]
    in_the_way = [(path, how) for wanted, found in ready for path, how in installation.in_the_way(wanted, found)]
    if arguments.dry_run:
        _show([*mending, *steps], ready)
    if in_the_way and not arguments.replace:
        path, how = in_the_way[0]
        hint = "'farmhand-units diff' shows how it differs, --replace overwrites it"
        raise Failed(f"{path} {CONDITIONS[how]}; {hint}")
    if not arguments.dry_run:
        install.perform(mending, print)
        install.carry_out(steps, print)
        _say_done(wanteds, steps)
    return 0


def _say_done(wanteds: Iterable[Wanted], steps: Sequence[Step]) -> None:
    for wanted in wanteds:
        print(f"{wanted.name}: installed" if steps else f"{wanted.name}: installed already, and as it should be")
        if wanted.commands.hint:
            print(f"{wanted.name}: {wanted.commands.hint}")


def _rescue(record: Record | None, files: Mapping[str, Present | None]) -> list[Step]:
    return installation.rescue(record, files, install.changed_folder(record.scope)) if record else []


def _show(steps: Iterable[Step], ready: Iterable[tuple[Wanted, Found]]) -> None:
    for step in steps:
        for line in install.describe(step):
            print(line)
    for wanted, found in ready:
        print("".join(_differences(wanted, found)), end="")


def _uninstall(arguments: argparse.Namespace) -> int:
    found = [record for name in arguments.names for record in _named(arguments, short_name(name))]
    for record in found:
        files = {kept.path: install.present(kept.path) for kept in record.files}
        steps = [*_rescue(record, files), *installation.removal(record)]
        if arguments.dry_run:
            _show(steps, ())
            continue
        install.perform(steps, print)
        print(f"{record.name}: uninstalled")
    return 0


def _named(arguments: argparse.Namespace, name: str) -> list[Record]:
    """Return the record of that name; there may be one for each service manager. Raises Failed if there is none."""
    known = [record for record in install.all_recorded(arguments.scope) if arguments.to in (None, record.dialect)]
    found = [record for record in known if record.name == name]
    if not found:
        names = ", ".join(record.name for record in known)
        hint = f"there are {names}" if names else f"nothing is, by --scope {arguments.scope}"
        raise Failed(f"{name}: it is not installed; {hint}")
    return found


def _diff(arguments: argparse.Namespace) -> int:
    code = 0
    for each in _chosen(arguments):
        if each.wanted is None:
            raise Failed(each.problem)
        lines = list(_differences(each.wanted, each.found))
        print("".join(lines), end="")
        code = 1 if lines else code
    return code


def _differences(wanted: Wanted, found: Found) -> Iterator[str]:
    """Yield the lines of a unified diff from what is there to what would be written."""
    for file in wanted.files:
        there = found.files[file.path]
        if installation.condition(file, there, found.record) != "same":
            before = there.text.splitlines(keepends=True) if there else []
            origin = file.path if there else os.devnull
            lines = difflib.unified_diff(before, file.text.splitlines(keepends=True), origin, file.path)
            yield from (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


# -- what the arguments name


def _chosen(arguments: argparse.Namespace) -> list[_Installed]:
    """Return what to tell of: all that is installed, that of one name, or that of a source."""
    named = arguments.file is not None and not os.path.exists(arguments.file)
    if not named and (arguments.file is not None or source.is_described(arguments)):
        return [_Installed(wanted.name, wanted, install.look(wanted)) for wanted in _wanted(arguments)[0]]
    if named:
        return list(map(_again, _named(arguments, short_name(arguments.file))))
    known = install.all_recorded(arguments.scope)
    return [_again(record) for record in known if arguments.to in (None, record.dialect)]


def _again(record: Record) -> _Installed:
    """Say how a service would be installed now, by the command that installed it."""
    parser = argparse.ArgumentParser()
    _add_source(parser)
    arguments = argparse.Namespace(**{**vars(parser.parse_args([])), **record.arguments})
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # it was told when it was installed
            (wanted,) = _wanted(arguments)[0]
        return _Installed(record.name, wanted, install.look(wanted))
    except (BadConfig, BadValue) as problem:
        files = {kept.path: install.present(kept.path) for kept in record.files}
        return _Installed(record.name, None, Found(files, record, install.ask(record.commands)), str(problem))


def _wanted(arguments: argparse.Namespace) -> tuple[list[Wanted], list[str]]:
    """Return the services to install, and what is lost on the way to the service manager."""
    dialect = _dialect(arguments)
    arguments = argparse.Namespace(**{**vars(arguments), "file": arguments.file and Path(arguments.file)})
    if dialect.name == "systemd" and arguments.systemd_version is None:
        arguments.systemd_version = install.systemd_version()
    sandboxed = dialect.hardens and arguments.scope == "system"
    found = source.chosen(source.of(arguments, sandboxed=sandboxed), arguments.service)
    target = target_of(arguments, dialect)
    if target.scope == "user":
        target = replace(target, config_folder=target.config_folder or install.real("~/.config/farmhand/"))
    rendered = [(one, render(dialect, one, target, arguments.way)) for one in found.definitions]
    wanteds = [_one(arguments, dialect, target, one, written.files) for one, written in rendered]
    return wanteds, told_of(found, [written for _, written in rendered])


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
    return Wanted(
        definition.name,
        dialect.name,
        target.scope,
        tuple(replace(file, path=install.real(file.path)) for file in files),
        _real(dialect.commands(service, target)),
        stays=way == "supervised" or definition.written.type != "oneshot",
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
        return tuple(tuple(map(install.real, line)) for line in given)

    return replace(
        commands,
        install=lines(commands.install),
        uninstall=lines(commands.uninstall),
        gone=lines(commands.gone),
        enable=lines(commands.enable),
        start=lines(commands.start),
        status=tuple(map(install.real, commands.status)),
        check=tuple(map(install.real, commands.check)),
        litter=tuple(map(install.real, commands.litter)),
    )


def _dialect(arguments: argparse.Namespace) -> Dialect:
    """Return the service manager to install for; raises BadValue if none is named and none found."""
    here = arguments.to or install.manager_here()
    rows = [row for row in DIALECTS.values() if here and row.commands is not None and here in (row.name, row.system)]
    if not rows:
        known = ", ".join(name for name, row in DIALECTS.items() if row.commands is not None)
        raise BadValue("--to: no service manager was found that runs this machine", f"name one of {known}")
    return next((row for row in rows if row.name == here), rows[0])


# -- status


def _status(arguments: argparse.Namespace) -> int:
    chosen = _chosen(arguments)
    if arguments.json:
        print(json.dumps([_as_data(each) for each in chosen], indent=2))
    else:
        print("\n".join(line for each in chosen for line in _told(each)) or "nothing is installed")
    return 0 if chosen and all(map(_is_well, chosen)) else 1


def _is_well(each: _Installed) -> bool:
    standing, wanted = each.found.standing, each.wanted
    if wanted is None or each.found.record is None or each.found.record.state != "installed":
        return False
    up = standing.running is not False or not wanted.stays
    return up and standing.enabled is not False and {how for _, how in _conditions(each)} == {"same"}


def _told(each: _Installed) -> Iterator[str]:
    standing = each.found.standing
    enabled = {True: "enabled", False: "not enabled", None: "enabled or not, nobody can tell"}[standing.enabled]
    runs = {True: "running", False: "failed" if standing.failed else "not running", None: "running or not"}
    yield f"{each.name}: {_state(each.found.record)}; {enabled}; {runs[standing.running]}"
    yield from (f"    {path} {CONDITIONS[how]}" for path, how in _conditions(each))
    if each.problem:
        yield f"    it cannot be said what would be written now: {each.problem}"


def _state(record: Record | None) -> str:
    if record is None:
        return "not installed"
    if record.state == "installed":
        return f"installed for {DIALECTS[record.dialect].title}"
    return "interrupted while it was installed or uninstalled; do either again"


def _conditions(each: _Installed) -> list[tuple[str, Condition]]:
    files, record = each.found.files, each.found.record
    if each.wanted is not None:
        return [(file.path, installation.condition(file, files[file.path], record)) for file in each.wanted.files]
    changed = installation.edited(record, files) if record else []
    missing = [path for path, there in files.items() if there is None]
    return [*((path, "missing") for path in missing), *((path, "changed") for path in changed)]


def _as_data(each: _Installed) -> dict[str, object]:
    standing, record, files = each.found.standing, each.found.record, each.found.files
    return {
        "name": each.name,
        "state": record.state if record else "not installed",
        "service_manager": record.dialect if record else each.wanted and each.wanted.dialect,
        "enabled": standing.enabled,
        "running": standing.running,
        "files": [
            {"path": path, "condition": how, "sha256": installation.digest(there.text) if there else None}
            for path, how in _conditions(each)
            for there in (files[path],)
        ],
        "problem": each.problem,
    }
