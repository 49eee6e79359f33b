"""Where scenarios are laid out: their units, scripts and files, in a scratch folder that every user can reach."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .scenario import Scenario

ROOT = Path(__file__).resolve().parents[3]
SOURCE = Path(__file__).resolve().parents[1] / "child.c"
HIDDEN = ("/run", "/tmp", "/var")  # from where a systemd of its own looks


class Stage:
    """The scenarios of one boot of a supervisor, in a folder of their own."""

    def __init__(self, folder: Path, child: Path, scenarios: Sequence[Scenario]) -> None:
        self.folder = folder
        self.units = folder / "units"
        self.control = folder / "control"
        self.log = folder / "log"
        self._child = child
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
        return text.replace(str(self.state(scenario)), "@state@").replace(str(self._child), "@bin@")

    def files(self, scenario: Scenario, names: Sequence[str]) -> dict[str, str | None]:
        """Read files; None is one that is not there."""
        paths = {name: Path(self._fill(name, scenario)) for name in names}
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
            path = Path(self._fill(name, scenario))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._fill(text, scenario), newline="")
        for name, mode in scenario.modes.items():
            Path(self._fill(name, scenario)).chmod(int(mode, 8))

    def _fill(self, text: str, scenario: Scenario) -> str:
        state = str(self.state(scenario))
        return (
            text.replace("@child@", f"{self._child} {state}")
            .replace("@bin@", str(self._child))
            .replace("@state@", state)
        )


@contextmanager
def stage(scenarios: Sequence[Scenario]) -> Iterator[Stage]:
    """Lay out scenarios, and leave nothing behind."""
    root = scratch()
    child = compiled(root)
    folder = Path(tempfile.mkdtemp(prefix="stage-", dir=root))
    folder.chmod(0o755)
    try:
        yield Stage(folder, child, scenarios)
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
