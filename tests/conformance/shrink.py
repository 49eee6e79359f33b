"""Makes a scenario that differs small: what can go without the difference going, goes.

Nothing is played here: `shrink` is told how to find out in which fields scenarios still differ.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from player import Scenario

T = TypeVar("T")
Edit = Callable[[Scenario], Scenario]
# For each of some scenarios the fields in which it differs, by id.
Differing = Callable[[Sequence[Scenario]], Mapping[str, frozenset[str]]]

_ROUNDS = 10
_NEEDED = ("[Unit]", "[Service]", "DefaultDependencies=no")
_PLAIN = {"sleep 600": "sleep 300", "exit 47": "exit 1", "exit 3": "exit 1", "exit 7": "exit 1"}


def shrink(scenarios: Sequence[Scenario], differing: Differing) -> dict[str, Scenario]:
    """Return for each scenario, by its id, the smallest found that still differs in one of the same fields.

    All are made smaller side by side: a round plays every way of leaving out one thing, then all that could go alone
    at once; where that is too much, only one of them goes.
    """
    wanted = differing(scenarios)
    small = {each.id: each for each in scenarios if wanted.get(each.id)}
    busy = dict(small)
    for number in range(_ROUNDS):
        ways = {name: _named(each, number, edits(each)) for name, each in busy.items()}
        found = differing([each for named in ways.values() for each, _ in named])
        alone = {
            name: [(each, edit) for each, edit in named if wanted[name] & found.get(each.id, frozenset())]
            for name, named in ways.items()
        }
        busy = {name: _all(busy[name], number, able) for name, able in alone.items() if able}
        if not busy:
            break
        found = differing(list(busy.values()))
        for name, each in busy.items():
            if not wanted[name] & found.get(each.id, frozenset()):
                busy[name] = min((one for one, _ in alone[name]), key=size)
        small |= busy
    return small


def _named(scenario: Scenario, number: int, ways: Iterator[Edit]) -> list[tuple[Scenario, Edit]]:
    made = ((edit, edit(scenario)) for edit in ways)
    return [
        (_called(smaller, f"{_root(scenario)}/{number}.{index}"), edit)
        for index, (edit, smaller) in enumerate(made)
        if smaller != scenario
    ]


def _all(scenario: Scenario, number: int, able: Sequence[tuple[Scenario, Edit]]) -> Scenario:
    for _, edit in reversed(able):  # the last first: so the places of the others stay what they were
        scenario = edit(scenario)
    return _called(scenario, f"{_root(scenario)}/{number}.all")


def _called(scenario: Scenario, id: str) -> Scenario:
    """Return it by another id; an instance is one of another template then, for all are played side by side."""
    template, at, instance = scenario.named.partition("@")
    return replace(scenario, id=id, named=f"{re.sub('[/.]', '-', id)}@{instance}" if at else template)


def _root(scenario: Scenario) -> str:
    return "/".join(scenario.id.split("/")[:3])


def size(scenario: Scenario) -> int:
    return len(f"{scenario.unit}{scenario.script}{scenario.commands}")


def edits(scenario: Scenario) -> Iterator[Edit]:
    """Yield every way of leaving one thing out, or of making it plainer."""
    for line in () if isinstance(scenario.unit, str) else scenario.unit:
        if line not in _NEEDED:
            yield lambda it, line=line: replace(it, unit=_without(it.unit, line))  # type: ignore[misc]
        if line.startswith("Exec") and line != _plain(line):
            yield lambda it, line=line: replace(it, unit=_changed(it.unit, line, _plain(line)))  # type: ignore[misc]
    for role, runs in scenario.script.items():
        yield lambda it, role=role: _with_runs(it, role, ())  # type: ignore[misc]
        for number, run in enumerate(runs):
            if len(runs) > 1:
                yield lambda it, role=role, run=run: _with_runs(it, role, _without(it.script.get(role, ()), run))  # type: ignore[misc]
            for act in run:
                yield lambda it, role=role, n=number, act=act: _with_act(it, role, n, act, None)  # type: ignore[misc]
                if act in _PLAIN:
                    yield lambda it, role=role, n=number, act=act: _with_act(it, role, n, act, _PLAIN[act])  # type: ignore[misc]
    for command in scenario.commands[1:]:
        yield lambda it, command=command: replace(it, commands=_without(it.commands, command))  # type: ignore[misc]
    for item in scenario.observe:
        yield lambda it, item=item: replace(it, observe=_without(it.observe, item))  # type: ignore[misc]


def _without(items: Sequence[T], gone: T) -> tuple[T, ...]:
    """Leave out the first that is equal, if there is one."""
    at = next((index for index, item in enumerate(items) if item == gone), len(items))
    return (*items[:at], *items[at + 1 :])


def _changed(items: Sequence[T], old: T, new: T) -> tuple[T, ...]:
    return tuple(new if item == old else item for item in items)


def _plain(line: str) -> str:
    """Return an Exec… line without its prefixes."""
    key, _, command = line.partition("=")
    return f"{key}=@child@ {command.split()[-1]}"


def _with_runs(scenario: Scenario, role: str, runs: Sequence[Sequence[str]]) -> Scenario:
    others = {name: given for name, given in scenario.script.items() if name != role}
    return replace(scenario, script={**others, **({role: runs} if runs else {})})


def _with_act(scenario: Scenario, role: str, number: int, act: str, instead: str | None) -> Scenario:
    runs = list(scenario.script.get(role, ()))
    if number < len(runs):
        runs[number] = _without(runs[number], act) if instead is None else _changed(runs[number], act, instead)
    return _with_runs(scenario, role, runs)


def told(scenario: Scenario) -> str:
    """Write a scenario for people: unit file, script, commands."""
    acts = [
        f"{role}, start {n}: {'; '.join(run)}"
        for role, runs in scenario.script.items()
        for n, run in enumerate(runs, 1)
    ]
    commands = [f"{at} ms: {words}" for at, words in scenario.commands]
    return "\n".join(
        f"    {line}" for line in (*scenario.unit_text.splitlines(), "", *acts, *commands, f"{scenario.until} ms: look")
    )
