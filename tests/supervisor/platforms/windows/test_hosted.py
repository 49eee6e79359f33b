"""`farmhand service` on Windows: a supervisor as a service, from its installation to its removal."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from polling import until

SERVICES = """
services:
  steady:
    ExecStart: {python} {folder}/steady.py
    WorkingDirectory: {folder}
    TimeoutStopSec: 5s
  restarted:
    ExecStart: {python} -c "import sys; sys.exit(47)"
    RestartForceExitStatus: 47
    RestartSec: 1s
    StartLimitIntervalSec: 0
"""
STEADY = "import os, time; open('steady', 'w').write(str(os.getpid())); time.sleep(999)"


class Typed:
    """Types commands; the service is this test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"farmhand-{folder.name}-{os.getpid()}"
        self.control = rf"\\.\pipe\{self.name}"
        self.own_log = Path(os.environ["PROGRAMDATA"], "farmhand", f"{self.name}.log")

    def __call__(self, *words: str):
        command = [sys.executable, "-m", "farmhand.supervisor", *words]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=120)

    def service(self, verb: str, *words: str):
        return self("service", verb, "--name", self.name, *words)

    def write(self, text: str) -> None:
        (self.folder / "steady.py").write_text(STEADY)
        text = text.format(python=Path(sys.executable).as_posix(), folder=self.folder.as_posix())
        (self.folder / "farm.yaml").write_text(text)

    def install(self, text: str, *options: str) -> None:
        self.write(text)
        installed = self.service("install", *options, "--", "farm.yaml", "--log-dir", "log")
        assert installed.returncode == 0, installed.stderr

    def told(self, verb: str, *words: str) -> str:
        return self(verb, "--control", self.control, *words).stdout.strip()


@pytest.fixture
def typed(tmp_path):
    typed = Typed(tmp_path)
    yield typed
    typed.service("remove")
    typed.own_log.unlink(missing_ok=True)


def test_the_life_of_a_supervisor_as_a_service(typed):
    typed.install(SERVICES)
    assert typed.service("status").returncode == 3
    assert typed.service("start").stderr == ""
    assert typed.service("status").stdout.startswith(f"{typed.name}: running, process ")
    steady = int(until(lambda: _text(typed.folder / "steady"), "the service to run"))
    assert typed.told("is-active", "steady") == "active"
    assert until(
        lambda: typed.told("show", "restarted", "--property=NRestarts", "--value") not in ("", "0"), "47 again"
    )

    assert typed.service("stop").returncode == 0
    assert typed.service("status").returncode == 3
    assert not psutil.pid_exists(steady)
    lines = typed.own_log.read_text()
    assert "farmhand: told to stop" in lines
    assert "steady: running -> stop-sigterm" in lines

    assert typed.service("remove").returncode == 0
    gone = typed.service("status")
    assert (gone.returncode, gone.stderr.strip()) == (
        4,
        f"farmhand: service: {typed.name} is not installed for the machine; 'farmhand service install' does that",
    )


def test_files_that_were_spoiled_since_keep_it_from_starting(typed):
    typed.install(SERVICES)
    (typed.folder / "farm.yaml").write_text("services: 3\n")
    started = typed.service("start")
    assert started.returncode == 1
    assert "it ended at once with exit code 2; the event log says why" in started.stderr
    assert "farm.yaml" in typed.own_log.read_text()


def test_what_windows_starts_is_not_to_be_typed(typed):
    (typed.folder / "farm.yaml").write_text("services: {}\n")
    answer = typed("service", "run", typed.name, "farm.yaml")
    assert (answer.returncode, "only Windows itself starts that" in answer.stderr) == (2, True)


def test_what_a_users_task_starts_runs_without_a_window_and_stops_in_order(typed):
    typed.write(SERVICES)
    words = [
        sys.executable,
        "-m",
        "farmhand.supervisor",
        "service",
        "run",
        "--user",
        f"--log={typed.folder / 'own.log'}",
        typed.name,
        "--",
        "farm.yaml",
    ]
    words += ["--control", typed.control]
    task = subprocess.Popen(words, cwd=typed.folder, creationflags=subprocess.DETACHED_PROCESS)
    try:
        until(lambda: typed.told("is-active", "steady") == "active", "the supervisor to be up", seconds=60)
        assert typed("shutdown", "--control", typed.control).returncode == 0
        assert task.wait(30) == 0
    finally:
        task.kill()
    assert "steady: running -> stop-sigterm" in (typed.folder / "own.log").read_text()


def test_a_users_own_is_a_task_that_windows_takes(typed):
    typed.install(SERVICES, "--user")
    assert subprocess.run(["schtasks", "/Delete", "/TN", typed.name, "/F"]).returncode == 0


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
