"""Which workers a command is for: those named, or those that filters mean, as on the Workers page."""

import argparse
from collections.abc import Mapping, Sequence

from ...units.errors import BadValue
from ..rules.finding import FILTERS, Filter, Kind
from . import named
from .report import Json

# The page tells apart what awake workers do; scripts may not care.
STATUSES: Mapping[str, Sequence[str]] = {
    "awake": ("working", "draining", "idle"),
    **{name: (name,) for name in FILTERS["status"].values},
}

_METAVARS = {"text": "TEXT", "silent": "SPAN", "platform": "NAME"}


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the filters of the Workers page; given several times, any of their values will do."""
    group = parser.add_argument_group("filters")
    for each in FILTERS.values():
        _add(group, each)


def _add(group: argparse._ArgumentGroup, it: Filter) -> None:
    option, metavar = f"--{it.name.replace('_', '-')}", _METAVARS.get(it.name, it.name.upper())
    words = tuple(STATUSES) if it.name == "status" else it.values
    help = f"{it.help}: {', '.join(words)}" if words else it.help
    match it.kind:
        case Kind.FLAG:
            group.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
        case Kind.WORDS:
            choices = words or None
            group.add_argument(option, action="append", default=[], choices=choices, metavar=metavar, help=help)
        case Kind.TEXT | Kind.SPAN:
            group.add_argument(option, default="", metavar=metavar, help=help)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add names and filters, of which one has to be given."""
    parser.add_argument("workers", nargs="*", metavar="WORKER", help="a worker's name or id")
    add_filters(parser)
    parser.add_argument("--all", action="store_true", help="all workers")


def query(options: argparse.Namespace) -> dict[str, object]:
    """Return the filters as the API takes them; none are nothing."""
    said = {name: getattr(options, name) for name in FILTERS}
    said["status"] = [state for status in options.status for state in STATUSES[status]]
    return {name: _word(value) for name, value in said.items() if value not in ("", None, [])}


def _word(value: object) -> object:
    """Write yes and no as JSON does, which is how the address of a call has them."""
    return str(value).lower() if isinstance(value, bool) else value


def chosen(options: argparse.Namespace) -> list[Json]:
    """Return the workers that a command is for; raises BadValue where that is nobody, or not clear."""
    filters = query(options)
    if sum(map(bool, (options.workers, filters, options.all))) != 1:
        problem = (
            "it is not said which workers"
            if not (options.workers or filters or options.all)
            else ("workers are named and filtered at once")
        )
        raise BadValue(problem, "name some, or filter with --status, --tag and the like, or say --all")
    found = named.workers(options.manager, filters)
    if options.workers:
        return named.several(found, options.workers, "worker")
    if not found:
        raise BadValue("no worker is like that", "see farmhand-manager workers list")
    return found
