"""farmhand-units render and convert: services for another service manager."""

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from .. import present, recipe
from ..definition import Source
from ..dialect import Dialect, Scope, Target, Way
from ..dialects.table import DIALECTS
from ..errors import BadConfig, BadValue
from ..files import read_text
from ..recipe import Recipe
from ..render import render
from ..rendered import File, Rendered, grouped
from . import source


def add_render(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write each service of FILE, or the unit of one worker. FILE is Farmhand's YAML, a .service file or a worker's "
        "configuration; the options below FILE describe a worker and win over what its configuration says."
    )
    parser.add_argument("dialect", choices=DIALECTS, help="whose format to write")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="what to read")
    _add_options(parser)
    source.add_worker_options(parser)
    parser.set_defaults(run=_render)


def add_convert(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write the services of another service manager's FILE for yet another, or for Farmhand."
    readable = [name for name, row in DIALECTS.items() if row.read]
    parser.add_argument("file", type=Path, metavar="FILE", help="what to read")
    parser.add_argument("--to", choices=DIALECTS, default="farmhand", help="whose format to write (default: farmhand)")
    parser.add_argument("--from", choices=readable, dest="origin", help="whose FILE is (default: as its name tells)")
    _add_options(parser)
    parser.set_defaults(run=_convert)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="write files there, not to standard output")
    parser.add_argument("--strict", action="store_true", help="fail (1) if something cannot be expressed")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Take the options that say which service is written, and for whom."""
    parser.add_argument("--service", metavar="NAME", help="write only this service of FILE")
    parser.add_argument("--instance", metavar="NAME", help="write this instance of a template")
    parser.add_argument("--way", choices=get_args(Way), help="let the manager run the service, or Farmhand under it")
    parser.add_argument("--as", dest="variant", metavar="VARIANT", help="such as drop-in, agent or deployment")
    parser.add_argument("--scope", choices=get_args(Scope), default="system", help="for the machine, or for one user")
    parser.add_argument("--farmhand", metavar="PATH", help="where `farmhand` is on that machine")
    parser.add_argument("--image", help="what a container is made of")
    parser.add_argument(
        "--systemd-version", type=int, metavar="N", help="say nothing that is newer (default: as the one here)"
    )


def _render(arguments: argparse.Namespace) -> int:
    dialect = DIALECTS[arguments.dialect]
    return _write(arguments, source.of(arguments, dialect), dialect)


def _convert(arguments: argparse.Namespace) -> int:
    dialect = DIALECTS[arguments.origin] if arguments.origin else None
    path = str(arguments.file)
    found = source.read(path, read_text(arguments.file), dialect=dialect, instance=arguments.instance)
    return _write(arguments, found, DIALECTS[arguments.to])


def target_of(arguments: argparse.Namespace, dialect: Dialect) -> Target:
    """Return whom a definition is for; raises BadValue for a variant that the dialect has not."""
    variant = arguments.variant or dialect.variants[0]
    if variant not in dialect.variants:
        raise BadValue(f'--as: {dialect.title} has no "{variant}"', f"there are {', '.join(dialect.variants)}")
    version = arguments.systemd_version or (present.systemd_version() if dialect.name == "systemd" else None)
    given = {"image": arguments.image, "version": version}
    return Target(
        scope=arguments.scope,
        variant=variant,
        farmhand=arguments.farmhand or source.installed("farmhand", dialect),
        **{name: value for name, value in given.items() if value is not None},
    )


def _write(arguments: argparse.Namespace, found: Source, dialect: Dialect) -> int:
    found = source.chosen(found, arguments.service)
    target = target_of(arguments, dialect)
    written = written_of(found, dialect, target, arguments.way)
    files = [file for rendered in written for file in rendered.files]
    if arguments.output is None:
        _print(files)
    else:
        for name, file in _named(files):
            _put(arguments.output / name, file)
    told = told_of(found, written)
    for line in told:
        source.tell(line)
    return 1 if told and arguments.strict else 0


def written_of(found: Source, dialect: Dialect, target: Target, way: Way | None) -> list[Rendered]:
    """Write all services; that of a worker carries what it takes to make it again."""
    if found.worker is not None:
        return [recipe.make(Recipe(found.worker, dialect, way, target)).rendered]
    return [render(dialect, one, target, way) for one in found.definitions]


def told_of(found: Source, written: Sequence[Rendered]) -> list[str]:
    """Say what is lost on the way from a file to definitions."""
    lost = (f"{rendered.path}: {loss}" for rendered in written for loss in grouped(rendered.losses))
    return [*map(str, found.notices), *map(str, found.losses), *lost]


def _print(files: Sequence[File]) -> None:
    for file in files:
        print(f"# {file.path}\n{file.text}" if len(files) > 1 else file.text, end="\n" if len(files) > 1 else "")


def _named(files: Sequence[File]) -> Iterator[tuple[str, File]]:
    """Give each file its name in a folder: its own, after that of its folder where two would have the same."""
    names = Counter(_parts(file)[1] for file in files)
    for file in files:
        folder, name = _parts(file)
        yield (name if names[name] == 1 else f"{folder}/{name}"), file


def _parts(file: File) -> tuple[str, str]:
    folder, _, name = file.path.replace("\\", "/").rpartition("/")
    return folder.rpartition("/")[2], name


def _put(path: Path, file: File) -> None:
    try:
        if path.parent.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
        os.chmod(path, file.mode)
    except OSError as problem:
        raise BadConfig(str(path), 0, "", f"it cannot be written: {problem.strerror}", "name another folder") from None
    print(path)
