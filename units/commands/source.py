"""What the commands are about: services read from a file, or that of a worker or manager whom options describe."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import definition, hardening, present, worker_unit
from ..definition import Source
from ..dialect import Dialect, usual_program
from ..dialects.table import DIALECTS
from ..errors import BadValue
from ..files import read_drop_ins, read_text
from ..hardening import PROFILES, Profile
from ..manager_unit import Manager, manager_service
from ..spec import Service
from ..worker_unit import Worker, worker_service


def tell(text: str) -> None:
    print(f"farmhand-units: {text}", file=sys.stderr)


def installed(program: str, dialect: Dialect) -> str:
    """Give the path of a program: of the one that was installed with this one, unless it is for another machine."""
    beside = Path(sys.argv[0]).resolve().parent / program
    elsewhere = dialect.contained or dialect.system not in (None, present.system())
    return usual_program(dialect, program) if elsewhere or not beside.exists() else str(beside)


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Take the options that describe a worker or a manager."""
    either = parser.add_argument_group("a worker's unit, or a manager's")
    either.add_argument("--user", help="who to run as")
    either.add_argument("--group", help="the group to run as")
    either.add_argument("--program", help="the path of its program (default: the one beside this program)")
    either.add_argument("--data", metavar="FOLDER", help="where its data is (default: a folder that systemd makes)")
    either.add_argument("--profile", choices=PROFILES, help="what systemd keeps it from (default: gpu, manager)")
    worker = parser.add_argument_group("a worker's unit")
    worker.add_argument("--worker", action="store_true", help="write a worker's unit without a FILE")
    worker.add_argument("--manager", metavar="URL", help="the manager's address")
    worker.add_argument("--name", help="the worker's name")
    worker.add_argument("--restart-exit-code", type=int, metavar="N", help="the exit code that means: start me again")
    worker.add_argument("--folder", help="the folder to run in")
    worker.add_argument("--output-folder", action="append", metavar="FOLDER", help="where tasks write; for each folder")
    worker.add_argument("--credentials", metavar="FILE", help="root's file of credentials, to be handed to the worker")
    manager = parser.add_argument_group("a manager's unit")
    manager.add_argument("--manager-unit", action="store_true", help="write a manager's unit")
    manager.add_argument("--listen", metavar="HOST:PORT", help="where it listens")
    manager.add_argument("--settings", metavar="FILE", help="its settings, as in config/manager.yaml")


def of(arguments: argparse.Namespace, dialect: Dialect) -> Source:
    """Read what the arguments name: FILE, or a worker's or manager's options. Raises BadConfig and BadValue.

    dialect: whom it is for, which decides where programs are and whether it is kept from things if nobody says.
    """
    if arguments.file is None:
        if not is_described(arguments):
            raise BadValue("FILE: it is missing", "name one, or give --manager and --name for a worker's unit")
        return _described(arguments, {}, dialect)
    path, text = str(arguments.file), read_text(arguments.file)
    if _dialect_of(path) == "farmhand" and (found := worker_unit.read_worker_config(path, text)) is not None:
        return _described(arguments, found, dialect)
    return read(path, text, instance=arguments.instance)


def read(path: str, text: str, *, dialect: Dialect | None = None, instance: str | None = None) -> Source:
    """Read the services of a file; dialect: whose it is, None for the one that its ending tells."""
    name = dialect.name if dialect else _dialect_of(path)
    if name == "systemd":
        return definition.from_unit(path, text, instance, read_drop_ins(path))
    if name == "farmhand":
        return definition.from_yaml(path, text)
    reader = DIALECTS[name].read
    assert reader is not None
    found = reader(path, text)
    return Source(tuple(map(definition.made, found.services)), found.notices)


def _dialect_of(path: str) -> str:
    """Tell a file's dialect by its ending; what nobody claims is taken for our YAML."""
    return next((row.name for row in DIALECTS.values() if row.read and path.lower().endswith(row.endings)), "farmhand")


