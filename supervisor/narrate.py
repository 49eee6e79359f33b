"""The log: one line a state change, with the reason and the numbers.

What a service only passes through is left out, and nothing is written before all that had to be done was done.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from .rules.states import State
from .unit import Unit

Log = Callable[[str], None]


class Narration(Protocol):
    """Who is told of changes of state as they happen, and when a turn of the loop is done."""

    def changed(self, unit: Unit, state: State, why: str) -> None:
        """Note that `unit` goes from `unit.shown` to a state."""
        ...

    def flush(self) -> None: ...


@dataclass
class Narrator:
    """Keeps the changes of one turn of the loop until `flush` tells them."""

    log: Log
    _before: dict[Unit, State] = field(default_factory=dict)
    _why: dict[Unit, str] = field(default_factory=dict)

    def changed(self, unit: Unit, state: State, why: str) -> None:
        self._before.setdefault(unit, unit.shown)
        self._why[unit] = why

    def flush(self) -> None:
        for unit, before in self._before.items():
            if before is not unit.shown or unit.shown is State.FAILED:
                self.log(f"{unit.name}: {before.value} -> {_after(unit)} ({self._why[unit]})")
                if unit.shown is State.RUNNING and unit.life.status_text:  # STATUS= in sd_notify(3)
                    self.log(f"{unit.name} says: {unit.life.status_text}")
        self._before.clear()
        self._why.clear()


def _after(unit: Unit) -> str:
    """Name the state reached, with the number that belongs to it."""
    if unit.shown is State.AUTO_RESTART:
        return f"auto-restart in {unit.service.restart_sec:g}s"
    if unit.shown is State.FAILED:
        return f"failed, {unit.life.result.value}"
    return f"{unit.shown.value}, pid {unit.main_pid}" if unit.shown is State.RUNNING else unit.shown.value
