"""What the supervisor tells in its log, in systemd's words for changes of state."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Told:
    """What the supervisor's log told of a unit: the states it passed through, the results it failed with."""

    transitions: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


_TELLING = re.compile(r"([\w@.\\:-]+\.service): (?:Changed (\S+) -> (\S+)|Failed with result '([^']*)')")


class LogBook:
    """Follows the supervisor's log."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._units: dict[str, Told] = {}

    def of(self, unit: str) -> Told:
        """Return what was told of a unit until now."""
        for text in self._new_lines():
            if found := _TELLING.search(text):
                self._note(*found.groups())
        told = self._units.get(unit, Told())
        return Told(list(told.transitions), list(told.failures))

    def _new_lines(self) -> Iterable[str]:
        position = self._file.tell()
        whole, newline, _ = self._file.read().rpartition(b"\n")
        self._file.seek(position + len(whole) + len(newline))
        return whole.decode(errors="replace").splitlines()

    def _note(self, unit: str, before: str | None, after: str | None, failure: str | None) -> None:
        told = self._units.setdefault(unit, Told())
        if failure is not None:
            told.failures.append(failure)
        elif before and after:
            told.transitions += [after] if told.transitions else [before, after]
