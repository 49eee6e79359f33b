"""The log: one line a state change, with the reason and the numbers.

What a service only passes through is left out, and nothing is written before all that had to be done was done.
"""

from collections.abc import Callable

from ..units.formats import tell_span
from ..units.light import Protocol, dataclass, field
from .rules.exitstatus import Result
from .rules.states import State
from .unit import Unit

Log = Callable[[str], None]

_AFTER_FAILURE = frozenset({State.AUTO_RESTART, State.FAILED})


class Narration(Protocol):
    """Who is told of changes of state as they happen, and when a turn of the loop is done."""

    def changed(self, unit: Unit, state: State, why: str) -> None:
        """Note that `unit` goes from `unit.shown` to a state."""
        ...

    def flush(self) -> None: ...


@dataclass
class Narrator:
    """Keeps the changes of one turn of the loop until `flush` tells them.

    last_line: what a service printed last, which is mostly why it ended with an exit code that is a failure.
    """

    log: Log
    last_line: Callable[[str], str] = lambda name: ""
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
                if unit.shown in _AFTER_FAILURE and unit.life.result is Result.EXIT_CODE:
                    self._tell_last_line(unit)
        self._before.clear()
        self._why.clear()

    def _tell_last_line(self, unit: Unit) -> None:
        if line := self.last_line(unit.name):
            self.log(f"{unit.name} said last: {line}")


def _after(unit: Unit) -> str:
    """Name the state reached, with the number that belongs to it."""
    if unit.shown is State.AUTO_RESTART:
        return f"auto-restart in {tell_span(unit.life.verdict.wait if unit.life.verdict else 0)}"
    if unit.shown is State.FAILED:
        return f"failed, {unit.life.result.value}"
    has_pid = unit.shown is State.RUNNING and unit.main_pid  # none where the program could not be started
    return f"{unit.shown.value}, pid {unit.main_pid}" if has_pid else unit.shown.value
