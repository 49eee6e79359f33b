"""Services installed into a real systemd, and taken away again; what fails or is killed leaves all as it was before."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import needs
import pytest
from farm import BIN
from polling import until
from sandbox import Sandbox, Settings, boot

UNITS = "/etc/systemd/system"
RECORDS = "/var/lib/farmhand/installed"
RUNS_ON = "exec sleep 1000"
DIES = "sleep 0.1; exit 3"
AGAIN = "Restart=always\nRestartSec=100ms\n"

pytestmark = needs.systemd()


@dataclass(frozen=True)
class Machine:
    """A machine of its own; folder: where this test keeps its files."""

    systemd: Sandbox
    folder: Path

    def units(self, *words: str, path: str = "") -> CompletedProcess[str]:
        env = [f"PATH={path}:{os.environ['PATH']}"] if path else []
        watch = ["--watch", "0.5"] if words[0] == "install" else []
        return self.systemd.run("env", "-C", str(self.folder), *env, str(BIN / "farmhand-units"), *words, *watch)

    def source(self, name: str, script: str = RUNS_ON, more: str = "") -> str:
        """Write a `.service` file that is yet to be installed."""
        path = self.folder / f"{name}.service"
        lines = f"Type=exec\nExecStart=/bin/sh -c '{script}'\n{more}"
        path.write_text(f"[Service]\n{lines}[Install]\nWantedBy=multi-user.target\n")
        return str(path)

    def place(self, name: str) -> Path:
        return self.systemd.root / f"{UNITS}/{name}.service".lstrip("/")

    def state(self, name: str) -> tuple[str, str]:
        """Return how systemd itself sees a service, and whether it starts with the machine."""
        shown = self.systemd.show(f"{name}.service", "ActiveState", "UnitFileState")
        return shown["ActiveState"], shown["UnitFileState"]

    def pid(self, name: str) -> str:
        return self.systemd.show(f"{name}.service", "MainPID")["MainPID"]

    def records(self) -> list[str]:
        folder = self.systemd.root / RECORDS.lstrip("/")
        return sorted(path.name for path in folder.glob("*.json"))

    def enabled(self, name: str) -> bool:
        link = self.systemd.root / f"{UNITS}/multi-user.target.wants/{name}.service".lstrip("/")
        return link.is_symlink()


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("boot")
    (folder / "units").mkdir()
    settings = Settings(private=(UNITS, "/var/lib"), unit_path=(UNITS, "/run/systemd/system"))
    with boot(folder / "units", folder / "boot.log", settings) as booted:
        yield booted


@pytest.fixture
def machine(systemd: Sandbox, tmp_path: Path) -> Machine:
    return Machine(systemd, tmp_path)


def test_a_service_is_installed_told_of_and_taken_away(machine: Machine) -> None:
    source = machine.source("plain")
    assert machine.units("status", source).returncode == 1
    done = machine.units("install", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.state("plain") == ("active", "enabled")
    assert machine.units("status", source).returncode == 0
    assert machine.units("diff", "plain").returncode == 0
    (told,) = json.loads(machine.units("status", "plain", "--json").stdout)
    assert (told["state"], told["service_manager"], told["running"]) == ("installed", "systemd", True)

    pid = machine.pid("plain")
    assert "as it should be" in machine.units("install", source).stdout
    assert machine.pid("plain") == pid, "what is as it should be is left alone"

    Path(source).unlink()
    status = machine.units("status")
    assert status.returncode == 1
    assert "it cannot be said what would be written now" in status.stdout

    done = machine.units("uninstall", "plain")
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.state("plain") == ("inactive", "")
    assert not machine.place("plain").exists()
    assert not machine.enabled("plain")
    assert machine.records() == []


def test_a_dry_run_shows_all_and_does_nothing(machine: Machine) -> None:
    done = machine.units("install", machine.source("dry"), "--dry-run")
    assert done.returncode == 0
    assert f"write {UNITS}/dry.service (0644)" in done.stdout
    assert "run systemctl enable dry.service" in done.stdout
    assert "+WantedBy=multi-user.target" in done.stdout
    assert machine.records() == []
    assert not machine.place("dry").exists()


def test_what_somebody_changed_is_overwritten_on_demand_and_kept(machine: Machine) -> None:
    source = machine.source("drifts")
    assert machine.units("install", source).returncode == 0
    with machine.place("drifts").open("a") as file:
        file.write("# by hand\n")
    status, diff = machine.units("status"), machine.units("diff", source)
    assert (status.returncode, diff.returncode) == (1, 1)
    assert "was changed since it was installed" in status.stdout
    assert "-# by hand" in diff.stdout

    refused = machine.units("install", source)
    assert refused.returncode == 1
    assert f"{UNITS}/drifts.service was changed since it was installed" in refused.stderr
    assert "--replace" in refused.stderr

    assert machine.units("install", source, "--replace").returncode == 0
    assert "# by hand" not in machine.place("drifts").read_text()
    (copy,) = (machine.systemd.root / f"{RECORDS}/changed".lstrip("/")).glob("drifts.service.*")
    assert copy.read_text().endswith("# by hand\n")
    assert machine.units("uninstall", "drifts").returncode == 0
    assert not machine.place("drifts").exists()


def test_a_newer_definition_replaces_the_older_and_is_started(machine: Machine) -> None:
    assert machine.units("install", machine.source("grows")).returncode == 0
    before = machine.pid("grows")
    source = machine.source("grows", more="Nice=5\n")
    assert "would be written otherwise now" in machine.units("status", source).stdout
    assert machine.units("install", source).returncode == 0
    assert machine.pid("grows") != before
    assert machine.systemd.show("grows.service", "Nice") == {"Nice": "5"}
    assert machine.units("uninstall", "grows").returncode == 0
    assert machine.records() == []


def test_a_unit_that_is_not_ours_is_kept_and_comes_back(machine: Machine) -> None:
    theirs = "[Service]\nExecStart=/bin/sleep 2000\n[Install]\nWantedBy=multi-user.target\n"
    machine.place("theirs").write_text(theirs)
    machine.place("theirs").chmod(0o640)
    assert machine.systemd.systemctl("enable", "--now", "theirs.service").returncode == 0
    source = machine.source("theirs")

    refused = machine.units("install", source)
    assert refused.returncode == 1
    assert "was not installed by farmhand-units" in refused.stderr
    assert machine.place("theirs").read_text() == theirs

    assert machine.units("install", source, "--replace").returncode == 0
    assert RUNS_ON in machine.place("theirs").read_text()
    newer = machine.source("theirs", more="Nice=5\n")
    assert machine.units("install", newer).returncode == 0
    assert machine.units("uninstall", "theirs").returncode == 0
    assert machine.place("theirs").read_text() == theirs
    assert machine.place("theirs").stat().st_mode & 0o777 == 0o640
    assert machine.state("theirs") == ("active", "enabled")


@pytest.mark.parametrize(
    ("script", "more", "why"),
    [
        pytest.param(DIES, "", "its last lines say why", id="dies in a moment"),
        pytest.param(DIES, "Restart=always\nRestartSec=100ms\n", "its last lines say why", id="again and again"),
        pytest.param("exit 3", "Type=notify\n", "systemctl restart", id="systemd says so"),
        pytest.param(RUNS_ON, "ExecStart=\nExecStart=/no/such/program\n", "systemd-analyze", id="the check says so"),
    ],
)
def test_a_start_that_fails_leaves_nothing(machine: Machine, script: str, more: str, why: str) -> None:
    done = machine.units("install", machine.source("fails", script, more))
    assert done.returncode == 1
    assert why in done.stderr
    assert machine.state("fails") == ("inactive", "")
    assert not machine.place("fails").exists()
    assert not machine.enabled("fails")
    assert machine.records() == []


def test_a_start_that_fails_brings_the_older_definition_back(machine: Machine) -> None:
    assert machine.units("install", machine.source("older")).returncode == 0
    good, record = machine.place("older").read_text(), machine.records()
    assert machine.units("install", machine.source("older", DIES)).returncode == 1
    assert machine.place("older").read_text() == good
    assert machine.state("older") == ("active", "enabled")
    assert machine.records() == record
    assert "installed for systemd; enabled; running" in machine.units("status", "older").stdout
    assert machine.units("uninstall", "older").returncode == 0


def test_one_that_neither_ran_nor_was_enabled_does_neither_afterwards(machine: Machine) -> None:
    machine.place("idle").write_text("[Service]\nExecStart=/bin/sleep 2000\n[Install]\nWantedBy=multi-user.target\n")
    machine.systemd.systemctl("daemon-reload")
    assert machine.units("install", machine.source("idle", DIES), "--replace").returncode == 1
    assert machine.state("idle") == ("inactive", "disabled")
    assert "sleep 2000" in machine.place("idle").read_text()


@pytest.mark.parametrize(
    ("at", "mend"),
    [("daemon-reload", "install"), ("enable", "uninstall"), ("restart", "install"), ("restart", "uninstall")],
)
def test_what_was_killed_in_the_middle_is_mended_by_the_next(machine: Machine, at: str, mend: str) -> None:
    """Killed by SIGKILL as it tells systemd something; an older one of it runs."""
    assert machine.units("install", machine.source("cut")).returncode == 0
    killer = machine.folder / "bin/systemctl"
    killer.parent.mkdir()
    killer.write_text(f'#!/bin/sh\n[ "$1" = {at} ] && kill -9 $PPID\nexec /usr/bin/systemctl "$@"\n')
    killer.chmod(0o755)
    newer = machine.source("cut", more="Nice=5\n")
    assert machine.units("install", newer, path=str(killer.parent)).returncode in (-9, 137)
    assert "interrupted" in machine.units("status", "cut").stdout

    if mend == "install":
        assert machine.units("install", newer).returncode == 0
        assert machine.units("status", newer).returncode == 0
        assert machine.systemd.show("cut.service", "Nice") == {"Nice": "5"}
    assert machine.units("uninstall", "cut").returncode == 0
    until(lambda: machine.state("cut") == ("inactive", ""), "the service to be gone")
    assert not machine.place("cut").exists()
    assert machine.records() == []


def test_a_users_service_is_the_users_alone(machine: Machine) -> None:
    home, own = machine.folder / "home", "/run/own"
    home.mkdir()
    manager = machine.systemd.root / "run/systemd/system/own.service"
    environment = f"RuntimeDirectory=own\nEnvironment=HOME={home} XDG_RUNTIME_DIR={own}"
    program = "Type=notify\nDelegate=yes\nExecStart=/lib/systemd/systemd --user"
    manager.write_text(f"[Service]\n{environment}\n{program}\n")
    assert machine.systemd.systemctl("start", "own.service").returncode == 0

    def units(*words: str) -> CompletedProcess[str]:
        env = ["env", "-u", "XDG_CONFIG_HOME", "-u", "XDG_STATE_HOME", f"HOME={home}", f"XDG_RUNTIME_DIR={own}"]
        return machine.systemd.run(*env, str(BIN / "farmhand-units"), *words, "--scope", "user")

    source = machine.source("mine")
    done = units("install", source, "--watch", "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "loginctl enable-linger" in done.stdout
    assert units("status", source).returncode == 0
    unit = home / ".config/systemd/user/mine.service"
    assert "WantedBy=default.target" in unit.read_text()
    assert units("uninstall", "mine").returncode == 0
    assert not unit.exists()
    assert machine.records() == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["install", "missing.service"], 2, "there is no such file"),
        (["install", "many@.service"], 2, "many@: it is a template"),
        (["install"], 2, "FILE: it is missing"),
        (["uninstall", "missing"], 1, "missing: it is not installed; nothing is, by --scope system"),
        (["status", "missing"], 1, "missing: it is not installed"),
        (["install", "--to", "launchpad"], 2, "invalid choice"),
        (["install", "lossy.service", "--to", "runit", "--way", "native", "--strict"], 1, "runit has nothing like it"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_begun(machine: Machine, words: list[str], code: int, said: str) -> None:
    machine.source("many@")
    machine.source("lossy", more="MemoryMax=1G\n")
    done = machine.units(*words)
    assert (done.returncode, machine.records()) == (code, [])
    assert said in done.stderr
