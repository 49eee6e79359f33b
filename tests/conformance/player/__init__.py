"""Plays scenarios - a unit file, scripted processes, commands by the clock - under Farmhand or the real systemd.

    from player import FARMHAND, SYSTEMD, Scenario, compare, play, read

`play(scenarios, FARMHAND)` returns what came of each by its id; `compare(expected, got)` says where two outcomes
differ. README.md, one folder up, has the words used in scenarios and outcomes.
"""

from .backends import FARMHAND, SYSTEMD, Boot, NoSupervisor, socketed
from .compare import Difference, compare
from .outcome import Outcome
from .play import play
from .scenario import Scenario, one_in, read, write

__all__ = [
    "FARMHAND",
    "SYSTEMD",
    "Boot",
    "Difference",
    "NoSupervisor",
    "Outcome",
    "Scenario",
    "compare",
    "one_in",
    "play",
    "read",
    "socketed",
    "write",
]
