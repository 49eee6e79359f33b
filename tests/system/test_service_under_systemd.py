"""`farmhand service` with a real systemd: it takes the unit, and keeps a real supervisor running."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import needs
import pytest
from polling import until
from sandbox import Sandbox, Settings, boot

pytestmark = needs.systemd()

FARM = """
services:
  steady:
    ExecStart: sleep 1000
    MemoryMax: 64M
"""
# The systemd of the test knows this folder alone, and so does the command.
COMMAND = """
import sys
from farmhand.supervisor.service import systemd
from farmhand.supervisor.cli import main
systemd._SYSTEM = {units!r}
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Machine:
    """One that systemd runs. Commands are typed in it, as root who is signed in."""

    systemd: Sandbox
    folder: Path

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.run(sys.executable, "-c", COMMAND.format(units=str(self.systemd.units)), *words)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        enter = ["nsenter", "-t", str(self.systemd.pid), "-m", "-p", "-C", f"--wdns={self.folder}"]
        env = {**os.environ, "XDG_RUNTIME_DIR": "/run/user/0"}
        return subprocess.run([*enter, *words], env=env, capture_output=True, text=True, timeout=60, check=False)

    def starts_it(self) -> bool:
        return self.run("test", "-L", "/etc/systemd/system/multi-user.target.wants/farm.service").returncode == 0

    def service(self, verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return self("service", verb, "--name", "farm", *words)

    def told(self, *words: str) -> str:
        return self(*words, "--control", "/run/farm/control.sock").stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    units = tmp_path / "units"
    units.mkdir()
    (tmp_path / "farm.yaml").write_text(FARM)
    links = Settings(private=("/etc/systemd/system",))  # where systemctl enables, whatever systemd knows
    with boot(units, tmp_path / "systemd.log", links) as systemd:
        yield Machine(systemd, tmp_path)


def test_the_life_of_a_supervisor_as_a_service(machine: Machine) -> None:
    installed = machine.service("install", "--", "farm.yaml", "--log-dir", "log")
    assert (installed.returncode, installed.stderr) == (0, "")
    assert "commands come in by --control /run/farm/control.sock" in installed.stdout
    assert machine.starts_it()
    assert machine.service("status").returncode == 3

    assert machine.service("start").stderr == ""
    assert machine.service("status").stdout.startswith("farm: active (running), process ")
    assert machine.told("is-active", "steady") == "active"
    assert machine.systemd.show("farm.service", "StatusText") == {"StatusText": "supervising 1 services"}

    assert machine.service("stop").returncode == 0
    assert machine.service("status").stdout == "farm: inactive (dead)\n"
    assert machine.service("remove").returncode == 0
    assert machine.service("status").returncode == 4
    assert not machine.starts_it()
    assert not (machine.systemd.units / "farm.service").exists()


def test_one_that_is_killed_comes_back_with_its_services(machine: Machine) -> None:
    machine.service("install", "--", "farm.yaml", "--log-dir", "log")
    machine.service("start")
    before = machine.told("show", "steady", "--property=MainPID")
    machine.systemd.systemctl("kill", "--signal=KILL", "--kill-whom=main", "farm.service")
    until(
        lambda: (
            machine.systemd.show("farm.service", "NRestarts", "SubState") == {"NRestarts": "1", "SubState": "running"}
        ),
        "it",
    )
    assert machine.told("is-active", "steady") == "active"
    assert machine.told("show", "steady", "--property=MainPID") != before
