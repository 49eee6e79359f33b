"""farmhand-units: writes, checks and explains service definitions."""

import argparse
import json
from collections.abc import Sequence

from . import directives, schema
from .commands import check, compare, install, render, status
from .commands.source import tell
from .errors import BadConfig, BadValue

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
    check.add(commands.add_parser("check", help="say what is wrong with service files, and what mends it"))
    install.add_install(commands.add_parser("install", help="have a service manager start services, now and always"))
    install.add_uninstall(commands.add_parser("uninstall", help="stop services, and take them away"))
    status.add_diff(commands.add_parser("diff", help="show how what is installed differs from what would be"))
    status.add_status(commands.add_parser("status", help="say whether services are installed, unchanged and running"))
    commands.add_parser("schema", help="print the JSON Schema of Farmhand's YAML").set_defaults(run=_schema)
    listing = commands.add_parser("directives", help="list the directives that Farmhand acts on")
    listing.add_argument("names", nargs="*", metavar="NAME", help="only these")
    listing.set_defaults(run=_directives)
    return parser


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
