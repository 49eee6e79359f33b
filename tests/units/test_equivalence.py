"""What the equivalence report foretells is what the real service managers do: each played with a scripted process."""

import subprocess
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from managers import plays, room
from managers.plays import Cell, Seen
from managers.programs import FARMHAND, PROGRAMS, Job

from farmhand.units.compare import EVENTS, Answer, compare
from farmhand.units.definition import Definition, made
from farmhand.units.dialect import Dialect, Target, Way
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.render import render
from farmhand.units.spec import Command, Service, StatusSet
from farmhand.units.variables import literal

TARGET = Target(farmhand=str(FARMHAND))
CHILD = Path(__file__).parents[1] / "conformance/child.c"
# Short pauses, and something that each manager can do and another cannot.
POLICIES = (
    Service(
        "worker",
        type="notify",
        timeout_start_sec=2.0,
        restart="on-failure",
        restart_sec=2.0,
        restart_force_exit_status=StatusSet(frozenset({47})),
        success_exit_status=StatusSet(frozenset({47})),
        restart_prevent_exit_status=StatusSet(frozenset({78})),
        start_limit_interval_sec=0.0,
        timeout_stop_sec=2.0,
        kill_mode="mixed",
    ),
    Service(
        "limited",
        restart="always",
        restart_sec=1.0,
        start_limit_burst=3,
        start_limit_interval_sec=60.0,
        timeout_stop_sec=3.0,
        kill_signal="SIGINT",
        kill_mode="process",
    ),
    Service(
        "picky",
        restart="on-abnormal",
        restart_sec=1.0,
        restart_force_exit_status=StatusSet(frozenset({2}), frozenset({"SIGTERM"})),
        start_limit_interval_sec=0.0,
        timeout_stop_sec=2.0,
    ),
)
# It starts a service again at the next turn of its loop, which is within a second.
AT_MOST = ("supervisord",)
WAYS: tuple[tuple[str, Way], ...] = (
    *((name, "native") for name in PROGRAMS),
    *((name, "supervised") for name in PROGRAMS if name != "farmhand"),
)


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("child") / "child"
    subprocess.run(["cc", "-O2", "-static", "-o", program, CHILD], check=True)
    return program


def cells_of(policy: Service, child: Path, folder: Path) -> Mapping[str, tuple[Cell, Definition]]:
    """Make a service for each event, which is then the one thing that happens to it."""
    found = {}
    for event in EVENTS:
        name = f"{policy.name}-{event.replace(' ', '-')}"
        cell = Cell(name, event, folder / name)
        cell.prepare()
        words = (str(child), str(cell.folder), "main")
        found[name] = cell, made(replace(policy, name=name, exec_start=(Command(tuple(map(literal, words))),)))
    return found


@room.needed
@pytest.mark.parametrize(("name", "way"), WAYS, ids=[f"{name}, {way}" for name, way in WAYS])
def test_what_happens_is_what_was_foretold(name: str, way: Way, child: Path, tmp_path: Path) -> None:
    dialect = DIALECTS[name]
    pairs = {}
    for policy in POLICIES if way == "native" else POLICIES[:1]:
        pairs |= cells_of(policy, child, tmp_path / "cells")
    expected = {cell.name: foretold(dialect, definition, way, cell.event) for cell, definition in pairs.values()}
    jobs = [job(dialect, definition, way) for _, definition in pairs.values()]
    awaited = {name: (answer.up, answer.starts) for name, (answer, _) in expected.items()}
    with PROGRAMS[name](jobs, tmp_path) as manager:
        seen = plays.play([cell for cell, _ in pairs.values()], manager.stop, awaited)
    wrong = [
        f"{name}: {seen[name]}, but {told}"
        for name, told in expected.items()
        if not agrees(dialect.name, seen[name], *told)
    ]
    assert not wrong, "\n".join(wrong)


def foretold(dialect: Dialect, definition: Definition, way: Way, event: str) -> tuple[Answer, str]:
    """Return what the report says; a service that cannot hang at its start is just there."""
    column = compare(definition, [dialect], TARGET, way).columns[0]
    answer = column.answers[event]
    return Answer(up=True, starts=1) if answer.impossible else answer, column.left


def job(dialect: Dialect, definition: Definition, way: Way) -> Job:
    written = render(dialect, definition, TARGET, way)
    return Job(definition.name, written.files, dialect.commands(definition.written, TARGET))


def agrees(name: str, seen: Seen, answer: Answer, left: str) -> bool:
    as_told = (seen.up, seen.starts) == (answer.up, answer.starts)
    return as_told and seen.left == left_by(answer, left) and (not answer.up or in_time(name, seen.after, answer))


def left_by(answer: Answer, left: str) -> str:
    """Say what becomes of another process: as long as the main one goes on, so does it."""
    return "run on" if answer.after is None else left


def in_time(name: str, after: float | None, answer: Answer) -> bool:
    """Compare to half a second for each start, for some managers count in whole seconds."""
    if after is None or answer.after is None:
        return after is None and answer.after is None
    early = answer.after if name in AT_MOST else 0
    return -early < after - answer.after + 0.5 * answer.starts and after - answer.after < 0.5 * answer.starts
