"""farmhand-units compare: what each service manager would do, event by event."""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import get_args

from ..compare import EVENTS, Answer, Column, Comparison, compare
from ..dialect import Target, Way
from ..dialects.table import DIALECTS
from . import source

_BETWEEN = 2  # spaces between columns
_WIDE = 160  # characters of a line that is not for a terminal


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say what each service manager will do with each service of FILE when it exits, crashes, hangs or is asked to "
        "stop: ! where that differs from the policy, * where a machine has played it with the real program."
    )
    parser.epilog = "Exit codes: 0 all do the same, 1 some differ, 2 bad input."
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a unit, Farmhand's YAML, or another's file")
    parser.add_argument("--service", metavar="NAME", help="only this service of FILE")
    parser.add_argument("--instance", metavar="NAME", help="this instance of a template")
    parser.add_argument("--to", nargs="+", choices=DIALECTS, metavar="DIALECT", help="only these service managers")
    parser.add_argument("--way", choices=get_args(Way), help="only natively, or only with Farmhand under the manager")
    parser.add_argument("--json", action="store_true", help="print it for programs")
    source.add_worker_options(parser)
    parser.set_defaults(run=_compare)


def _compare(arguments: argparse.Namespace) -> int:
    found = source.chosen(source.of(arguments, DIALECTS["farmhand"]), arguments.service)
    rows = [DIALECTS[name] for name in arguments.to or DIALECTS]
    target = Target(farmhand=source.installed("farmhand", DIALECTS["farmhand"]))
    compared = [compare(one, rows, target, arguments.way) for one in found.definitions]
    if arguments.json:
        print(json.dumps([_as_data(each) for each in compared], indent=2))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
        print("\n\n".join("\n".join(lines(each, width)) for each in compared))
    return int(any(not _same(each, column, name) for each in compared for column in each.columns for name in EVENTS))


def _same(compared: Comparison, column: Column, event: str) -> bool:
    return column.answers[event].same(compared.policy[event])


def lines(compared: Comparison, width: int) -> Iterator[str]:
    """Give the report: tables of at most so many characters in a line, and below them in words what differs."""
    yield f"{compared.service.name}:"
    events = ["", *EVENTS, "left behind"]
    policy = ["policy", *(compared.policy[name].words for name in EVENTS), compared.left]
    columns = [_told(compared, column) for column in compared.columns]
    while columns:
        fitting = max(1, _fitting([events, policy, *columns], width) - 2)
        yield from (line.rstrip() for line in _table([events, policy, *columns[:fitting]]))
        yield ""
        columns = columns[fitting:]
    yield "+ with Farmhand under it; ! not what the policy says; * such an event was played with the real program"
    yield from _differences(compared)


def _told(compared: Comparison, column: Column) -> list[str]:
    """Give a column from its head down."""
    return [_head(column), *(_cell(compared, column, name) for name in EVENTS), _left(compared, column)]


def _fitting(columns: Sequence[Sequence[str]], width: int) -> int:
    """Say how many of the columns fit into so many characters."""
    ends = accumulate(max(map(len, column)) + _BETWEEN for column in columns)
    return sum(end - _BETWEEN <= width for end in ends)


def _table(columns: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) + _BETWEEN for column in columns]
    rows = zip(*columns, strict=True)
    return ("".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)


def _head(column: Column) -> str:
    return f"{column.dialect.name} +" if column.way == "supervised" else column.dialect.name


def _cell(compared: Comparison, column: Column, event: str) -> str:
    answer = column.answers[event]
    played = event in column.checked and not answer.impossible
    return answer.words + ("" if _same(compared, column, event) else " !") + (" *" if played else "")


def _left(compared: Comparison, column: Column) -> str:
    return column.left if column.left == compared.left else f"{column.left} !"


def _differences(compared: Comparison) -> Iterator[str]:
    for column in compared.columns:
        for name in EVENTS:
            if not _same(compared, column, name):
                policy, there = compared.policy[name], column.answers[name]
                yield f"{column.dialect.name}: {name}: {_said(there)}; by the policy: {_said(policy)}"


def _said(answer: Answer) -> str:
    return f"{answer.words} ({answer.impossible or answer.why})"


def _as_data(compared: Comparison) -> dict[str, object]:
    return {
        "service": compared.service.name,
        "policy": {name: asdict(answer) for name, answer in compared.policy.items()},
        "managers": [
            {
                "name": column.dialect.name,
                "way": column.way,
                "left_behind": column.left,
                "events": {
                    name: {
                        **asdict(answer),
                        "same": _same(compared, column, name),
                        "checked": name in column.checked,
                    }
                    for name, answer in column.answers.items()
                },
            }
            for column in compared.columns
        ],
    }
