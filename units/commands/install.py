"""farmhand-units install and uninstall: services put where their service manager finds them, and taken away."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from .. import install, install_steps, installation, present
from ..dialect import Scope
from ..install_steps import Step
from ..installation import CONDITIONS, Found, Present, Record, Wanted
from ..present import Failed
from ..unit_names import short_name
from . import source
from .wanted import SOURCE, add_place, add_source, differences, guarded, records_named, services_of


def add_install(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Write services where a service manager finds them, and have it start them. {SOURCE}"
    parser.epilog = "Exit codes: 0 installed, 1 not, and all is as it was before, 2 bad input."
    add_source(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.add_argument("--replace", action="store_true", help="overwrite files that are not ours, or were changed")
    parser.add_argument(
        "--watch", type=float, default=2.0, metavar="SECONDS", help="how long it has to run for its start to count (2)"
    )
    parser.add_argument("--strict", action="store_true", help="install nothing if something cannot be expressed")
    parser.set_defaults(run=lambda arguments: guarded(_install, arguments))


def add_uninstall(parser: argparse.ArgumentParser) -> None:
    parser.description = "Stop services that were installed, take them away, and put back what was there before."
    parser.epilog = "Exit codes: 0 gone, 1 not, 2 bad input."
    parser.add_argument("names", nargs="+", metavar="NAME", help="what the service is called")
    add_place(parser)
    parser.add_argument("--scope", choices=get_args(Scope), default="system", help="the machine's, or your own")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")
    parser.set_defaults(run=lambda arguments: guarded(_uninstall, arguments))


def _install(arguments: argparse.Namespace) -> int:
    wanteds, told = services_of(arguments)
    for line in told:
        source.tell(line)
    if told and arguments.strict:
        return 1
    there = [(wanted, present.look(wanted)) for wanted in wanteds]
    mending = [step for _, found in there if found.record for step in install_steps.mend(found.record)]
    ready = [(wanted, install_steps.mended(found)) for wanted, found in there]
    steps = [
        *(step for _, found in ready for step in _rescue(found.record, found.files)),
        *install_steps.install(ready, arguments.watch),
    ]
    in_the_way = [each for wanted, found in ready for each in installation.in_the_way(wanted, found)]
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
    return install_steps.rescue(record, files, present.changed_folder(record.scope)) if record else []


def _show(steps: Iterable[Step], ready: Iterable[tuple[Wanted, Found]]) -> None:
    for step in steps:
        for line in install.describe(step):
            print(line)
    for wanted, found in ready:
        print("".join(differences(wanted, found)), end="")


def _uninstall(arguments: argparse.Namespace) -> int:
    found = [record for name in arguments.names for record in records_named(arguments, short_name(name))]
    for record in found:
        files = {kept.path: present.present(kept.path) for kept in record.files}
        steps = [*_rescue(record, files), *install_steps.removal(record)]
        if arguments.dry_run:
            _show(steps, ())
            continue
        install.perform(steps, print)
        print(f"{record.name}: uninstalled")
    return 0
