"""Random scenarios near those of the corpus: one of them, with a few things changed for what others have.

`scenario(seed, number)` is always the same for the same two numbers, as long as the corpus is. So every family is
played beyond its fixed cases: other values of its directives, other endings of its processes, other commands, at other
moments.
"""

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generate import Dice
from player import Scenario, read

_CORPUS = Path(__file__).resolve().parent / "corpus"
_LIVES = {"manual": 5, "restart": 4, "hooks": 4, "kill": 4, "timeout": 4, "types": 4, "notify": 4, "status": 2}
_TEXTS = {"parser_exec": 2, "parser_file": 3, "envfile": 2, "resources": 4, "execfail": 2, "remain": 2, "limits": 2}
_CHANGES = {1: 3, 2: 4, 3: 3, 4: 1}
_VERBS = ("start", "stop", "restart", "try-restart", "reload", "reload-or-restart", "reset-failed", "kill")
_CODES = ("0", "1", "3", "47", "75", "143", "203", "254", "255")
_SIGNALS = ("TERM", "KILL", "INT", "HUP", "USR1", "USR2", "QUIT", "ABRT", "PIPE", "ALRM", "SEGV", "CONT")
_PREFIXES = ("-", "+", "!", "!!", ":", "@", "")
_DONE_ON_A_SIGNAL = ("ignore", "exit 0", "exit 1", "exit 47", "die TERM", "die KILL")
_GRID, _OFFSETS = 150, (20, 70, 120)
_OF_NO_USE = re.compile(r"@|\dus")  # a path of one scenario; a span that is shorter than the start of a process


@dataclass
class Draft:
    """A scenario under way. mate: another of its family."""

    dice: Dice
    lines: list[str]
    script: dict[str, list[list[str]]]
    commands: list[tuple[int, str]]
    until: int
    mate: Scenario

    def settings(self, wanted: Callable[[str], bool] = lambda key: True) -> list[int]:
        """Return where the lines are that set a directive."""
        keys = [line.partition("=")[0] if "=" in line and line[0].isalpha() else "" for line in self.lines]
        return [number for number, key in enumerate(keys) if key and key != "DefaultDependencies" and wanted(key)]

    def acts(self, pattern: str) -> list[tuple[str, int, int]]:
        """Return where the operations are that a pattern is found in."""
        return [
            (role, run, at)
            for role, runs in self.script.items()
            for run, acts in enumerate(runs)
            for at, act in enumerate(acts)
            if re.search(pattern, act)
        ]


@functools.cache
def _families() -> Mapping[str, Sequence[Scenario]]:
    return {path.stem: read(path) for path in sorted(_CORPUS.glob("*.jsonl"))}


