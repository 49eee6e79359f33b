"""The events of the equivalence report, as a real process plays them, and what came of each.

The process is the child of the conformance scenarios (tests/conformance/README.md): it follows a script, and its logs
stay locked as long as it lives. It starts another process once, in a session of its own, to see what becomes of it.
"""

import fcntl
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from polling import until

# Just over a second, for that is what some managers expect of a service that is well.
_LIVE = "sleep 1100"
_BEGIN = "notify READY=1"
_ON = f"{_BEGIN}\nforever"
_HELPER = "fork helper double"


def _ends(how: str) -> list[str]:
    return [f"{_HELPER}\n{_BEGIN}\n{_LIVE}\n{how}", _ON]


# A block for each start of the main process; the last is for all further ones.
SCRIPTS: Mapping[str, list[str]] = {
    **{f"exit {code}": _ends(f"exit {code}") for code in (0, 1, 2, 47, 78)},
    **{f"SIG{name}": _ends(f"die {name}") for name in ("TERM", "KILL", "ABRT")},
    "hang at start": [f"{_HELPER}\nforever", _ON],
    "hang at stop": [f"{_HELPER}\non TERM 0 ignore\non INT 0 ignore\n{_ON}", _ON],
    "six crashes": [f"{_HELPER}\n{_BEGIN}\nexit 1", *[f"{_BEGIN}\nexit 1"] * 5, _ON],
    "requested stop": [f"{_HELPER}\n{_ON}", _ON],
}
_PATIENCE = 40.0  # seconds; all of it should take half of that
_QUIET = 3.0  # without anything happening: more than any pause before a start
ASKED = ("hang at stop", "requested stop")


@dataclass(frozen=True)
class Cell:
    """One event that one service is to live through; name: of the service, folder: of its scripts and logs."""

    name: str
    event: str
    folder: Path

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, mode=0o777)
        blocks = "".join(f"{block}\n--\n" for block in SCRIPTS[self.event])
        (self.folder / "main.script").write_text(blocks)
        (self.folder / "helper.script").write_text("on HUP 0 ignore\nforever\n--\n")

    def runs(self) -> list[list[dict[str, object]]]:
        """Return what each start of the main process has noted."""
        found = (self.folder / f"main.{number}" for number in range(1, 100))
        logs = [path.read_text().splitlines() for path in found if path.exists()]
        return [[json.loads(line) for line in lines if line.endswith("}")] for lines in logs]

    def look(self) -> tuple[bool, int]:
        """Say whether it is up, and after how many starts."""
        runs = self.runs()
        return bool(runs) and _lives(self.folder / f"main.{len(runs)}"), len(runs)

    def seen(self, changed: float, asked: float | None) -> "Seen":
        """Say what came of it. changed: when it was last found to be otherwise; asked: when its stop was asked for."""
        up, starts = self.look()
        since, until_then = asked or self._began(), _seconds(self.runs()[-1][0]) if up else changed
        after = None if since is None or (up and starts == 1) else until_then - since
        return Seen(up, starts, after, "run on" if _lives(self.folder / "helper.1") else "killed")

    def _began(self) -> float | None:
        """Return when the first run ended by itself, or began to hang: monotonic seconds."""
        first = next(iter(self.runs()), [])
        begins = ("start",) if self.event == "hang at start" else ("exit", "die")
        return next((_seconds(note) for note in first if note["event"] in begins), None)


def _seconds(note: dict[str, object]) -> float:
    return float(str(note["t"])) / 1e6


def _lives(log: Path) -> bool:
    """Say whether the process lives that keeps this log locked."""
    if not log.exists():
        return False
    with log.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@dataclass(frozen=True)
class Seen:
    """What came of an event. up: whether the main process runs; starts: how often it was started.

    after: seconds from its first end, or from the request to stop, until it was so; None: nothing ever happened.
    left: what became of the process that it had started.
    """

    up: bool
    starts: int
    after: float | None
    left: str


def play(
    cells: Iterable[Cell], stop: Callable[[str], object], expected: Mapping[str, tuple[bool, int]]
) -> Mapping[str, Seen]:
    """Have every service go through its event, until all is as expected, and a while longer, or for too long."""
    by_name = {cell.name: cell for cell in cells}
    asked = {}
    for cell in by_name.values():
        if cell.event in ASKED:
            until(lambda cell=cell: cell.look()[0] and len(cell.runs()[0]) > 1, f"{cell.name} to be up", seconds=30)
            asked[cell.name] = time.monotonic()
            stop(cell.name)
    changed = _settle(by_name, expected)
    return {name: cell.seen(changed[name], asked.get(name)) for name, cell in by_name.items()}


def _settle(cells: Mapping[str, Cell], expected: Mapping[str, tuple[bool, int]]) -> dict[str, float]:
    """Return when each was last found otherwise than before, monotonic seconds."""
    found: dict[str, tuple[bool, int]] = {}
    changed: dict[str, float] = {}
    start = time.monotonic()
    while time.monotonic() < start + _PATIENCE:
        for name, cell in cells.items():
            if (look := cell.look()) != found.get(name):
                found[name], changed[name] = look, time.monotonic()
        if found == expected and time.monotonic() > max(changed.values()) + _QUIET:
            break
        time.sleep(0.02)
    return changed
