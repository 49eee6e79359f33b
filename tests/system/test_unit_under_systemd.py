"""The unit that we write for a worker, judged by systemd itself: it loads, and the actions mean what they say."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import needs
import pytest
from farm import BIN, Farm, manager_alone
from polling import until
from sandbox import Sandbox, boot

UNIT = "farmhand-worker.service"
# A note of what systemd thought of each end of the worker; and the unit's file where it says that it is.
DROP_IN = """[Service]
TemporaryFileSystem=/etc/systemd/system
BindReadOnlyPaths={folder}/units/farmhand-worker.service:/etc/systemd/system/farmhand-worker.service
ExecStopPost=/bin/sh -c 'echo $SERVICE_RESULT $EXIT_STATUS >>{folder}/ends'
"""


def render(farm: Farm, folder: Path) -> str:
    """Return the unit file as `farmhand-units` prints it."""
    words = ["--manager", farm.url, "--name", "rig", "--restart-exit-code", "47", "--user", "root", "--group", "root"]
    words += ["--program", str(BIN / "farmhand-worker"), "--folder", str(folder)]
    words += ["--data", str(folder / "home")]
    done = farm.run("farmhand-units", "render", "systemd", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_to_say_against_it(tmp_path: Path) -> None:
    with manager_alone(tmp_path / "data") as farm:
        (tmp_path / UNIT).write_text(render(farm, tmp_path))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / UNIT)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@dataclass(frozen=True)
class Bench:
    """A real worker under a real systemd, signed on at a real manager."""

    farm: Farm
    systemd: Sandbox
    ends: Path

    def worker_id(self) -> str:
        identity: str = self.farm.workers()["rig"]["id"]
        return identity

    def ask(self, status: str, *, lazy: bool = False) -> None:
        path = f"/api/v3/worker-mgt/workers/{self.worker_id()}/setstatus"
        self.farm.api(path, {"status": status, "is_lazy": lazy})

    def drift(self) -> str:
        """Return what the manager thinks of the worker's unit."""
        state: str = self.farm.api(f"/api/v3/worker-mgt/workers/{self.worker_id()}")["unit"]["state"]
        return state

    def unit(self) -> dict[str, str]:
        names = ("ActiveState", "SubState", "Result", "NRestarts", "MainPID", "ExecMainStatus")
        return self.systemd.show(UNIT, *names)

    def awake_after(self, restarts: int) -> bool:
        unit = self.unit()
        runs = (unit["NRestarts"], unit["ActiveState"]) == (str(restarts), "active")
        return runs and self.farm.statuses().get("rig") == "awake"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    units = tmp_path / "units"
    units.mkdir()
    (tmp_path / "home").mkdir()
    with manager_alone(tmp_path / "data") as farm:
        (units / UNIT).write_text(render(farm, tmp_path))
        (units / f"{UNIT}.d").mkdir()
        (units / f"{UNIT}.d" / "test.conf").write_text(DROP_IN.format(folder=tmp_path))
        with boot(units, tmp_path / "systemd.log") as systemd:
            assert systemd.systemctl("start", UNIT).returncode == 0
            made = Bench(farm, systemd, tmp_path / "ends")
            until(lambda: made.awake_after(0), "the worker to be awake", pause=0.05)
            yield made


@needs.systemd()
def test_restart_comes_back_and_is_no_failure(bench: Bench) -> None:
    before = bench.unit()["MainPID"]
    bench.ask("restart")
    until(lambda: bench.awake_after(1), "the worker to be back", pause=0.05)
    after = bench.unit()
    assert after["MainPID"] != before
    assert (after["ActiveState"], after["Result"]) == ("active", "success")
    assert bench.ends.read_text() == "success 47\n"


@needs.systemd()
def test_the_manager_knows_its_unit_and_notices_a_change(bench: Bench) -> None:
    assert bench.drift() == "as-generated"
    file = bench.systemd.units / UNIT
    file.write_text(file.read_text() + "# somebody was here\n")
    bench.ask("restart")
    until(lambda: bench.awake_after(1), "the worker to be back", pause=0.05)
    assert bench.drift() == "differs"


@needs.systemd()
def test_shut_down_stays_down(bench: Bench) -> None:
    bench.ask("offline")
    until(lambda: bench.farm.statuses()["rig"] == "offline", "the worker to sign off", pause=0.05)
    until(lambda: bench.unit()["ActiveState"] == "inactive", "systemd to notice", pause=0.05)
    after = bench.unit()
    assert (after["SubState"], after["Result"], after["NRestarts"]) == ("dead", "success", "0")
    assert after["ExecMainStatus"] == "0"


@needs.systemd()
def test_a_killed_worker_comes_back(bench: Bench) -> None:
    bench.systemd.systemctl("kill", "--signal=KILL", "--kill-whom=main", UNIT)
    until(lambda: bench.awake_after(1), "the worker to be back", pause=0.05)
    assert bench.ends.read_text() == "signal KILL\n"
