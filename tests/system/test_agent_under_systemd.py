"""An agent for workers that run under a real systemd: the same tickets and the same attestation, by systemctl."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import needs
import pytest
from farm import BIN, ROOT, Farm, manager_alone
from polling import until
from sandbox import Sandbox, boot

pytestmark = needs.systemd()

WORKER = """[Service]
Type=exec
ExecStart={bin}/farmhand-worker --manager {url} --name rig --data {folder}/rig --restart-exit-code 47
Restart=on-failure
RestartSec=100ms
{policy}
KillMode=mixed
"""
GOOD = "RestartForceExitStatus=47\nSuccessExitStatus=47"
SHOWN = (ROOT / "config" / "farmhand-agent.service").read_text()
# The checkout may be in root's home, the test's folder is in /tmp, and the machine's own /var/lib is not for tests.
AGENT = """[Service]
ProtectHome=no
PrivateTmp=no
ReadWritePaths={folder}
ExecStart=
ExecStart={bin}/farmhand agent --manager {url} --supervisor systemd --service rig --data {folder}/agent --pace 200ms
"""


@dataclass(frozen=True)
class Bench:
    """A manager, and beside it a systemd with a worker and an agent."""

    farm: Farm
    systemd: Sandbox

    @property
    def worker(self) -> dict[str, Any]:
        found = self.farm.workers().get("rig")
        if found is None:
            return {"status": "", "agent": None, "restart": {"state": ""}}
        whole: dict[str, Any] = self.farm.api(f"/api/v3/worker-mgt/workers/{found['id']}")
        return whole

    def becomes(self, status: str) -> None:
        until(lambda: self.worker["status"] == status, f"the worker to be {status}")

    def restart_is(self, state: str) -> str:
        until(lambda: self.worker["restart"]["state"] == state, f"the restart to be {state}")
        why: str = self.worker["restart"]["why"]
        return why

    def ask(self, verb: str) -> None:
        asked = self.farm.api(f"/api/farmhand/workers/{self.worker['id']}/{verb}", {})
        path = f"/api/farmhand/tickets/{asked['id']}"
        until(lambda: self.farm.api(path)["state"] in ("done", "failed"), "the ticket to be done")
        assert self.farm.api(path)["reason"] == ""

    def write(self, policy: str) -> None:
        words = {"bin": BIN, "url": self.farm.url, "folder": self.farm.data, "policy": policy}
        (self.systemd.units / "rig.service").write_text(WORKER.format(**words))
        (self.systemd.units / "agent.service").write_text(SHOWN.replace("StateDirectory", "# StateDirectory"))
        (self.systemd.units / "agent.service.d").mkdir(exist_ok=True)
        (self.systemd.units / "agent.service.d" / "here.conf").write_text(AGENT.format(**words))
        assert self.systemd.systemctl("daemon-reload").returncode == 0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    units = tmp_path / "units"
    units.mkdir()
    with manager_alone(tmp_path / "data") as farm, boot(units, tmp_path / "log") as systemd:
        bench = Bench(farm, systemd)
        bench.write(GOOD)
        assert systemd.systemctl("start", "rig", "agent").returncode == 0
        yield bench


def test_what_systemd_would_do_is_attested_and_what_it_is_asked_it_does(bench: Bench) -> None:
    why = bench.restart_is("verified")
    assert why == "rig: exit code 47 is in RestartForceExitStatus=; it starts again after 0.1s"
    bench.becomes("awake")
    path = f"/api/v3/worker-mgt/workers/{bench.worker['id']}/setstatus"
    bench.farm.api(path, {"status": "offline", "is_lazy": False})
    until(lambda: bench.worker["agent"]["offers"] == "start", "the agent to see that the worker has ended")
    bench.ask("start")
    bench.becomes("awake")
    assert bench.worker["agent"]["supervisor"] == "systemd"


def test_a_unit_that_would_not_restart_the_worker_is_broken_and_it_is_said_why(bench: Bench) -> None:
    bench.restart_is("verified")
    for policy, why in (
        ("Restart=no", "rig: 47 is not in RestartForceExitStatus= and Restart=no"),
        ("RestartForceExitStatus=47", "rig: SuccessExitStatus= lacks 47: each planned restart counts as a failure"),
        (f"{GOOD}\nRestartPreventExitStatus=47 SIGUSR1", "rig: exit code 47 is in RestartPreventExitStatus="),
    ):
        bench.write(policy)
        until(lambda why=why: bench.worker["restart"]["why"] == why, f"the manager to hear that {why}")  # type: ignore[misc]
        assert bench.worker["restart"]["state"] == "broken"
    bench.write(GOOD)
    bench.restart_is("verified")


def test_a_worker_that_its_start_limit_keeps_down_is_started_all_the_same(bench: Bench) -> None:
    bench.becomes("awake")
    until(lambda: bool(bench.worker["agent"]), "the agent to find the worker's service")
    bench.write(f"{GOOD}\n[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=1h")

    def killed_for_good() -> bool:
        bench.systemd.systemctl("kill", "--signal=KILL", "rig")
        return bool(bench.worker["agent"]["active"] == "failed")

    until(killed_for_good, "the start limit to be hit", pause=0.2)
    assert bench.systemd.systemctl("start", "rig").returncode != 0
    bench.ask("start")
    until(lambda: bench.systemd.show("rig.service", "ActiveState")["ActiveState"] == "active", "the worker to run")


def test_the_unit_that_we_show_is_one_that_systemd_takes(bench: Bench) -> None:
    """All tests here run the agent by it; its command is another one."""
    path = bench.systemd.units / "farmhand-agent.service"
    path.write_text(SHOWN.replace("/usr/bin/farmhand", str(BIN / "farmhand")))
    done = bench.systemd.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path))
    assert (done.returncode, done.stderr) == (0, "")
