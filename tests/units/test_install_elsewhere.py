"""Services installed into the real runit, s6, OpenRC and supervisord, none of which is named: each is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from farm import BIN
from managers import room
from managers.programs import PROGRAMS

pytestmark = room.needed


@dataclass(frozen=True)
class Machine:
    run: Callable[..., CompletedProcess[str]]
    folder: Path

    def units(self, *words: str) -> CompletedProcess[str]:
        return self.run(str(BIN / "farmhand-units"), *words)

    def install(self, script: str, way: str = "native") -> CompletedProcess[str]:
        lines = (
            f"ExecStart=/bin/sh -c '{script}'\nRestart=always\nRestartSec=1\n[Install]\nWantedBy=multi-user.target\n"
        )
        (self.folder / "tool.service").write_text(f"[Unit]\nStartLimitIntervalSec=0\n[Service]\n{lines}")
        return self.units("install", str(self.folder / "tool.service"), "--way", way, "--watch", "1.5")

    def runs(self, script: str) -> bool:
        return self.run("pgrep", "-fx", f"/bin/sh -c {script}").returncode == 0

    def files(self) -> set[str]:
        """Return all that is kept for services."""
        places = ["/etc/sv", "/etc/s6", "/etc/init.d", "/etc/supervisor/conf.d", "/etc/runlevels", "/etc/farmhand"]
        return set(
            self.run(
                "find", *places, "/etc/service", "/run/service/tool", "/var/lib/farmhand/installed"
            ).stdout.splitlines()
        )


@pytest.fixture(params=["runit", "s6", "openrc", "supervisord"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    with PROGRAMS[request.param]([], tmp_path) as manager:
        assert manager.run is not None
        manager.run("sh", "-c", "rm /var/lib && mkdir -p /var/lib/farmhand/installed")
        yield Machine(manager.run, tmp_path)


@pytest.mark.parametrize("machine", ["runit"], indirect=True)
def test_a_service_that_farmhand_runs_has_to_run_as_well(machine: Machine) -> None:
    before = machine.files()
    failing = machine.install("sleep 0.3; exit 3", "supervised")
    assert failing.returncode == 1
    assert "its last lines say why" in failing.stderr
    assert "exit code 3" in failing.stdout
    assert machine.files() == before
    assert machine.install("while :; do sleep 2; done", "supervised").returncode == 0
    assert machine.runs("while :; do sleep 2; done")
    assert machine.units("uninstall", "tool").returncode == 0
    assert machine.files() == before


def test_a_service_is_installed_replaced_brought_back_and_taken_away(machine: Machine) -> None:
    before = machine.files()
    first = machine.install("while :; do sleep 1; done")
    assert first.returncode == 0, first.stderr
    assert machine.units("status").returncode == 0
    second = machine.install("while :; do sleep 2; done")
    assert second.returncode == 0, second.stderr
    assert machine.runs("while :; do sleep 2; done")
    assert not machine.runs("while :; do sleep 1; done")

    failing = machine.install("sleep 0.3; exit 3")
    assert failing.returncode == 1
    assert "tool: it ended within 1.5 s of its start" in failing.stderr
    assert machine.runs("while :; do sleep 2; done")
    assert machine.units("diff", "tool").returncode == 1

    gone = machine.units("uninstall", "tool")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert not machine.runs("while :; do sleep 2; done")
    assert machine.files() == before
