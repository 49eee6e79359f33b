"""An agent at work: real supervisor, manager, worker and agent; what each of them must survive, and what is refused."""

import contextlib
import json
import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from farm import BIN, Farm, ask, running, without_login
from polling import until

CONFIG = """
supervisor:
  LogDirectory: ${{FARMHAND_DATA}}/log
services:
  manager:
    Type: notify
    ExecStart: >-
      {bin}/farmhand-manager run --listen 127.0.0.1:${{FARMHAND_PORT}} --data ${{FARMHAND_DATA}}
      --config {folder}/manager.yaml
    KillMode: mixed
  worker:
    After: manager
    Wants: manager
    Type: exec
    ExecStart: >-
      {bin}/farmhand-worker --manager http://127.0.0.1:${{FARMHAND_PORT}}/ --name rig --data ${{FARMHAND_DATA}}/rig
      --restart-exit-code 47
    Restart: {restart}
    RestartForceExitStatus: {force}
    SuccessExitStatus: 47
    KillMode: mixed
    TimeoutStopSec: 3s
    ExecStopPost: {after}
  agent:
    After: manager
    Type: exec
    ExecStart: >-
      {bin}/farmhand agent --manager http://127.0.0.1:${{FARMHAND_PORT}}/ --name node --service worker
      --data ${{FARMHAND_DATA}}/agent
    Restart: on-failure
    RestartPreventExitStatus: 2 77
"""


@dataclass(frozen=True)
class Bench:
    """A farm of one worker, with an agent."""

    farm: Farm

    @property
    def worker(self) -> dict[str, Any]:
        """The worker as the operator's programs see it."""
        (found,) = self.farm.workers().values()
        whole: dict[str, Any] = self.farm.api(f"/api/v3/worker-mgt/workers/{found['id']}")
        return whole

    def becomes(self, status: str) -> None:
        until(lambda: self.worker["status"] == status, f"the worker to be {status}")

    def attested(self, state: str) -> dict[str, str]:
        until(lambda: self.worker["restart"]["state"] == state, f"the restart to be {state}")
        found: dict[str, str] = self.worker["restart"]
        return found

    def ask(self, verb: str) -> dict[str, Any]:
        found: dict[str, Any] = self.farm.api(f"/api/farmhand/workers/{self.worker['id']}/{verb}", {})
        return found

    def refused(self, verb: str) -> str:
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.ask(verb)
        assert caught.value.code == 409
        message: str = json.load(caught.value)["message"]
        return message

    def reload(self, config: Path) -> None:
        without_login(self.farm.data, config)
        assert self.farm.run("farmhand", "daemon-reload").returncode == 0

    def shut_down(self) -> None:
        path = f"/api/v3/worker-mgt/workers/{self.worker['id']}/setstatus"
        self.farm.api(path, {"status": "offline", "is_lazy": False})
        self.becomes("offline")
        until(lambda: self.worker["agent"]["offers"] == "start", "the agent to see that the worker has ended")

    def ticket(self, asked: dict[str, Any], state: str) -> dict[str, Any]:
        path = f"/api/farmhand/tickets/{asked['id']}"
        until(lambda: self.farm.api(path)["state"] == state, f"the ticket to be {state}")
        found: dict[str, Any] = self.farm.api(path)
        return found

    def pid(self, service: str) -> int:
        return int(self.farm.show(service, "MainPID")["MainPID"])

    def attended(self) -> bool:
        return bool(self.worker["agent"])


def write(folder: Path, restart: str = "on-failure", force: str = "47", after: str = "/bin/true") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manager.yaml").write_text("push_timeout: 2s\n")
    config = folder / "farm.yaml"
    config.write_text(CONFIG.format(bin=BIN, folder=folder, restart=restart, force=force, after=after))
    return config


@contextlib.contextmanager
def started(folder: Path, after: str = "/bin/true") -> Iterator[Bench]:
    """Run a farm whose configuration is in `folder`. after: what runs once the worker has ended."""
    with running(folder / "data", write(folder, after=after), workers=1) as farm:
        bench = Bench(farm)
        until(bench.attended, "the agent to find the worker's service")
        yield bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("farm")


@pytest.fixture(scope="module")
def farm(folder: Path) -> Iterator[Bench]:
    with started(folder) as bench:
        yield bench


@pytest.fixture
def bench(farm: Bench) -> Bench:
    """The farm as each test finds it, and leaves it."""
    farm.becomes("awake")
    farm.attested("verified")
    return farm


def test_a_worker_that_was_shut_down_is_started_from_the_page_of_the_manager(bench: Bench) -> None:
    assert "is running already" in bench.refused("start")
    bench.shut_down()
    before = bench.worker
    assert (before["status"], before["agent"]["offers"], before["agent"]["exit"]) == ("offline", "start", "exit code 0")
    bench.ticket(bench.ask("start"), "done")
    bench.becomes("awake")
    assert bench.worker["id"] == before["id"]