@functools.cache
def _values() -> Mapping[str, Sequence[str]]:
    """Return what the corpus sets each directive to; those of commands are not among them."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for each in itertools.chain.from_iterable(_families().values()):
        for line in each.unit_text.split("\n"):
            key, is_set, value = line.partition("=")
            if is_set and key.isalnum() and not key.startswith("Exec") and not _OF_NO_USE.search(value):
                found[key][value] = None
    return {key: tuple(values) for key, values in found.items()}


def scenario(seed: int, number: int) -> Scenario:
    """Return one scenario, to be played; its id names it for ever."""
    dice = Dice(f"near/{seed}/{number}")
    family = _families()[dice.pick(_LIVES | _TEXTS)]
    base, mate = dice.choice(family), dice.choice(family)
    script = {role: [list(run) for run in runs] for role, runs in base.script.items()}
    draft = Draft(dice, base.unit_text.split("\n"), script, list(base.commands), base.until, mate)
    for _ in range(dice.pick(_CHANGES)):
        dice.pick(_WAYS)(draft)
    text = "\n".join(draft.lines)
    return Scenario(
        id=f"near/{seed}/{number}/{base.id}",
        unit=text if draft.lines[-1] else draft.lines[:-1],
        script=draft.script,
        commands=sorted(draft.commands),
        until=max([draft.until, *(at + _GRID for at, _ in draft.commands)]),
        files={**mate.files, **base.files},
        modes={**mate.modes, **base.modes},
        observe=base.observe,
        named=base.named and f"n{seed}-{number}-{base.named}",
        alone=base.alone or "Type=idle" in text,
    )


def _set_otherwise(draft: Draft) -> None:
    """Give a directive a value that it has elsewhere."""
    values = _values()
    if places := draft.settings(lambda key: key in values):
        place = draft.dice.choice(places)
        key = draft.lines[place].partition("=")[0]
        draft.lines[place] = f"{key}={draft.dice.choice(values[key])}"


def _borrow(draft: Draft) -> None:
    """Add a directive of the mate; a command comes with what it does."""
    lines = [line for line in draft.mate.unit_text.split("\n") if re.match(r"(?!DefaultD)\w+=", line)]
    if not lines or "[Service]" not in draft.lines:
        return
    line = draft.dice.choice(lines)
    in_unit = line.startswith(("Condition", "Assert", "StartLimit", "Refuse", "Description"))
    section = "[Unit]" if in_unit and "[Unit]" in draft.lines else "[Service]"
    draft.lines.insert(draft.lines.index(section) + 1 + (section == "[Service]" and draft.dice.chance(0.5)), line)
    for role, runs in draft.mate.script.items():
        if f"@ {role}" in line:
            draft.script.setdefault(role, [list(run) for run in runs])


def _add(draft: Draft) -> None:
    """Set a directive, as the corpus does somewhere."""
    if "[Service]" in draft.lines:
        key = draft.dice.choice(_ADDED)
        draft.lines = [line for line in draft.lines if not line.startswith(f"{key}=")]
        draft.lines.insert(draft.lines.index("[Service]") + 1, f"{key}={draft.dice.choice(_values()[key])}")


def _leave_out(draft: Draft) -> None:
    if places := draft.settings(lambda key: key != "ExecStart"):
        del draft.lines[draft.dice.choice(places)]


def _prefix(draft: Draft) -> None:
    """Put something before a command, or double the command."""
    if places := draft.settings(lambda key: key.startswith("Exec") and key != "ExecSearchPath"):
        place = draft.dice.choice(places)
        key, _, command = draft.lines[place].partition("=")
        if draft.dice.chance(0.3):
            draft.lines.insert(place, draft.lines[place])
        else:
            draft.lines[place] = f"{key}={draft.dice.choice(_PREFIXES)}{command}"


def _act_otherwise(draft: Draft) -> None:
    """Have a process end otherwise, or mind another signal."""
    if places := draft.acts(r"^(exit|die|on) "):
        role, run, at = draft.dice.choice(places)
        verb, _, rest = draft.script[role][run][at].partition(" ")
        if verb == "on":
            act = f"on {draft.dice.choice(_SIGNALS)} {rest.partition(' ')[2]}"
        elif draft.dice.chance(0.5):
            act = f"exit {draft.dice.choice(_CODES)}"
        else:
            act = f"die {draft.dice.choice(_SIGNALS[:-1])}"
        draft.script[role][run][at] = act


def _mind(draft: Draft) -> None:
    """Have a process mind a signal."""
    role = draft.dice.choice(["main", *draft.script])
    runs = draft.script.setdefault(role, [["forever"]] if role == "main" else [["exit 0"]])
    act = f"on {draft.dice.choice(_SIGNALS)} {draft.dice.choice((0, 0, 300))} {draft.dice.choice(_DONE_ON_A_SIGNAL)}"
    draft.dice.choice(runs).insert(0, act)


def _take_script(draft: Draft) -> None:
    """Have one role do what the same role does for the mate."""
    if roles := [role for role in draft.mate.script if f" {role}" in "\n".join(draft.lines)]:
        role = draft.dice.choice(roles)
        draft.script[role] = [list(run) for run in draft.mate.script[role]]
        for other in draft.mate.script:
            draft.script.setdefault(other, [list(run) for run in draft.mate.script[other]])
        draft.until = max(draft.until, draft.mate.until)


def _command(draft: Draft) -> None:
    """Ask for something else, or for something more."""
    verb = draft.dice.choice(_VERBS)
    if verb == "kill":
        verb += f" --signal={draft.dice.choice(_SIGNALS)}"
        verb += draft.dice.choice(("", " --kill-whom=main", " --kill-whom=control", " --kill-whom=all"))
    at = draft.dice.randrange(1, max(2, draft.until // _GRID)) * _GRID + draft.dice.choice(_OFFSETS)
    if len(draft.commands) > 1 and draft.dice.chance(0.6):
        draft.commands[-1] = (draft.commands[-1][0], verb)
    elif all(abs(at - other) >= 40 for other, _ in draft.commands):
        draft.commands.append((at, verb))


def _command_later(draft: Draft) -> None:
    if len(draft.commands) > 1:
        at, words = draft.commands[-1]
        draft.commands[-1] = (at + draft.dice.choice((-50, 50, 100, 200, 400)), words)
        draft.commands = [one for one in draft.commands if one[0] >= 0]


_ADDED = (
    "Type", "Restart", "RestartSec", "KillMode", "KillSignal", "RestartKillSignal", "SendSIGHUP", "SendSIGKILL",
    "FinalKillSignal", "WatchdogSec", "NotifyAccess", "RemainAfterExit", "SuccessExitStatus",
    "RestartForceExitStatus", "RestartPreventExitStatus", "TimeoutStartSec", "TimeoutStopSec", "TimeoutAbortSec",
    "TimeoutStartFailureMode", "TimeoutStopFailureMode", "RuntimeMaxSec", "ExitType", "User", "StartLimitBurst",
    "StartLimitInterval",
)  # fmt: skip
_WAYS: Mapping[Callable[[Draft], None], float] = {
    _set_otherwise: 4,
    _borrow: 3,
    _add: 3,
    _leave_out: 1,
    _prefix: 1,
    _act_otherwise: 3,
    _mind: 1.5,
    _take_script: 1.5,
    _command: 3,
    _command_later: 1,
}
