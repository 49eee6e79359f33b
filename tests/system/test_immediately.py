"""From the click to the confirmation, by the clock: a Farmhand worker under a Farmhand manager, both real.

Immediately means within a second that nothing of the task runs any more, however it was started, and that it is queued
again. A worker without a task is as quick in both flavours.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from farm import Farm, manager_alone
from polling import until
from processes import marked
from worker_process import Worker, worker

SECOND = 1.0

# Each says "ready" once all of it runs. Each is run as EXE SCRIPT --frames 1 --folder FOLDER.
TREES = {
    "a wrapper": ("/bin/sh", 2, "sh -c 'echo ready; sleep 40; true'; true"),
    "deaf": ("/bin/sh", 2, "trap '' TERM INT HUP; echo ready; while true; do sleep 1; done"),
    "forked twice": (
        sys.executable,
        3,
        """
import os, signal, time
for name in ("SIGTERM", "SIGINT", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("ready", flush=True)
time.sleep(40)
""",
    ),
}


class Pair:
    """A manager and a worker of it, and how long things take."""

    def __init__(self, farm: Farm, started: Worker, name: str) -> None:
        self.farm, self.worker, self.name = farm, started, name

    @property
    def status(self) -> str | None:
        return self.farm.statuses().get(self.name)

    def ask(self, status: str, *, lazy: bool = False) -> float:
        """Ask the worker for a status; return when."""
        identity = self.farm.workers()[self.name]["id"]
        asked = time.monotonic()
        self.farm.api(f"/api/v3/worker-mgt/workers/{identity}/setstatus", {"status": status, "is_lazy": lazy})
        return asked

    def becomes(self, status: str, asked: float) -> float:
        """Wait until the manager shows a status; return the seconds since it was asked for."""
        return _took(asked, status, lambda: self.status == status)

    def has_task_queued(self, task: str, asked: float) -> float:
        return _took(asked, "queued again", lambda: self.farm.api(f"/api/v3/tasks/{task}")["status"] == "queued")

    def run(self, kind: str) -> str:
        """Have the worker at work on a task; return it."""
        exe, size, text = TREES[kind]
        script = self.worker.folder / f"{kind}-{time.monotonic_ns()}"
        script.write_text(text)
        settings = {"exe": exe, "script": str(script), "frames": "1", "folder": str(self.worker.folder)}
        job = {"name": kind, "type": "script-frames", "priority": 50, "submitter_platform": "manager"}
        identity = self.farm.api("/api/v3/jobs", {**job, "settings": settings})["id"]
        task: str = self.farm.api(f"/api/v3/jobs/{identity}/tasks")["tasks"][0]["id"]
        log = f"/api/v3/tasks/{task}/logtail"
        until(lambda: "> ready" in self.farm.text(log) and len(self.alive()) >= size, "all of the task to run")
        return task

    def forget(self, task: str) -> None:
        self.farm.api(f"/api/v3/tasks/{task}/setstatus", {"status": "canceled", "activity": "over"})

    def alive(self) -> dict[int, str]:
        found = marked(str(self.worker.folder))
        return {pid: line for pid, line in found.items() if pid != self.worker.process.pid}


def _took(asked: float, what: str, done: Callable[[], object]) -> float:
    until(done, what, seconds=5, pause=0.005)
    seconds = time.monotonic() - asked
    print(f"{what}: {seconds * 1000:.0f} ms")
    return seconds


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with manager_alone(tmp_path_factory.mktemp("manager")) as farm:
        yield farm


@pytest.fixture
def pair(farm: Farm, tmp_path: Path) -> Iterator[Pair]:
    with worker(farm.url, tmp_path, "--name", tmp_path.name, "-restart-exit-code", "47") as started:
        pair = Pair(farm, started, tmp_path.name)
        until(lambda: pair.status == "awake", "the worker to be awake")
        yield pair


@pytest.mark.parametrize("kind", TREES)
def test_immediately_the_whole_tree_is_gone_and_the_task_is_queued_within_a_second(pair: Pair, kind: str) -> None:
    for status in ("asleep", "offline"):
        task = pair.run(kind)
        asked = pair.ask(status)
        assert pair.has_task_queued(task, asked) < SECOND
        assert not pair.alive()
        assert pair.becomes(status, asked) < SECOND
        pair.forget(task)
        if status == "asleep":
            pair.becomes("awake", pair.ask("awake"))
    assert pair.worker.exit_code() == 0


@pytest.mark.parametrize("lazy", [False, True], ids=["immediately", "after the task"])
@pytest.mark.parametrize(("status", "exit_code"), [("offline", 0), ("restart", 47)])
def test_a_worker_without_a_task_is_as_quick(pair: Pair, status: str, exit_code: int, lazy: bool) -> None:
    for change in ("asleep", "awake", "asleep", "awake"):
        assert pair.becomes(change, pair.ask(change, lazy=lazy)) < SECOND
    assert pair.becomes("offline", pair.ask(status, lazy=lazy)) < SECOND
    assert pair.worker.exit_code(1) == exit_code
