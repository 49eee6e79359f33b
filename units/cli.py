"""farmhand-units: writes, checks and explains service definitions."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from . import directives, schema
from .check import check
from .commands import compare, render
from .commands.source import tell
from .errors import BadConfig, BadValue
from .files import read_text

BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; give its exit code: 0, 1 for losses under --strict, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (BadConfig, BadValue) as bad:
        text = str(bad) if isinstance(bad, BadConfig) else f"{bad.problem}; {bad.hint}"
        tell(text)
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="farmhand-units",
        description="Write, check and compare the service definitions of Farmhand, systemd and other service managers.",
        epilog="Exit codes: 0 done, 1 something was lost and --strict given, 2 bad input.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    render.add_render(commands.add_parser("render", help="write services for another service manager"))
    render.add_convert(commands.add_parser("convert", help="take services from one service manager to another"))
    compare.add(commands.add_parser("compare", help="say what each service manager would do with a service"))
    checking = commands.add_parser("check", help="say what is wrong with service files")
    checking.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a .service file or Farmhand's YAML")
    checking.set_defaults(run=_check)
    commands.add_parser("schema", help="print the JSON Schema of Farmhand's YAML").set_defaults(run=_schema)
    listing = commands.add_parser("directives", help="list the directives that Farmhand acts on")
    listing.add_argument("names", nargs="*", metavar="NAME", help="only these")
    listing.set_defaults(run=_directives)
    return parser


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
