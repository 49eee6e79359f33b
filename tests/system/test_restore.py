"""A backup that knows less than a worker does: what it calls queued runs, and is not begun once more beside it."""

import contextlib
import signal
import sys

import pytest
from farm import BIN, await_start, free_port, run, started
from polling import until
from worker_process import worker

REST = 4

IN_VAIN = 'farmhand_http_requests_total{endpoint="worker_api.fetch",status="204"}'

# Runs until the file "go" is there; notes each run, and whether another one was under way.
SCRIPT = """
import os, pathlib, sys, time
here = pathlib.Path(sys.argv[0]).parent
for other in here.glob("run-*"):
    try:
        os.kill(int(other.name[4:]), 0)
        (here / "twice").touch()
    except ProcessLookupError:
        pass
(here / f"run-{os.getpid()}").touch()
while not (here / "go").exists():
    time.sleep(0.05)
"""


@pytest.fixture
def manager(tmp_path):
    config, port = tmp_path / "manager.yaml", free_port()
    config.write_text(f"worker_timeout: {REST}s\npush_timeout: {REST}s\n")
    place = ["--data", str(tmp_path / "manager"), "--config", str(config)]

    @contextlib.contextmanager
    def running():
        words = [str(BIN / "farmhand-manager"), "run", "--without-login", "--listen", f"127.0.0.1:{port}", *place]
        with started(tmp_path / "manager", *words, port=port) as farm:
            await_start(farm, farm.answers)
            yield farm

    return running, place


def become(farm, status, *names):
    for id in (farm.workers()[name]["id"] for name in names):
        body = {"status": status, "is_lazy": False}
        farm.api(f"/api/v3/worker-mgt/workers/{id}/setstatus", body)
    until(lambda: {farm.statuses()[name] for name in names} == {status}, f"{names} to be {status}", seconds=20)


def submit(farm, script):
    settings = {"script": str(script), "frames": "1", "exe": sys.executable, "folder": str(script.parent)}
    body = {"name": "a job", "type": "script-frames", "settings": settings, "submitter_platform": "linux"}
    return farm.api("/api/v3/jobs", body)["id"]


def test_what_a_backup_calls_queued_is_not_begun_beside_the_worker_that_runs_it(manager, tmp_path):
    running, place = manager
    script, file = tmp_path / "work" / "script.py", tmp_path / "farm.zip"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    with contextlib.ExitStack() as ending:
        with running() as farm:
            first = ending.enter_context(worker(farm.url, tmp_path / "one", "--name", "node-1"))
            ending.enter_context(worker(farm.url, tmp_path / "two", "--name", "node-2"))
            until(lambda: list(farm.statuses().values()) == ["awake"] * 2, "both to be awake", seconds=20)
            become(farm, "asleep", "node-1", "node-2")
            job_id = submit(farm, script)
            assert run(farm.environment, "farmhand-manager", "backup", str(file), *place).returncode == 0
            become(farm, "awake", "node-1")
            until(lambda: list(script.parent.glob("run-*")), "the task to run", seconds=20)
        first.process.send_signal(signal.SIGSTOP)
        ending.callback(first.process.send_signal, signal.SIGCONT)
        done = run(farm.environment, "farmhand-manager", "restore", str(file), *place, "--replace")
        assert done.returncode == 0, done.stderr
        with running() as farm:
            become(farm, "awake", "node-2")
            until(lambda: IN_VAIN in farm.text("/metrics"), "the other to ask for work in vain", seconds=20)
            first.process.send_signal(signal.SIGCONT)
            until(lambda: len(list(script.parent.glob("run-*"))) == 2, "the task to run once more", seconds=30)
            (script.parent / "go").touch()
            until(lambda: farm.api(f"/api/v3/jobs/{job_id}")["status"] == "completed", "the job", seconds=20)
            assert not (script.parent / "twice").exists()
