"""Plays random stories of several services under Farmhand and the real systemd, and makes small what differs."""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import relations
from generate_relations import smaller, story
from relations import Story

Played = dict[str, dict[str, Any]]
_BATCH = 40  # stories of one boot
_BOOTS = 6


def run(arguments: argparse.Namespace) -> int:
    """Play what fuzz.py was asked for; exit code 1 if anything differs."""
    numbers = range(arguments.first, arguments.first + arguments.n)
    told = [story(arguments.seed, number) for number in numbers]
    suspects = [each for at in range(0, len(told), _BATCH) for each in _differing(told[at : at + _BATCH])]
    wrong = [each for each in suspects if _settled(each)]
    counts = f"{len(told)} stories, {len(suspects)} played again, {len(wrong)} differ"
    print(f"seed {arguments.seed}, relations {numbers.start} to {numbers.stop - 1}: {counts}", flush=True)
    for each in wrong[: arguments.shrink]:
        print(_described(_shrunk(each)), flush=True)
    for each in wrong[arguments.shrink :]:
        print(_described(each), flush=True)
    return 1 if wrong else 0


def _play(told: Sequence[Story]) -> tuple[Played, Played]:
    """Play stories on both sides at once: what systemd makes of them, and what Farmhand does."""

    def on(stage: Any) -> Played:
        with tempfile.TemporaryDirectory(prefix="relations-") as folder, stage(told, Path(folder)) as prepared:
            return relations.play_all(prepared, list(told))

    with ThreadPoolExecutor(2) as pool:
        sides = [pool.submit(on, stage) for stage in (relations.systemd, relations.farmhand)]
        return sides[0].result(), sides[1].result()


def _differing(told: Sequence[Story]) -> list[Story]:
    expected, got = _play(told)
    return [each for each in told if expected[each.name] != got[each.name]]


def _settled(suspect: Story) -> bool:
    """Say whether it differs each time, alone, and systemd does the same each time.

    Where jobs contradict each other, which of them systemd drops depends on the order of its hash tables: that of
    one boot is the same all the time, and that of the next one is another.
    """
    expected = None
    for _ in range(_BOOTS):
        judged, got = _play([suspect])
        if got == judged or expected not in (None, judged):
            return False
        expected = judged
    return True


def _shrunk(large: Story) -> Story:
    """Take away what can go without the difference going; all that may go next is played in one boot."""
    while True:
        tries = {f"t{index}": each for index, each in enumerate(smaller(large))}
        differing = _differing([replace(each, name=name) for name, each in tries.items()]) if tries else []
        less = next((tries[each.name] for each in differing if _settled(tries[each.name])), None)
        if less is None:
            return large
        large = less


def _described(small: Story) -> str:
    """Say what differs, in the form of relations.yaml."""
    expected, got = _play([small])
    steps: Mapping[str, Any] = {"systemd": expected[small.name], "farmhand": got[small.name]}
    lines = [f"\n- {json.dumps({'name': small.name, 'units': small.units, 'do': small.do})}"]
    for one, other in zip(*(each["steps"] for each in steps.values()), strict=True):
        lines += [
            f"    {who}: {json.dumps(step)}" for who, step in zip(steps, (one, other), strict=True) if one != other
        ]
    return "\n".join(lines)
