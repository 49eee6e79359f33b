"""A worker is frozen for longer than it may be silent: its task goes to another, what it says later is refused."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from farm import BIN, Farm, await_start, free_port, started
from polling import until
from worker_process import worker

LEASE = 4  # seconds

# Ends when there is a file that is named after the worker that runs it.
GATED = r"""
name=$(tr '\0' ' ' < /proc/$PPID/cmdline | sed 's/.*--name \([^ ]*\).*/\1/')
echo "run by $name"
while [ ! -e "$4/gate-$name" ]; do sleep 0.05; done
"""


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    (tmp_path / "manager.yaml").write_text(f"push_timeout: {LEASE}s\n")
    port = free_port()
    words = ("--listen", f"127.0.0.1:{port}", "--data", str(tmp_path / "m"), "--config", str(tmp_path / "manager.yaml"))
    with started(tmp_path / "m", str(BIN / "farmhand-manager"), "run", "--without-login", *words, port=port) as farm:
        await_start(farm, farm.answers)
        yield farm


def submit(farm: Farm, folder: Path) -> str:
    """Have a task done that ends at a gate; return its id."""
    script = folder / "gated.sh"
    script.write_text(GATED)
    settings = {"exe": "/bin/sh", "script": str(script), "frames": "1", "folder": str(folder)}
    job = {"name": "gated", "type": "script-frames", "priority": 50, "submitter_platform": "manager"}
    identity = farm.api("/api/v3/jobs", {**job, "settings": settings})["id"]
    task: str = farm.api(f"/api/v3/jobs/{identity}/tasks")["tasks"][0]["id"]
    return task


def runs_at(farm: Farm, task: str, worker: str) -> bool:
    shown = farm.api(f"/api/v3/tasks/{task}")
    return bool(shown["status"] == "active" and shown["worker"]["name"] == worker)


def test_a_report_of_an_attempt_that_was_given_up_is_refused(farm: Farm, tmp_path: Path) -> None:
    with worker(farm.url, tmp_path / "a", "--name", "a") as a:
        until(lambda: farm.statuses() == {"a": "awake"}, "a to be awake")
        task = submit(farm, tmp_path)
        until(lambda: "run by a" in farm.text(f"/api/v3/tasks/{task}/logtail"), "a to run the task")
        with worker(farm.url, tmp_path / "b", "--name", "b"):
            os.kill(a.process.pid, signal.SIGSTOP)
            until(lambda: runs_at(farm, task, "b"), "b to have the task", seconds=4 * LEASE)
            assert farm.statuses()["a"] == "error"
            (tmp_path / "gate-a").touch()
            os.kill(a.process.pid, signal.SIGCONT)

            until(lambda: farm.statuses() == {"a": "awake", "b": "awake"}, "a to be awake again, without a click")
            until(lambda: "dropped (HTTP 409): refused" in a.log, "what a has done to be refused")
            assert runs_at(farm, task, "b"), "and b goes on"
            (tmp_path / "gate-b").touch()
            until(lambda: farm.api(f"/api/v3/tasks/{task}")["status"] == "completed", "b to complete the task")
            assert farm.api(f"/api/v3/tasks/{task}")["worker"]["name"] == "b"
            assert farm.api(f"/api/v3/tasks/{task}")["failed_by_workers"] == []

        (tmp_path / "gated.sh").unlink()
        again = submit(farm, tmp_path)
        until(lambda: farm.api(f"/api/v3/tasks/{again}")["status"] == "completed", "a to do what comes next")
