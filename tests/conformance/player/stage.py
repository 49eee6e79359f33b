"""Where scenarios are laid out: their units, scripts and files, in a scratch folder that every user can reach."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .scenario import Scenario

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).resolve().parents[1] / "child.c"
HIDDEN = ("/run", "/tmp", "/var")  # from where a systemd of its own looks


@dataclass(frozen=True)
class Cast:
    """Who plays the roles.

    hire: makes the child's path and the command that it is started by, given a folder for what is made once. named: how
    the supervisor calls a path of this system. has_our_ids: whether the pids in the logs are those of this system.
    second: how long a second lasts there, for the supervisor and all roles.
    """

    hire: Callable[[Path], tuple[str, str]]
    named: Callable[[Path], str] = str
    has_our_ids: bool = True
    second: float = 1.0


class Stage:
    """The scenarios of one boot of a supervisor, in a folder of their own."""

    def __init__(self, folder: Path, cast: Cast, scenarios: Sequence[Scenario]) -> None:
        self.folder = folder
        self.units = folder / "units"
        self.control = folder / "control"
        self.log = folder / "log"
        self.cast = cast
        self._child, self._command = cast.hire(folder.parent)
        self.units.mkdir()
        for scenario in scenarios:
            self._lay_out(scenario)
        after = "".join(f"After={scenario.unit_name}\n" for scenario in scenarios)  # else a unit at rest is forgotten
        (self.units / "bare.target").write_text(f"[Unit]\nDefaultDependencies=no\n{after}")

    def state(self, scenario: Scenario) -> Path:
        """The folder of a scenario's scripts, logs and files."""
        return self.folder / "state" / scenario.unit_name.removesuffix(".service").replace("@", "-").replace("\\", "-")

    def hide(self, text: str, scenario: Scenario) -> str:
        """Put placeholders for the paths of this stage."""
        return text.replace(self.cast.named(self.state(scenario)), "@state@").replace(self._child, "@bin@")

    def files(self, scenario: Scenario, names: Sequence[str]) -> dict[str, str | None]:
        """Read files; None is one that is not there."""
        paths = {name: self._path(name, scenario) for name in names}
        return {
            name: path.read_text(errors="backslashreplace") if path.is_file() else None for name, path in paths.items()
        }

    def _lay_out(self, scenario: Scenario) -> None:
        state = self.state(scenario)
        state.mkdir(parents=True)
        state.chmod(0o777)
        name, at, _ = scenario.unit_name.partition("@")
        unit = self.units / (f"{name}@.service" if at else name)
        unit.write_text(self._fill(scenario.unit_text, scenario), newline="")
        for role, runs in scenario.script.items():
            blocks = ["".join(f"{operation}\n" for operation in [*run, "--"]) for run in runs]
            (state / f"{role}.script").write_text(self._fill("".join(blocks), scenario))
        for name, text in scenario.files.items():
            path = self._path(name, scenario)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._fill(text, scenario), newline="")
        for name, mode in scenario.modes.items():
            self._path(name, scenario).chmod(int(mode, 8))

    def _fill(self, text: str, scenario: Scenario) -> str:
        state = self.cast.named(self.state(scenario))
        return (
            text.replace("@child@", f"{self._command} {state}").replace("@bin@", self._child).replace("@state@", state)
        )

    def _path(self, name: str, scenario: Scenario) -> Path:
        return Path(name.replace("@state@", str(self.state(scenario))))


@contextmanager
def stage(scenarios: Sequence[Scenario], cast: Cast) -> Iterator[Stage]:
    """Lay out scenarios, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="stage-", dir=scratch()))
    folder.chmod(0o755)
    try:
        yield Stage(folder, cast, scenarios)
    finally:
        shutil.rmtree(folder)


def scratch() -> Path:
    """Return a folder that every user can reach and systemd's namespaces do not hide: below build/, if it is such."""
    for place in (ROOT, Path("/srv"), Path("/opt"), Path("/")):
        if _open_to_all(place) and not str(place).startswith(HIDDEN) and os.access(place, os.W_OK):
            folder = place / "build" / "conformance" if place == ROOT else place / "farmhand-conformance"
            folder.mkdir(parents=True, exist_ok=True)
            return folder
    return Path(tempfile.gettempdir())


def _open_to_all(place: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents)) and " " not in str(place)


def native(folder: Path) -> tuple[str, str]:
    child = str(compiled(folder))
    return child, child


def compiled(folder: Path) -> Path:
    """Return the child, compiled unless it was since its source changed."""
    child = folder / "child"
    if not child.exists() or child.stat().st_mtime < SOURCE.stat().st_mtime:
        if shutil.which("gcc") is None:
            raise SystemExit(f"{SOURCE}: gcc is needed to compile it; install gcc and libc6-dev")
        with tempfile.TemporaryDirectory(dir=folder) as own:  # another may be compiling it as well
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-static", "-o", f"{own}/child", SOURCE], check=True)
            Path(own, "child").replace(child)
    return child


NATIVE = Cast(native)
