"""Random stories of several services, for relations.py to play: relations that no hand would combine, and commands."""

import random
from collections.abc import Iterator
from dataclasses import replace

from relations import Story

# Drawn as often as named.
_RELATIONS = (
    *("Requires", "Requires", "Wants", "Wants", "BindsTo", "BindsTo", "Requisite", "PartOf", "PartOf", "Conflicts"),
    *("Upholds", "PropagatesStopTo", "StopPropagatedFrom"),
)
_WORK = (
    *([], [], [], [], ["once"], ["once fails"], ["fails"], ["once", "RemainAfterExit=yes"]),
    *(["Restart=always", "RestartSec=0"], ["fails", "Restart=on-failure", "RestartSec=0", "StartLimitBurst=3"]),
)
_EXTRAS = (
    *("StopWhenUnneeded=yes", "RefuseManualStart=yes", "RefuseManualStop=yes", "ConditionPathExists=/nowhere"),
    *("AssertPathExists=/nowhere", "ExecStop=/bin/true", "ExecStartPre=/bin/true", "RestartMode=normal"),
)
_VERBS = (*("start",) * 6, "stop", "stop", "restart", "restart", "try-restart", "kill", "kill", "term", "reset-failed")
_MODES = ("fail", "replace-irreversibly", "ignore-dependencies", "ignore-requirements")


def story(seed: int, number: int) -> Story:
    """Make one; the same numbers make the same story."""
    dice = random.Random(f"relations {seed} {number}")
    names = "abcd"[: dice.choice((2, 2, 3, 3, 3, 4))]
    units = {name: _lines(dice, name, names) for name in names}
    for name in names:
        if (
            dice.random() < 0.2
        ):  # of a service of its own: among the others, systemd itself can turn in circles for ever
            units[name].append(f"{dice.choice(('OnFailure', 'OnSuccess'))}=e")
            units["e"] = ["once log"]
    return Story(
        f"random-{seed}-{number}",
        units,
        [_command(dice, names) for _ in range(dice.randint(2, 5))],
    )


def _lines(dice: random.Random, name: str, names: str) -> list[str]:
    """Relate a service to others; orders lead from later names to earlier ones, or all one way: never in a circle."""
    others = [other for other in names if other != name]
    lines = []
    for relation in dice.sample(_RELATIONS, dice.choice((0, 1, 1, 2, 2, 3))):
        lines.append(f"{relation}={' '.join(dice.sample(others, 1 if dice.random() < 0.8 else len(others)))}")
    lines += [f"{'After' if other < name else 'Before'}={other}" for other in others if dice.random() < 0.3]
    lines += [dice.choice(_EXTRAS)] if dice.random() < 0.15 else []
    return [*dict.fromkeys(lines), *dice.choice(_WORK)]


def _command(dice: random.Random, names: str) -> str:
    verb = dice.choice(_VERBS)
    whom = dice.sample(names, 2 if verb in ("start", "stop") and dice.random() < 0.15 else 1)
    modes = [f"--job-mode={dice.choice(_MODES)}"] if verb in ("start", "stop") and dice.random() < 0.1 else []
    return " ".join([verb, *modes, *whom])


def smaller(large: Story) -> Iterator[Story]:
    """Yield what is left of a story without one of its commands, services or lines."""
    for index in range(len(large.do)):
        if len(large.do) > 1:
            yield replace(large, do=large.do[:index] + large.do[index + 1 :])
    for name in large.units:
        if not any(name in line.split() for line in large.do):
            yield replace(large, units=_without(large, name))
    for name, lines in large.units.items():
        for index in range(len(lines)):
            yield replace(large, units={**large.units, name: lines[:index] + lines[index + 1 :]})


def _without(large: Story, gone: str) -> dict[str, list[str]]:
    """Leave a service out, and the lines that name it."""
    rest = {name: lines for name, lines in large.units.items() if name != gone}
    return {
        name: [line for line in lines if gone not in line.partition("=")[2].split()] for name, lines in rest.items()
    }