def chosen(source: Source, name: str | None) -> Source:
    """Keep the service of that name alone."""
    if name is None:
        return source
    found = tuple(one for one in source.definitions if one.name == name)
    if not found:
        names = ", ".join(one.name for one in source.definitions)
        raise BadValue(f'--service: there is no "{name}"', f"there are {names}")
    return replace(source, definitions=found)


def is_described(arguments: argparse.Namespace) -> bool:
    """Say whether the options describe a service, which takes no FILE."""
    return bool(arguments.worker or arguments.manager or arguments.name or arguments.manager_unit)


def _described(arguments: argparse.Namespace, found: dict[str, Any], dialect: Dialect) -> Source:
    """Make a service of the options. found: what a worker's configuration says, which they win over."""
    return _manager(arguments, dialect) if arguments.manager_unit else _worker(arguments, found, dialect)


def _worker(arguments: argparse.Namespace, found: dict[str, Any], dialect: Dialect) -> Source:
    options = {
        **_of_both(arguments, "farmhand-worker", dialect),
        "name": arguments.name,
        "manager_url": arguments.manager,
        "restart_code": arguments.restart_exit_code,
        "folder": arguments.folder,
        "output_folders": tuple(arguments.output_folder) if arguments.output_folder else None,
        "credentials": arguments.credentials,
    }
    known = {**found, **_given(options)}
    for field, option in (("manager_url", "--manager"), ("name", "--name")):
        if field not in known:
            raise BadValue(f"{option}: it is missing", "say it here or in the worker's configuration")
    _warn_of_root(known, "worker")
    worker = Worker(**known, profile=_profile(arguments, "gpu", dialect))
    service = worker_service(worker)
    _tell_gaps(service, worker.profile, (*worker.writable, *worker.readable))
    return Source((definition.made(service),), worker=worker)


def _manager(arguments: argparse.Namespace, dialect: Dialect) -> Source:
    options = {
        **_of_both(arguments, "farmhand-manager", dialect),
        "listen": arguments.listen,
        "config": arguments.settings,
    }
    known = _given(options)
    _warn_of_root(known, "manager")
    manager = Manager(**known, profile=_profile(arguments, "manager", dialect))
    service = manager_service(manager)
    _tell_gaps(service, manager.profile, (*manager.writable, *manager.readable))
    return Source((definition.made(service),))


def _of_both(arguments: argparse.Namespace, program: str, dialect: Dialect) -> dict[str, Any]:
    path = arguments.program or installed(program, dialect)
    return {
        "program": path,
        "readable": _python_of(path),
        "user": arguments.user,
        "group": arguments.group,
        "data": arguments.data,
    }


def _python_of(program: str) -> tuple[str, ...]:
    """Return where the Python is that runs a program of this installation, which may be in somebody's home."""
    ours = Path(program).resolve().parent == Path(sys.argv[0]).resolve().parent
    return tuple(sorted({sys.prefix, os.path.realpath(sys.base_prefix)})) if ours else ()


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in options.items() if value is not None}


def _profile(arguments: argparse.Namespace, usual: Profile, dialect: Dialect) -> Profile | None:
    chosen: Profile | None = arguments.profile
    return chosen or (usual if dialect.hardens and arguments.scope == "system" else None)


def _warn_of_root(known: dict[str, Any], who: str) -> None:
    if "user" not in known:
        tell(f"--user: it is missing; without it the {who} runs as root")


def _tell_gaps(service: Service, profile: Profile | None, paths: tuple[str, ...]) -> None:
    """Say what the service is not kept from: all of it where it is much, else what is owed to its own paths."""
    if profile is None:
        return
    for rule, relaxed in hardening.gaps(service, profile, paths):
        if profile == "compat" or relaxed is rule.shown:
            tell(f"{profile}: {hardening.describe(rule, relaxed, profile)}")
