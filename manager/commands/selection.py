"""Which workers a command is for: those named, or those that filters mean, as on the Workers page."""

import argparse
from collections.abc import Mapping, Sequence

from ...units.errors import BadValue
from . import named
from .report import Json

# The page tells apart what awake workers do; scripts may not care.
STATUSES: Mapping[str, Sequence[str]] = {
    "awake": ("working", "draining", "idle"),
    **{name: (name,) for name in ("working", "draining", "idle", "asleep", "starting", "offline", "error")},
}


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the filters; given several times, any of their values will do."""
    group = parser.add_argument_group("filters")
    group.add_argument(
        "--status",
        action="append",
        default=[],
        choices=STATUSES,
        metavar="STATUS",
        help=f"one of {', '.join(STATUSES)}",
    )
    group.add_argument("--tag", action="append", default=[], metavar="TAG", help="has this tag, by its name or id")
    group.add_argument("--platform", action="append", default=[], metavar="NAME", help="linux, windows or darwin")
    group.add_argument("--text", default="", metavar="TEXT", help="has it in its name, address or id")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add names and filters, of which one has to be given."""
    parser.add_argument("workers", nargs="*", metavar="WORKER", help="a worker's name or id")
    add_filters(parser)
    parser.add_argument("--all", action="store_true", help="all workers")


def query(options: argparse.Namespace) -> dict[str, object]:
    """Return the filters as the API takes them; none are nothing."""
    statuses = [state for status in options.status for state in STATUSES[status]]
    said = {"status": statuses, "tag": options.tag, "platform": options.platform, "text": options.text}
    return {name: value for name, value in said.items() if value}


def chosen(options: argparse.Namespace) -> list[Json]:
    """Return the workers that a command is for; raises BadValue where that is nobody, or not clear."""
    filters = query(options)
    if sum(map(bool, (options.workers, filters, options.all))) != 1:
        problem = (
            "it is not said which workers"
            if not (options.workers or filters or options.all)
            else ("workers are named and filtered at once")
        )
        raise BadValue(problem, "name some, or filter with --status, --tag, --platform or --text, or say --all")
    found = named.workers(options.manager, filters)
    if options.workers:
        return named.several(found, options.workers, "worker")
    if not found:
        raise BadValue("no worker is like that", "see farmhand-manager workers list")
    return found
