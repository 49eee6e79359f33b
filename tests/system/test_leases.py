"""A worker that stands still for longer than its lease, and goes on as if nothing had been."""

import contextlib
import signal

import pytest
from farm import BIN, await_start, free_port, started
from polling import until
from worker_process import worker

LEASE = 3


@pytest.fixture
def farm(tmp_path):
    config = tmp_path / "manager.yaml"
    config.write_text(f"push_timeout: {LEASE}s\n")
    port = free_port()
    words = ["run", "--without-login", "--listen", f"127.0.0.1:{port}"]
    words += ["--data", str(tmp_path / "manager"), "--config", str(config)]
    with started(tmp_path / "manager", str(BIN / "farmhand-manager"), *words, port=port) as farm:
        await_start(farm, farm.answers)
        yield farm


def sleeping(farm, job_id):
    """Return the job's last task, which takes a while."""
    found = farm.api(f"/api/v3/jobs/{job_id}/tasks")["tasks"]
    return farm.api(f"/api/v3/tasks/{found[-1]['id']}")


def status_is(farm, **wanted):
    until(lambda: farm.statuses() == {name.replace("_", "-"): status for name, status in wanted.items()}, str(wanted))


def submit(farm, seconds):
    settings = {"message": "hello", "sleep_duration_seconds": seconds, "sleep_repeats": 1}
    body = {"name": "a job", "type": "echo-sleep-test", "settings": settings, "submitter_platform": "linux"}
    return farm.api("/api/v3/jobs", body)["id"]


def test_a_worker_that_stood_still_is_refused_and_awake_again_without_a_click(farm, tmp_path):
    with contextlib.ExitStack() as ending:
        first = ending.enter_context(worker(farm.url, tmp_path / "one", "--name", "node-1"))
        status_is(farm, node_1="awake")
        job_id = submit(farm, 2)
        until(lambda: sleeping(farm, job_id)["status"] == "active", "the task to begin")
        first.process.send_signal(signal.SIGSTOP)
        ending.callback(first.process.send_signal, signal.SIGCONT)
        status_is(farm, node_1="error")
        second = ending.enter_context(worker(farm.url, tmp_path / "two", "--name", "node-2"))
        until(lambda: farm.api(f"/api/v3/jobs/{job_id}")["status"] == "completed", "the other to complete the job")
        first.process.send_signal(signal.SIGCONT)
        status_is(farm, node_1="awake", node_2="awake")
        task = sleeping(farm, job_id)
        assert (task["status"], task["worker"]["name"]) == ("completed", "node-2")
        assert first.process.poll() is None
        assert second.process.poll() is None
