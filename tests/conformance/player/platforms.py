"""The platforms of Farmhand that scenarios are played on, and those that one of them leaves out."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import windows
from .backends import BACKEND, FARMHAND, Boot, socketed
from .scenario import Scenario
from .stage import NATIVE, Cast

CPUS = len(os.sched_getaffinity(0))
HERE = BACKEND.parent


@dataclass(frozen=True)
class Platform:
    """why_not: says what a scenario is about that this platform has not, None if it can be played on it."""

    boot: Boot
    at_a_time: int
    cast: Cast = NATIVE
    why_not: Callable[[Scenario], str | None] = lambda scenario: None
    translated: Callable[[Scenario], Scenario] = lambda scenario: scenario

    def playable(self, scenarios: Sequence[Scenario]) -> tuple[list[Scenario], Mapping[str, int]]:
        """Return those that can be played, as they are there, and how many are left out for which reason."""
        reasons = {scenario.id: self.why_not(scenario) for scenario in scenarios}
        played = [self.translated(scenario) for scenario in scenarios if reasons[scenario.id] is None]
        return played, Counter(why for why in reasons.values() if why is not None)


def _named_in(path: Path) -> Callable[[Scenario], str | None]:
    """Read why -> the ids of scenarios."""
    whys = {identity: why for why, names in yaml.safe_load(path.read_text()).items() for identity in names}
    return lambda scenario: whys.get(scenario.id)


PLATFORMS = {
    "native": Platform(FARMHAND, 4 * CPUS),
    "posix": Platform(  # each service looks for its processes among all there are
        socketed(sys.executable, str(HERE / "backend_posix.py")),
        3 * CPUS,
        why_not=_named_in(HERE / "left_out_posix.yaml"),
    ),
    "windows": Platform(windows.boot, 4 * CPUS, windows.CAST, windows.why_not, windows.translated),
}