def test_no_start_limit_keeps_down_what_somebody_asks_for(bench: Bench) -> None:
    for _ in range(7):
        bench.shut_down()
        bench.ticket(bench.ask("start"), "done")
        bench.becomes("awake")


def test_a_worker_that_hangs_is_restarted_though_it_does_not_answer(bench: Bench) -> None:
    hung = bench.pid("worker")
    os.kill(hung, signal.SIGSTOP)
    until(lambda: bench.worker["agent"]["offers"] == "restart", "the worker to be lost")
    bench.ticket(bench.ask("force-restart"), "done")
    assert bench.pid("worker") not in (0, hung)
    bench.becomes("awake")


def test_the_drill_shows_how_long_the_worker_is_away(bench: Bench) -> None:
    assert bench.attested("verified")["why"].startswith("worker: exit code 47 is in RestartForceExitStatus=")
    bench.becomes("awake")
    begun = bench.ask("drill")
    until(lambda: bench.worker.get("drill", {}).get("state") == "done", "the drill to be over")
    drill = bench.worker["drill"]
    assert drill["request"] == begun["request"]
    assert 100 < drill["gap_ms"] < 10_000
    assert bench.farm.show("worker", "NRestarts", "Result") == {"NRestarts": "1", "Result": "success"}


def test_an_agent_outlives_a_supervisor_that_is_replaced(bench: Bench) -> None:
    assert bench.farm.run("farmhand", "reexec").returncode == 0
    bench.shut_down()
    bench.ticket(bench.ask("start"), "done")
    bench.becomes("awake")


def test_a_policy_that_changes_is_attested_anew(bench: Bench, folder: Path) -> None:
    bench.reload(write(folder, restart="'no'", force="48"))
    assert bench.attested("broken")["why"] == "worker: 47 is not in RestartForceExitStatus= and Restart=no"
    bench.reload(write(folder))
    bench.attested("verified")


def test_an_agent_killed_in_the_middle_does_nothing_twice(tmp_path: Path) -> None:
    with started(tmp_path, after="/bin/sh -c 'echo stopped >>${FARMHAND_DATA}/stops; sleep 2'") as bench:
        os.kill(bench.pid("worker"), signal.SIGSTOP)
        until(lambda: bench.worker["agent"]["offers"] == "restart", "the worker to be lost")
        asked = bench.ask("force-restart")
        until((bench.farm.data / "stops").exists, "the worker to be stopped")
        os.kill(bench.pid("agent"), signal.SIGKILL)
        ended = bench.ticket(asked, "failed")
        assert ended["reason"] == "the agent was interrupted while it did this, and does nothing twice"
        bench.becomes("awake")
        assert (bench.farm.data / "stops").read_text() == "stopped\n"


def test_a_manager_that_was_away_finds_its_agent_again(bench: Bench) -> None:
    os.kill(bench.pid("manager"), signal.SIGKILL)
    until(lambda: bench.farm.show("manager", "ActiveState")["ActiveState"] == "failed", "the manager to be gone")
    assert bench.farm.run("farmhand", "start", "manager").returncode == 0
    bench.shut_down()
    bench.ticket(bench.ask("start"), "done")
    bench.becomes("awake")


def test_credentials_are_nobody_elses_to_read(bench: Bench) -> None:
    folder = bench.farm.data / "agent"
    kept = json.loads((folder / "agent-credentials.json").read_text())
    assert (len(kept["secret"]), len(kept["ticket_key"])) == (64, 64)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_removed_agent_ends_and_is_not_started_again(bench: Bench) -> None:
    """The last one: after it the farm has no agent."""
    call = urllib.request.Request(
        f"{bench.farm.url}/api/farmhand/agents/{bench.worker['agent']['id']}", method="DELETE"
    )
    urllib.request.urlopen(call, timeout=10).close()
    until(lambda: bench.farm.show("agent", "ActiveState")["ActiveState"] == "failed", "the agent to end", seconds=15)
    assert bench.farm.show("agent", "ExecMainStatus")["ExecMainStatus"] == "77"
    assert ask(f"{bench.farm.url}/api/farmhand/agents")["agents"] == []


def test_all_workers_of_the_farm_that_comes_with_us_are_attended(tmp_path: Path) -> None:
    with running(tmp_path) as farm:
        until(
            lambda: {one["restart"]["state"] for one in farm.workers().values()} == {"verified"}, "all to be verified"
        )


def test_the_history_says_how_long_nothing_ran_as_the_supervisor_measured_it(tmp_path: Path) -> None:
    with started(tmp_path) as bench:  # of restarts that follow each other within seconds only the first is told
        bench.attested("verified")
        bench.ask("drill")
        told = re.compile(r"(Ended with exit code 47, and was|Was) started again by its supervisor in \d+\.\d s")
        page = f"/workers/{bench.worker['id']}/history"
        until(lambda: told.search(bench.farm.text(page)), "the history to tell of the restart", pause=0.1)
