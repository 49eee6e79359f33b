"""Every action in both flavours, all through: the page's API of a manager here, and a worker of Windows' Python that
is kept running by our supervisor, which is run by Windows' Python as well.

What it took is printed as a table (pytest -s).
"""

import os
import time
from collections.abc import Iterator
from math import nan

import pytest
from farm import Farm, manager_alone
from polling import until
from windows_worker import STARTS, Worker, installed, packages
from wine import WindowsPython, as_windows_has_it

CONFIG = """
services:
  worker:
    Type: notify
    ExecStart: >-
      {python} -m farmhand.worker --manager {manager} --data {data} --name windows --restart-exit-code 47
    Restart: on-failure
    RestartForceExitStatus: 47
    SuccessExitStatus: 47
    StartLimitIntervalSec: 0
"""
BY_CODE = "exit code 47 is in RestartForceExitStatus="
LAZY = {"after the task": True, "immediately": False}


class Rig:
    """The manager, the supervisor in its Windows, and the worker under that."""

    def __init__(self, farm: Farm, windows: WindowsPython, env: dict[str, str], supervisor: Worker) -> None:
        self.farm, self.supervisor = farm, supervisor
        self._windows, self._env = windows, env
        self.took: dict[tuple[str, str], float] = {}

    def farmhand(self, *words: str) -> str:
        return self._windows.check("-m", "farmhand.supervisor", *words, env=self._env)

    def settles(self, status: str) -> None:
        def is_settled() -> bool:
            assert self.supervisor.process.poll() is None, self.supervisor.log
            worker = self.farm.workers().get("windows", {"status": ""})
            return worker["status"] == status and "status_change" not in worker

        until(is_settled, f"the worker to be {status}", seconds=STARTS, pause=0.02)

    def ask(self, status: str, flavour: str) -> None:
        path = f"/api/v3/worker-mgt/workers/{self.farm.workers()['windows']['id']}/setstatus"
        self.farm.api(path, {"status": status, "is_lazy": LAZY[flavour]})

    def submit(self, seconds: int) -> str:
        """Give the worker something to do, and see it at work on it; return the job."""
        settings = {"message": "hello", "sleep_duration_seconds": seconds, "sleep_repeats": 1}
        body = {"name": "job", "type": "echo-sleep-test", "priority": 50, "submitter_platform": "manager"}
        job: str = self.farm.api("/api/v3/jobs", {**body, "settings": settings})["id"]
        until(lambda: self.task(job) == "active", "the task to be handed out", seconds=STARTS)
        return job

    def task(self, job: str) -> str:
        """Return the status of the task of a job that takes its time."""
        status: str = self.farm.api(f"/api/v3/jobs/{job}/tasks")["tasks"][-1]["status"]
        return status

    def cancel(self, job: str) -> None:
        self.farm.api(f"/api/v3/jobs/{job}/setstatus", {"status": "cancel-requested", "reason": "over"})


def escaped(path: str) -> str:
    """Write a path of Windows as ExecStart= wants it."""
    return path.replace("\\", r"\\")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    windows = installed()
    folder = tmp_path_factory.mktemp("farm")
    env = {
        "PYTHONPATH": as_windows_has_it(packages(folder / "packages")),
        "FARMHAND_CONTROL": rf"\\.\pipe\farmhand-end-to-end-{os.getpid()}",
    }
    with manager_alone(folder / "manager") as farm:
        config = folder / "farm.yaml"
        paths = {"python": windows.program, "data": folder / "worker"}
        words = {name: escaped(as_windows_has_it(path)) for name, path in paths.items()}
        config.write_text(CONFIG.format(manager=farm.url, **words))
        logs = as_windows_has_it(folder / "log")
        run = ("-m", "farmhand.supervisor", "run", "--log-dir", logs, as_windows_has_it(config))
        with windows.started(*run, env=env) as process:
            supervisor = Worker(process)
            try:
                made = Rig(farm, windows, env, supervisor)
                made.settles("awake")
                yield made
                print(table(made.took))
            finally:
                supervisor.end()


def table(took: dict[tuple[str, str], float]) -> str:
    actions = dict.fromkeys(action for action, _ in took)
    rows = [[action, *(f"{took.get((action, flavour), nan):.2f} s" for flavour in LAZY)] for action in actions]
    return "\n" + "".join(f"{first:12}{second:>16}{third:>16}\n" for first, second, third in [["", *LAZY], *rows])


# A worker with a task sleeps, wakes up, is restarted, and shuts down; then it is started by hand.
@pytest.mark.parametrize("flavour", LAZY)
@pytest.mark.parametrize(
    ("action", "status", "then"),
    [
        ("Send to Sleep", "asleep", "asleep"),
        ("Wake Up", "awake", "awake"),
        ("Restart", "restart", "awake"),
        ("Shut Down", "offline", "offline"),
    ],
)
def test_action(rig: Rig, action: str, status: str, then: str, flavour: str) -> None:
    before = rig.farm.workers()["windows"]["status"]
    if before == "offline":
        rig.farmhand("start", "worker")
    elif before == "asleep" and action != "Wake Up":
        rig.ask("awake", "immediately")
    elif before == "awake" and action == "Wake Up":
        rig.ask("asleep", "immediately")
    rig.settles("asleep" if action == "Wake Up" else "awake")
    job = None if action == "Wake Up" else rig.submit(seconds=2 if LAZY[flavour] else 600)
    restarts = rig.supervisor.log.count(BY_CODE)
    asked = time.monotonic()
    rig.ask(status, flavour)
    rig.settles(then)
    rig.took[action, flavour] = time.monotonic() - asked
    if job is not None:
        assert (rig.task(job) == "completed") is LAZY[flavour]
        if not LAZY[flavour]:
            rig.cancel(job)
    assert (rig.supervisor.log.count(BY_CODE) > restarts) is (action == "Restart"), rig.supervisor.log


def test_a_worker_that_the_supervisor_stops_signs_off_and_takes_its_task_along(rig: Rig) -> None:
    if rig.farm.workers()["windows"]["status"] == "offline":
        rig.farmhand("start", "worker")
    rig.settles("awake")
    job = rig.submit(seconds=600)
    rig.farmhand("stop", "worker")
    assert rig.farm.workers()["windows"]["status"] == "offline"
    assert rig.task(job) == "queued"
    shown = rig.farmhand("show", "worker", "--property=Result,ExecMainStatus,SubState")
    assert sorted(shown.split()) == ["ExecMainStatus=0", "Result=success", "SubState=dead"]
