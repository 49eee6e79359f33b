"""A scenario, and its line in the corpus."""

import json
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .outcome import Outcome

_OPTIONAL = ("script", "files", "modes", "observe", "named", "alone")


@dataclass(frozen=True)
class Scenario:
    """What is played: a unit, what its processes do, what the operator does, and when to look.

    id: "family/what/it/is". unit: the text of its file, a sequence being its lines. script: role -> a list of
    operations for each start. commands: (milliseconds, "verb --option=…"). until: the milliseconds after which to
    look. observe: what to note besides. files: path -> text. modes: path -> octal. named: the unit's name, if it
    matters. alone: play it with no other beside it. expect: what systemd made of it.
    """

    id: str
    unit: str | Sequence[str]
    commands: Sequence[tuple[int, str]]
    until: int
    script: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, str] = field(default_factory=dict)
    observe: Sequence[str] = ()
    named: str = ""
    alone: bool = False
    expect: Outcome | None = None

    @property
    def family(self) -> str:
        return self.id.partition("/")[0]

    @property
    def unit_name(self) -> str:
        return self.named or re.sub(r"[^A-Za-z0-9]+", "-", self.id).strip("-") + ".service"

    @property
    def unit_text(self) -> str:
        return self.unit if isinstance(self.unit, str) else "\n".join(self.unit) + "\n"


def read(*paths: Path) -> list[Scenario]:
    """Read files of JSON lines; an id that comes twice is refused."""
    scenarios = [scenario for path in paths for scenario in _lines(path)]
    for key in ("id", "unit_name"):
        seen: set[str] = set()
        for scenario in scenarios:
            value = getattr(scenario, key)
            if value in seen:
                raise ValueError(f"{scenario.id}: its {key} {value!r} is another's as well; change the id")
            seen.add(value)
    return scenarios


def _lines(path: Path) -> Iterator[Scenario]:
    cpus = json.dumps(sorted(os.sched_getaffinity(0)))  # those of this machine, which an expectation may be about
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        given = json.loads(line.replace('"@cpus@"', cpus))
        given["commands"] = [(at, words) for at, words in given["commands"]]
        try:
            yield Scenario(**given)
        except TypeError as error:
            raise ValueError(f"{path}:{number}: {error}; README.md has the keys of a scenario") from None


def one_in(number: int, scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Take a share of each family, rounded up, in the order given: the same ones each time.

    They are drawn by their ids, for in a corpus that combines this with that a stride would keep step with something.
    """
    scenarios = list(scenarios)
    families: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in sorted(scenarios, key=lambda scenario: (zlib.crc32(scenario.id.encode()), scenario.id)):
        families[scenario.family].append(scenario)
    drawn = {scenario.id for family in families.values() for scenario in family[: -(-len(family) // number)]}
    return [scenario for scenario in scenarios if scenario.id in drawn]


def write(path: Path, scenarios: Iterable[Scenario]) -> None:
    """Write scenarios as JSON lines, without what is as usual."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line(scenario) + "\n" for scenario in scenarios))


def line(scenario: Scenario) -> str:
    whole: dict[str, Any] = {key: getattr(scenario, key) for key in ("id", "unit", "script", "commands", "until")}
    whole |= {key: getattr(scenario, key) for key in _OPTIONAL}
    whole |= {"expect": scenario.expect} if scenario.expect is not None else {}
    kept = {key: value for key, value in whole.items() if value or key not in _OPTIONAL}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
