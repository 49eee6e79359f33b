"""farmhand-units: writes, checks and explains service definitions."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import directives, schema, specifiers, worker_unit
from .check import check
from .dialects import farmhand, systemd
from .errors import BadConfig, BadValue
from .files import read_text
from .rendered import Rendered
from .spec import Service

DIALECTS = {"systemd": systemd.write}
BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code: 0, 1 for losses under --strict, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (BadConfig, BadValue) as bad:
        text = str(bad) if isinstance(bad, BadConfig) else f"{bad.problem}; {bad.hint}"
        _tell(text)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="farmhand-units",
        description="Write, check and explain the service definitions of Farmhand and systemd.",
        epilog="Exit codes: 0 done, 1 something was lost and --strict given, 2 bad input.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_render(commands.add_parser("render", help="write services for another service manager"))
    checking = commands.add_parser("check", help="say what is wrong with service files")
    checking.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a .service file or Farmhand's YAML")
    checking.set_defaults(run=_check)
    commands.add_parser("schema", help="print the JSON Schema of Farmhand's YAML").set_defaults(run=_schema)
    listing = commands.add_parser("directives", help="list the directives that Farmhand acts on")
    listing.add_argument("names", nargs="*", metavar="NAME", help="only these")
    listing.set_defaults(run=_directives)
    return parser


def _add_render(render: argparse.ArgumentParser) -> None:
    render.description = (
        "Write each service of FILE, or the unit of one worker. FILE is Farmhand's YAML, a .service file or a worker's "
        "configuration; the options below FILE describe a worker and win over what its configuration says."
    )
    render.add_argument("dialect", choices=DIALECTS, help="whose format to write")
    render.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what to read")
    render.add_argument("--service", metavar="NAME", help="write only this service of FILE")
    render.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write files there, not to standard output")
    render.add_argument("--strict", action="store_true", help="fail (1) if something cannot be expressed")
    worker = render.add_argument_group("a worker's unit")
    worker.add_argument("--worker", action="store_true", help="write a worker's unit without a FILE")
    worker.add_argument("--manager", metavar="URL", help="the manager's address")
    worker.add_argument("--name", help="the worker's name")
    worker.add_argument("--restart-exit-code", type=int, metavar="N", help="the exit code that means: start me again")
    worker.add_argument("--user", help="who to run as")
    worker.add_argument("--group", help="the group to run as")
    worker.add_argument("--folder", help="the folder to run in")
    worker.add_argument("--program", help="the path of farmhand-worker (default: the one beside this program)")
    render.set_defaults(run=_render)


@dataclass(frozen=True)
class _Source:
    """What to render. as_written: its texts hold `%` specifiers as they are written."""

    services: tuple[Service, ...]
    as_written: bool
    losses: tuple[str, ...] = ()


def _render(arguments: argparse.Namespace) -> int:
    source = _source(arguments)
    services = source.services
    if arguments.service:
        names = [service.name for service in services]
        if arguments.service not in names:
            raise BadValue(f'--service: there is no "{arguments.service}"', f"there are {', '.join(names)}")
        services = tuple(service for service in services if service.name == arguments.service)
    write = DIALECTS[arguments.dialect]
    written = [write(service, as_written=source.as_written) for service in services]
    for rendered in written:
        _put(rendered, arguments.output, headed=len(written) > 1)
    losses = [*source.losses, *(f"{rendered.path}: {loss}" for rendered in written for loss in rendered.losses)]
    for loss in losses:
        _tell(loss)
    return 1 if losses and arguments.strict else 0


def _source(arguments: argparse.Namespace) -> _Source:
    if arguments.file is None:
        if not (arguments.worker or arguments.manager or arguments.name):
            raise BadValue("FILE: it is missing", "name one, or give --manager and --name for a worker's unit")
        return _Source((_worker_service(arguments, {}),), as_written=False)
    path, text = str(arguments.file), read_text(arguments.file)
    if path.endswith(".service"):
        template = arguments.file.name.removesuffix(".service") if path.endswith("@.service") else ""
        values = specifiers.TEMPLATE_AS_WRITTEN if template else specifiers.AS_WRITTEN
        reading = systemd.read(path, text, values, template)
        for warning in reading.warnings:
            _tell(str(warning))
        return _Source((reading.service,), as_written=True)
    if (found := worker_unit.read_worker_config(path, text)) is not None:
        return _Source((_worker_service(arguments, found),), as_written=False)
    services, losses = farmhand.for_elsewhere(farmhand.read(path, text, specifiers.AS_WRITTEN))
    return _Source(services, as_written=True, losses=losses)


def _worker_service(arguments: argparse.Namespace, found: dict[str, str | int]) -> Service:
    options = {
        "name": arguments.name,
        "manager_url": arguments.manager,
        "restart_code": arguments.restart_exit_code,
        "user": arguments.user,
        "group": arguments.group,
        "folder": arguments.folder,
        "program": arguments.program or _program(),
    }
    known = {**found, **{field: value for field, value in options.items() if value is not None}}
    for field, option in (("manager_url", "--manager"), ("name", "--name")):
        if field not in known:
            raise BadValue(f"{option}: it is missing", "say it here or in the worker's configuration")
    if "user" not in known:
        _tell("--user: it is missing; without it the worker runs as root")
    return worker_unit.worker_service(worker_unit.Worker(**known))


def _tell(text: str) -> None:
    print(f"farmhand-units: {text}", file=sys.stderr)


def _program() -> str:
    """Give the path of the farmhand-worker that was installed with this program."""
    beside = Path(sys.argv[0]).resolve().parent / "farmhand-worker"
    return str(beside) if beside.exists() else "/usr/local/bin/farmhand-worker"


def _put(rendered: Rendered, folder: Path | None, *, headed: bool) -> None:
    if folder is None:
        print(f"# {rendered.path}\n{rendered.text}" if headed else rendered.text, end="\n" if headed else "")
        return
    target = folder / os.path.basename(rendered.path)
    try:
        target.write_text(rendered.text, encoding="utf-8")
    except OSError as problem:
        raise BadConfig(
            str(target), 0, "", f"it cannot be written: {problem.strerror}", "name another folder"
        ) from None
    print(target)


def _check(arguments: argparse.Namespace) -> int:
    worst = 0
    for path in arguments.files:
        report = check(str(path), read_text(path))
        notices = [*report.warnings, *report.kept]
        for line in [report.error, *notices] if report.error else notices:
            print(line)
        if report.error:
            worst = BAD_INPUT
        elif not notices:
            print(f"{path}: {', '.join(service.name for service in report.services)}: nothing to say against it")
    return worst


def _schema(arguments: argparse.Namespace) -> int:
    print(json.dumps(schema.build(), indent=2, ensure_ascii=False))
    return 0


def _directives(arguments: argparse.Namespace) -> int:
    for name in arguments.names or directives.DIRECTIVES:
        if name not in directives.DIRECTIVES:
            raise BadValue(f"{name}: Farmhand does not act on it", directives.suggest(name))
        row = directives.DIRECTIVES[name]
        print(f"[{row.section}] {name}= ({row.kind.what}): {row.help}")
    return 0
