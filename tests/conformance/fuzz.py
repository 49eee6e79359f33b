#!/usr/bin/env python3
"""Plays random scenarios under Farmhand and the real systemd; says where they differ, each with a small reproduction.

The same seed and numbers are the same scenarios. Exit code 1 if anything differs; needs root, for systemd's sake.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import fuzz_relations  # noqa: E402
import generate  # noqa: E402
import generate_near  # noqa: E402
import generate_texts  # noqa: E402
from player import FARMHAND, SYSTEMD, Boot, Difference, Outcome, Scenario, compare, play, write  # noqa: E402
from player.compare import settle  # noqa: E402
from player.stage import compiled, scratch  # noqa: E402
from shrink import shrink, told  # noqa: E402

GENERATORS: Mapping[str, Callable[[int, int], Scenario]] = {
    "life": generate.scenario,
    "text": generate_texts.scenario,
    "near": generate_near.scenario,
}
_AT_A_TIME, _AGAIN_AT_A_TIME = 8, 4
_AGAIN_LATER = (0, 75)  # milliseconds
_LONGEST = 400  # characters of a value


@dataclass(frozen=True)
class Duel:
    """Who plays against whom. at_a_time: scenarios side by side, on each side."""

    judge: Boot = SYSTEMD
    rival: Boot = FARMHAND
    at_a_time: int = _AT_A_TIME

    def play(self, scenarios: Sequence[Scenario], at_a_time: int) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        compiled(scratch())  # before two want to at once
        with ThreadPoolExecutor(2) as pool:
            sides = [pool.submit(play, scenarios, boot, at_a_time=at_a_time) for boot in (self.judge, self.rival)]
            return sides[0].result(), sides[1].result()

    def differing(self, scenarios: Sequence[Scenario]) -> Mapping[str, frozenset[str]]:
        """Return in which fields scenarios differ when played once."""
        expected, got = self.play(scenarios, self.at_a_time) if scenarios else ({}, {})
        found = {name: differences(expected[name], got[name]) for name in got if "error" not in expected[name]}
        return {name: frozenset(each.field for each in wrong) for name, wrong in found.items()}

    def confirmed(self, scenarios: Sequence[Scenario]) -> dict[str, list[Difference]]:
        """Return what differs each time, with little company and also a moment later, and what systemd does alike."""
        if not scenarios:
            return {}
        later = [[replace(each, until=each.until + delay) for each in scenarios] for delay in _AGAIN_LATER]
        plays = [self.play(each, _AGAIN_AT_A_TIME) for each in later]
        found = {}
        for name in (each.id for each in scenarios):
            expected = settle([judged[name] for judged, _ in plays])
            each = [{one.field: one for one in differences(expected, got[name])} for _, got in plays]
            lasting = [one for field, one in each[0].items() if all(field in other for other in each)]
            if lasting and "error" not in expected:
                found[name] = lasting
        return found


def differences(expected: Outcome, got: Outcome) -> list[Difference]:
    """Compare, but for what tells nothing: which of two that started together was first, and what a bad unit shows."""
    found = compare(expected, got)
    if [each.field for each in found] == ["order"] and sorted(expected.get("order", ())) == sorted(got["order"]):
        return []
    if expected["final"].get("LoadState", "loaded") != "loaded":
        return [each for each in found if not each.field.startswith("props.")]
    return found


def main() -> int:
    arguments = parser().parse_args()
    if arguments.about == "relations":
        return fuzz_relations.run(arguments)
    numbers = range(arguments.first, arguments.first + arguments.n)
    scenarios = [GENERATORS[arguments.about](arguments.seed, number) for number in numbers]
    duel = Duel(at_a_time=arguments.at_a_time)
    found, suspects = hunt(duel, scenarios)
    wrong = [each for each in scenarios if each.id in found]
    counts = f"{len(scenarios)} scenarios, {suspects} played again, {len(wrong)} differ"
    print(f"seed {arguments.seed}, {arguments.about} {numbers.start} to {numbers.stop - 1}: {counts}", flush=True)
    small = shrink(wrong[: arguments.shrink], duel.differing)
    found |= duel.confirmed(list(small.values()))
    for scenario in wrong:
        least = small.get(scenario.id, scenario)
        print(describe(least, scenario.id, found.get(least.id, found[scenario.id])), flush=True)
    if arguments.out is not None:
        write(arguments.out, [small.get(each.id, each) for each in wrong])
    return 1 if wrong else 0


def hunt(duel: Duel, scenarios: Sequence[Scenario]) -> tuple[dict[str, list[Difference]], int]:
    """Return what differs for sure, by id, and how many scenarios were played again to know."""
    first = duel.differing(scenarios)
    suspects = [each for each in scenarios if first.get(each.id)]
    return duel.confirmed(suspects), len(suspects)


def describe(small: Scenario, name: str, differences: Sequence[Difference]) -> str:
    pairs = [(each.field, *_narrow(each.expected, each.got)) for each in differences]
    lines = (f"    {field}: systemd {_cut(expected)}, farmhand {_cut(got)}" for field, expected, got in pairs)
    return "\n".join((f"\n{name}", told(small), "", *lines))


def _narrow(expected: Any, got: Any) -> tuple[Any, Any]:
    """Leave out what is equal in both of two dicts."""
    if not (isinstance(expected, dict) and isinstance(got, dict)):
        return expected, got
    keys = [key for key in {**expected, **got} if expected.get(key) != got.get(key)]
    pairs = {key: _narrow(expected.get(key), got.get(key)) for key in keys}
    return {key: one for key, (one, _) in pairs.items()}, {key: other for key, (_, other) in pairs.items()}


def _cut(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("seed", type=int, help="a number; another one makes other scenarios")
    words.add_argument("n", type=int, help="how many scenarios")
    kinds = (*GENERATORS, "relations")
    words.add_argument("--about", choices=kinds, default="life", help="what they are about (default: life)")
    words.add_argument("--first", type=int, default=0, metavar="NUMBER", help="number of the first (default: 0)")
    words.add_argument("--at-a-time", type=int, default=_AT_A_TIME, metavar="N", help="side by side, on each side")
    words.add_argument("--shrink", type=int, default=8, metavar="N", help="how many to make small (default: 8)")
    words.add_argument("--out", type=Path, metavar="FILE", help="write the scenarios that differ, as JSON lines")
    return words


if __name__ == "__main__":
    sys.exit(main())
