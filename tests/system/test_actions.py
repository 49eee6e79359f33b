"""Each action in each flavour to a real worker in each state, under the real supervisor: what the docs' table promises.

How a worker fares that is starting, between two tasks or lost, stands in tests/worker and tests/manager: there a state
that passes in milliseconds can be held.
"""

import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
from farm import Farm, running
from polling import until

CONFIG = """
services:
  manager:
    Type: notify
    ExecStart: farmhand-manager run --listen 127.0.0.1:${FARMHAND_PORT} --data ${FARMHAND_DATA}
  worker:
    After: manager
    ExecStart: >-
      farmhand-worker --manager http://127.0.0.1:${FARMHAND_PORT}/ --name node --data ${FARMHAND_DATA}/node
      --restart-exit-code 47
    RestartForceExitStatus: 47
    StartLimitIntervalSec: 0
"""
IMMEDIATELY, AFTER_TASK = False, True
FLAVOURS = pytest.mark.parametrize("lazy", [IMMEDIATELY, AFTER_TASK], ids=["immediately", "after task"])
STATUS = {"idle": "awake", "busy": "awake", "asleep": "asleep", "offline": "offline"}


class Rig:
    """One worker in a farm of its own, and what can be done to it."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.id: str = farm.workers()["node"]["id"]

    def status(self) -> str:
        return self.farm.statuses()["node"]

    def ask(self, status: str, *, lazy: bool) -> None:
        self.farm.api(f"/api/v3/worker-mgt/workers/{self.id}/setstatus", {"status": status, "is_lazy": lazy})

    def pending(self) -> bool:
        return "status_change" in self.farm.workers()["node"]

    def settles(self, status: str) -> None:
        until(lambda: self.status() == status and not self.pending(), f"the worker to be {status}")

    def pid(self) -> str:
        return self.farm.show("worker", "MainPID")["MainPID"]

    def submit(self, seconds: int) -> str:
        """Give the worker something to do, and see it at work on it; return the job."""
        settings = {"message": "hello", "sleep_duration_seconds": seconds, "sleep_repeats": 1}
        body = {"name": "job", "type": "echo-sleep-test", "priority": 50, "submitter_platform": "manager"}
        job: str = self.farm.api("/api/v3/jobs", {**body, "settings": settings})["id"]
        until(lambda: self.task(job)["status"] == "active", "the task to be handed out")
        return job

    def task(self, job: str) -> dict[str, Any]:
        """Return the task of a job that takes its time."""
        found: dict[str, Any] = self.farm.api(f"/api/v3/jobs/{job}/tasks")["tasks"][-1]
        return self.farm.api(f"/api/v3/tasks/{found['id']}") or {}

    def begin(self, state: str) -> None:
        """Bring the worker into a state, with nothing left to do."""
        for job in self.farm.api("/api/v3/jobs")["jobs"]:
            if job["status"] in ("queued", "active"):
                self.farm.api(f"/api/v3/jobs/{job['id']}/setstatus", {"status": "cancel-requested", "reason": "over"})
        if self.farm.show("worker", "ActiveState")["ActiveState"] != "active":
            assert self.farm.run("farmhand", "start", "worker").returncode == 0
        until(lambda: self.status() in ("awake", "asleep"), "the worker to be up")
        if self.status() != STATUS[state]:
            self.ask(STATUS[state], lazy=False)
        self.settles(STATUS[state])

    def is_down(self) -> None:
        self.settles("offline")
        until(lambda: self.farm.show("worker", "ActiveState")["ActiveState"] == "inactive", "the supervisor to see it")
        ended = self.farm.show("worker", "Result", "ExecMainStatus", "SubState")
        assert ended == {"Result": "success", "ExecMainStatus": "0", "SubState": "dead"}

    def is_another_process(self, before: str, status: str) -> None:
        until(lambda: self.pid() not in ("0", before), "a new process")
        self.settles(status)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    folder = tmp_path_factory.mktemp("farm")
    (folder / "farm.yaml").write_text(CONFIG)
    with running(folder / "data", folder / "farm.yaml", workers=1) as farm:
        yield farm


@pytest.fixture
def rig(farm: Farm) -> Rig:
    return Rig(farm)


@FLAVOURS
@pytest.mark.parametrize("state", ["idle", "asleep"])
def test_shut_down_of_a_worker_with_nothing_to_do(rig: Rig, state: str, lazy: bool) -> None:
    rig.begin(state)
    rig.ask("offline", lazy=lazy)
    rig.is_down()


@FLAVOURS
@pytest.mark.parametrize("state", ["idle", "asleep"])
def test_restart_brings_it_back_as_it_was(rig: Rig, state: str, lazy: bool) -> None:
    rig.begin(state)
    before = rig.pid()
    rig.ask("restart", lazy=lazy)
    rig.is_another_process(before, STATUS[state])


@FLAVOURS
def test_sleep_and_wake(rig: Rig, lazy: bool) -> None:
    rig.begin("idle")
    rig.ask("asleep", lazy=lazy)
    rig.settles("asleep")
    rig.ask("awake", lazy=lazy)
    rig.settles("awake")


@pytest.mark.parametrize("status", ["offline", "restart", "asleep"])
def test_immediately_a_task_is_aborted_and_queued_again(rig: Rig, status: str) -> None:
    rig.begin("idle")
    job, before = rig.submit(seconds=60), rig.pid()
    rig.ask(status, lazy=IMMEDIATELY)
    if status == "restart":
        rig.is_another_process(before, "awake")
        until(lambda: rig.task(job)["status"] == "active", "the task to be taken up again")
    else:
        rig.settles(status)
        until(lambda: rig.task(job)["status"] == "queued", "the task to be queued again", seconds=1)
    assert rig.task(job)["failed_by_workers"] == []


@pytest.mark.parametrize("status", ["offline", "restart", "asleep"])
def test_after_the_task_it_is_finished_first_and_no_other_is_begun(rig: Rig, status: str) -> None:
    rig.begin("idle")
    first, before = rig.submit(seconds=1), rig.pid()
    rig.ask(status, lazy=AFTER_TASK)
    assert rig.pending()
    second = rig.farm.api("/api/v3/jobs/" + first)  # the same again, waiting
    settings = {"name": "next", "type": second["type"], "priority": 50, "submitter_platform": "manager"}
    waiting = rig.farm.api("/api/v3/jobs", {**settings, "settings": second["settings"]})["id"]
    if status == "restart":
        rig.is_another_process(before, "awake")
    else:
        rig.settles(status)
        assert {task["status"] for task in rig.farm.api(f"/api/v3/jobs/{waiting}/tasks")["tasks"]} == {"queued"}
    assert rig.task(first)["status"] == "completed"


@FLAVOURS
def test_nothing_waits_for_an_offline_worker_to_do_it(rig: Rig, lazy: bool) -> None:
    rig.begin("idle")
    rig.ask("offline", lazy=IMMEDIATELY)
    rig.is_down()
    with pytest.raises(urllib.error.HTTPError) as refused:
        rig.ask("restart", lazy=lazy)
    assert refused.value.code == 409
    assert "start it on its machine" in refused.value.read().decode()
    rig.ask("offline", lazy=lazy)
    assert not rig.pending()


@pytest.mark.parametrize("status", ["asleep", "awake"])
def test_how_an_offline_worker_will_start(rig: Rig, status: str) -> None:
    rig.begin("asleep" if status == "awake" else "idle")
    rig.ask("offline", lazy=IMMEDIATELY)
    rig.is_down()
    rig.ask(status, lazy=IMMEDIATELY)
    assert rig.farm.run("farmhand", "start", "worker").returncode == 0
    rig.settles(status)


def test_what_is_asked_can_be_taken_back(rig: Rig) -> None:
    rig.begin("idle")
    job, before = rig.submit(seconds=2), rig.pid()
    rig.ask("restart", lazy=AFTER_TASK)
    assert rig.pending()
    rig.ask("awake", lazy=IMMEDIATELY)
    assert not rig.pending()
    until(lambda: rig.task(job)["status"] == "completed", "the task to be finished")
    rig.settles("awake")
    assert rig.pid() == before
