"""What the commands are about: services read from a file, or the one of a worker that the options describe."""

import argparse
import sys
from pathlib import Path

from .. import definition, worker_unit
from ..definition import Source
from ..dialect import Dialect
from ..dialects.table import DIALECTS
from ..errors import BadValue
from ..files import read_text
from ..spec import Service


def tell(text: str) -> None:
    print(f"farmhand-units: {text}", file=sys.stderr)


def add_worker_options(parser: argparse.ArgumentParser) -> None:
    """Take the options that describe a worker."""
    worker = parser.add_argument_group("a worker's unit")
    worker.add_argument("--worker", action="store_true", help="write a worker's unit without a FILE")
    worker.add_argument("--manager", metavar="URL", help="the manager's address")
    worker.add_argument("--name", help="the worker's name")
    worker.add_argument("--restart-exit-code", type=int, metavar="N", help="the exit code that means: start me again")
    worker.add_argument("--user", help="who to run as")
    worker.add_argument("--group", help="the group to run as")
    worker.add_argument("--folder", help="the folder to run in")
    worker.add_argument("--program", help="the path of farmhand-worker (default: the one beside this program)")


def of(arguments: argparse.Namespace) -> Source:
    """Read what the arguments name: FILE, or a worker's options. Raises BadConfig and BadValue."""
    if arguments.file is None:
        if not (arguments.worker or arguments.manager or arguments.name):
            raise BadValue("FILE: it is missing", "name one, or give --manager and --name for a worker's unit")
        return Source((definition.made(_worker_service(arguments, {})),))
    path, text = str(arguments.file), read_text(arguments.file)
    if not path.endswith(".service") and (found := worker_unit.read_worker_config(path, text)) is not None:
        return Source((definition.made(_worker_service(arguments, found)),))
    return read(path, text, instance=arguments.instance)


def read(path: str, text: str, *, dialect: Dialect | None = None, instance: str | None = None) -> Source:
    """Read the services of a file; dialect: whose it is, None for the one that its ending tells."""
    name = dialect.name if dialect else _dialect_of(path)
    if name == "systemd":
        return definition.from_unit(path, text, instance)
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
    return Source(found, source.notices, source.losses)


def _worker_service(arguments: argparse.Namespace, found: dict[str, str | int]) -> Service:
    options = {
        "name": arguments.name,
        "manager_url": arguments.manager,
        "restart_code": arguments.restart_exit_code,
        "user": arguments.user,
        "group": arguments.group,
        "folder": arguments.folder,
        "program": arguments.program or installed("farmhand-worker"),
    }
    known = {**found, **{field: value for field, value in options.items() if value is not None}}
    for field, option in (("manager_url", "--manager"), ("name", "--name")):
        if field not in known:
            raise BadValue(f"{option}: it is missing", "say it here or in the worker's configuration")
    if "user" not in known:
        tell("--user: it is missing; without it the worker runs as root")
    return worker_unit.worker_service(worker_unit.Worker(**known))


def installed(program: str) -> str:
    """Give the path of a program that was installed with this one."""
    beside = Path(sys.argv[0]).resolve().parent / program
    return str(beside) if beside.exists() else f"/usr/local/bin/{program}"
