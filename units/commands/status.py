"""farmhand-units diff and status: what is installed against what would be installed now."""

import argparse
import contextlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass

from .. import installation, present
from ..dialects.table import DIALECTS
from ..errors import BadConfig, BadValue
from ..installation import CONDITIONS, Condition, Found, Record, Wanted
from ..present import Failed
from ..unit_names import short_name
from . import source
from .wanted import SOURCE, add_source, differences, guarded, records_named, services_of


@dataclass(frozen=True)
class _Installed:
    """A service to tell of. wanted: how it would be installed now, None if that cannot be said, for a `problem`."""

    name: str
    wanted: Wanted | None
    found: Found
    problem: str = ""


def add_diff(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Show how installed files differ from those that would be written now. {SOURCE}"
    parser.epilog = "Exit codes: 0 they are the same, 1 they differ or are missing, 2 bad input."
    add_source(parser, "; or a NAME that is installed, without anything all of them")
    parser.set_defaults(run=lambda arguments: guarded(_diff, arguments))


def add_status(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Say of services whether they are installed as they would be now, and run. {SOURCE}"
    parser.epilog = "Exit codes: 0 installed, unchanged, enabled and running, 1 not all of that, 2 bad input."
    add_source(parser, "; or a NAME that is installed, without anything all of them")
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.set_defaults(run=lambda arguments: guarded(_status, arguments))


def _diff(arguments: argparse.Namespace) -> int:
    code = 0
    for each in _chosen(arguments):
        if each.wanted is None:
            raise Failed(each.problem)
        lines = list(differences(each.wanted, each.found))
        print("".join(lines), end="")
        code = 1 if lines else code
    return code


def _chosen(arguments: argparse.Namespace) -> list[_Installed]:
    """Return what to tell of: all that is installed, that of one name, or that of a source."""
    file: str | None = arguments.file
    if source.is_described(arguments) or (file is not None and os.path.exists(file)):
        return [_Installed(wanted.name, wanted, present.look(wanted)) for wanted in services_of(arguments)[0]]
    if file is not None:
        return list(map(_again, records_named(arguments, short_name(file))))
    known = present.all_recorded(arguments.scope)
    return [_again(record) for record in known if arguments.to in (None, record.dialect)]


def _again(record: Record) -> _Installed:
    """Say how a service would be installed now, by the command that installed it."""
    parser = argparse.ArgumentParser()
    add_source(parser)
    arguments = argparse.Namespace(**{**vars(parser.parse_args([])), **record.arguments})
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # it was told when it was installed
            (wanted,) = services_of(arguments)[0]
        return _Installed(record.name, wanted, present.look(wanted))
    except (BadConfig, BadValue) as problem:
        files = {kept.path: present.present(kept.path) for kept in record.files}
        return _Installed(record.name, None, Found(files, record, present.ask(record.commands)), str(problem))


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
    up = standing.running is not False or not wanted.watched
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
