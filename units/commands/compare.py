"""farmhand-units compare: what each service manager would do, event by event."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from ..compare import EVENTS, Answer, Column, Comparison, compare
from ..dialect import Target, Way
from ..dialects.table import DIALECTS
from . import source


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
    found = source.chosen(source.of(arguments), arguments.service)
    rows = [DIALECTS[name] for name in arguments.to or DIALECTS]
    target = Target(farmhand=source.installed("farmhand"))
    compared = [compare(one, rows, target, arguments.way) for one in found.definitions]
    if arguments.json:
        print(json.dumps([_as_data(each) for each in compared], indent=2))
    else:
        print("\n\n".join("\n".join(lines(each)) for each in compared))
    return int(any(not _same(each, column, name) for each in compared for column in each.columns for name in EVENTS))


def _same(compared: Comparison, column: Column, event: str) -> bool:
    return column.answers[event].same(compared.policy[event])


def lines(compared: Comparison) -> Iterator[str]:
    """Give the report: a table, and below it in words what differs."""
    heads = [
        "",
        "policy",
        *(f"{column.dialect.name}{' +' if column.way == 'supervised' else ''}" for column in compared.columns),
    ]
    rows = [
        [name, compared.policy[name].words, *(_cell(compared, column, name) for column in compared.columns)]
        for name in EVENTS
    ]
    rows.append(["left behind", compared.left, *(_left(compared, column) for column in compared.columns)])
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    yield f"{compared.service.name}:"
    for row in (heads, *rows):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield "+ with Farmhand under it; ! not what the policy says; * played on a machine with the real program"
    yield from _differences(compared)


def _head(column: Column) -> str:
    return f"{column.dialect.name} +" if column.way == "supervised" else column.dialect.name


def _cell(compared: Comparison, column: Column, event: str) -> str:
    marks = ("" if _same(compared, column, event) else " !") + (" *" if event in column.checked else "")
    return column.answers[event].words + marks


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
