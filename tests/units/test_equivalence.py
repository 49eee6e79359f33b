"""What the equivalence report foretells is what the real service managers do: each played with a scripted process."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from managers import plays, room
from managers.plays import Cell, Seen
from managers.programs import FARMHAND, PROGRAMS, Job

from farmhand.units.compare import EVENTS, Answer, compare
from farmhand.units.definition import Definition, made
from farmhand.units.dialect import EVENT_NAMES, Dialect, Target, Way
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.render import render
from farmhand.units.spec import Command, Service, StatusSet
from farmhand.units.variables import literal

TARGET = Target(farmhand=str(FARMHAND))
# Short pauses, and something that each manager can do and another cannot.
POLICIES = (
    Service(
        "worker",
        type="notify",
        timeout_start_sec=2.0,
        restart="on-failure",
        restart_sec=1.0,
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
        restart_sec=2.0,
        restart_force_exit_status=StatusSet(frozenset({2}), frozenset({"SIGTERM"})),
        start_limit_interval_sec=0.0,
        timeout_stop_sec=2.0,
    ),
    # What Flamenco's manual says of a worker, but for a stop of a minute and a half.
    Service(
        "flamenco",
        restart="on-failure",
        restart_force_exit_status=StatusSet(frozenset({47})),
        timeout_stop_sec=2.0,
        nice=19,
        cpu_scheduling_policy="idle",
    ),
)
# It starts a service again at the next turn of its loop, which is within a second.
AT_MOST = ("supervisord",)
_AT_A_TIME = 4
WAYS: tuple[tuple[str, Way], ...] = (
    *((name, "native") for name in PROGRAMS),
    *((name, "supervised") for name in PROGRAMS if name != "farmhand"),
)


def cells_of(policy: Service, dialect: Dialect, child: Path, folder: Path) -> dict[str, tuple[Cell, Definition]]:
    """Make a service for each event that is marked as checked; it is then the one thing that happens to it."""
    found = {}
    for event in sorted(frozenset[str]().union(*dialect.checked.values())):
        name = f"{policy.name}-{event.replace(' ', '-')}"
        cell = Cell(name, event, folder / name)
        cell.prepare()
        words = (str(child), str(cell.folder), "main")
        found[name] = cell, made(replace(policy, name=name, exec_start=(Command(tuple(map(literal, words))),)))
    return found


@dataclass(frozen=True)
class Played:
    """What was foretold of each service, what came of it, and what the manager itself says of it, if it does."""

    told: Mapping[str, tuple[Answer, str]]
    seen: Mapping[str, Seen]
    states: Mapping[str, str]
    version: str


def wrong(name: str, found: Played) -> dict[str, str]:
    """Return what came otherwise than foretold, by service."""
    failed = {each: found.told[each][0].failed and not found.told[each][0].up for each in found.told}
    strange = [each for each, state in found.states.items() if (state == "failed") != failed[each]]
    differ = [each for each in found.told if not agrees(name, found.seen[each], *found.told[each])]
    return {each: f"{found.seen[each]}, {found.states.get(each)}, but {found.told[each]}" for each in differ + strange}


def played(name: str, way: Way, child: Path, folder: Path) -> Played:
    """Play all events; what went otherwise once more, for a busy machine is late."""
    found = play(name, way, child, folder, lambda each: True)
    if odd := wrong(name, found):
        return play(name, way, child, folder / "again", lambda each: each in odd)
    return found


def play(name: str, way: Way, child: Path, folder: Path, asked: Callable[[str], bool]) -> Played:
    folder.mkdir(exist_ok=True)
    dialect = DIALECTS[name]
    cells = {}
    for policy in POLICIES if way == "native" else POLICIES[:1]:
        cells |= cells_of(policy, dialect, child, folder / "cells")
    cells = {each: cell for each, cell in cells.items() if asked(each)}
    told = {each: foretold(dialect, definition, way, cell.event) for each, (cell, definition) in cells.items()}
    # systemd shares the machine's files, so Farmhand's own is not where it would be.
    target = replace(TARGET, config_folder=f"{folder}/") if name == "systemd" else TARGET
    jobs = [job(dialect, definition, way, target) for _, definition in cells.values()]
    awaited = {each: (answer.up, answer.starts) for each, (answer, _) in told.items()}
    with PROGRAMS[name](jobs, folder) as manager:
        seen = plays.play([cell for cell, _ in cells.values()], manager.stop, awaited)
        states = {each: manager.state(each) for each in cells} if manager.state and way == "native" else {}
    return Played(told, seen, states, manager.version)


@pytest.fixture(scope="module")
def plays_of_all(
    request: pytest.FixtureRequest, child: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[tuple[str, Way], Future[Played]]]:
    """Play all that is asked for at once: most of it is waiting."""
    mine = [item for item in request.session.items if item.parent is request.node]
    asked = {
        item.callspec.params["which"]
        for item in mine
        if isinstance(item, pytest.Function) and "which" in item.fixturenames
    }
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        yield {which: pool.submit(played, *which, child, tmp_path_factory.mktemp("-".join(which))) for which in asked}


@room.needed
@pytest.mark.parametrize("which", WAYS, ids=", ".join)
def test_what_happens_is_what_was_foretold(
    which: tuple[str, Way], plays_of_all: Mapping[tuple[str, Way], Future[Played]]
) -> None:
    found, name = plays_of_all[which].result(), which[0]
    assert not wrong(name, found)
    if found.version not in DIALECTS[name].checked:
        warnings.warn(f"{name} {found.version} does as foretold, and is not in Dialect.checked", stacklevel=1)


def test_what_is_marked_as_checked_is_what_is_played_here() -> None:
    assert {name for name, dialect in DIALECTS.items() if dialect.checked} == set(PROGRAMS)
    assert EVENT_NAMES == set(EVENTS) == set(plays.SCRIPTS)


def foretold(dialect: Dialect, definition: Definition, way: Way, event: str) -> tuple[Answer, str]:
    """Return what the report says; a service that cannot hang at its start is just there."""
    column = compare(definition, [dialect], TARGET, way).columns[0]
    answer = column.answers[event]
    return Answer(up=True, starts=1) if answer.impossible else answer, column.left


def job(dialect: Dialect, definition: Definition, way: Way, target: Target) -> Job:
    written = render(dialect, definition, target, way)
    return Job(definition.name, written.files, dialect.commands(definition.written, target))


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
