"""Nothing of a task outlives it, however hard it tries."""

import signal
import subprocess
import sys
import time

import pytest
from flamenco_manager import manager
from processes import marked
from worker_process import wait_until, worker

# Forks twice, begins a session of its own, ignores what can be ignored, and keeps the output open.
HOSTILE = """
import os, signal, sys, time
for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
def linger():
    print("lingering", flush=True)
    while True:
        time.sleep(1)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.environ.clear()
        linger()
    linger()
if "stay" in sys.argv:
    linger()
"""


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def hostile(tmp_path, *arguments):
    script = tmp_path / "hostile-script.py"
    script.write_text(HOSTILE)
    return ("exec", {"exe": sys.executable, "args": [str(script), *arguments]})


@pytest.mark.parametrize("action", ["asleep", "offline"])
def test_immediately_ends_the_whole_tree(farm, tmp_path, action):
    task = farm.add_task(hostile(tmp_path, "stay"))
    script = str(tmp_path / "hostile-script.py")
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "active")
        wait_until(lambda: len(marked(script)) == 3)
        farm.ask(action)
        farm.wait_status(action, 30)
        assert not marked(script), "the change is confirmed only when nothing runs any more"
        assert farm.tasks[task]["status"] == "queued"


@pytest.mark.parametrize("flood", ["yes", "cat /dev/zero", "cat /dev/urandom"])
def test_a_flood_of_output_does_not_delay_it(farm, tmp_path, flood):
    task = farm.add_task(("exec", {"exe": "/bin/sh", "args": ["-c", f": {tmp_path}; {flood}; true"]}))
    with worker(farm.url, tmp_path):
        farm.wait(lambda: len(farm.tasks[task]["log"]) > 100_000)
        farm.ask("asleep")
        farm.wait_status("asleep", 30)
        farm.wait(lambda: farm.tasks[task]["status"] == "queued", 0)


def test_an_orphan_that_holds_the_output_keeps_nobody_waiting(farm, tmp_path):
    task = farm.add_task(hostile(tmp_path))
    script = str(tmp_path / "hostile-script.py")
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "active")
        farm.wait_task(task, "completed", 30)
        assert not marked(script)


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGINT"])
def test_a_worker_told_to_stop_takes_its_task_along(farm, tmp_path, ending):
    task = farm.add_task(hostile(tmp_path, "stay"))
    script = str(tmp_path / "hostile-script.py")
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: len(marked(script)) == 3)
        started.process.send_signal(getattr(signal, ending))
        assert started.exit_code(2) == 0
        assert not marked(script)
        assert farm.worker()["status"] == "offline"
        assert farm.tasks[task]["status"] == "queued"


# A worker with a defect: it falls over as soon as a file is there.
DEFECT = """
import sys
from pathlib import Path
from farmhand.worker.cli import main
from farmhand.worker.notify import Notifier

def alive(self, now):
    if Path(sys.argv[1]).exists():
        raise RuntimeError("a defect")

Notifier.alive = alive
sys.exit(main(sys.argv[2:]))
"""


def test_a_worker_that_falls_over_takes_its_task_along(farm, tmp_path):
    farm.add_task(hostile(tmp_path, "stay"))
    script, now = str(tmp_path / "hostile-script.py"), tmp_path / "now"
    options = ["--manager", farm.url, "--data", str(tmp_path / "data")]
    with subprocess.Popen([sys.executable, "-c", DEFECT, now, *options], stderr=subprocess.PIPE, text=True) as falling:
        wait_until(lambda: len(marked(script)) == 3)
        now.touch()
        farm.ring()
        assert "RuntimeError: a defect" in falling.communicate(timeout=10)[1]
        assert falling.returncode == 1
    wait_until(lambda: not marked(script))


def test_a_second_signal_ends_the_worker_at_once_and_the_task_with_it(farm, tmp_path):
    farm.add_task(hostile(tmp_path, "stay"))
    script = str(tmp_path / "hostile-script.py")
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: len(marked(script)) == 3)
        farm.fail["/api/v3/worker/sign-off"] = lambda _: time.sleep(3)
        started.process.terminate()
        wait_until(lambda: "signing off" in started.log)
        asked = time.monotonic()
        wait_until(lambda: started.process.terminate() or started.process.poll() is not None, 2)
        assert started.exit_code() == -signal.SIGTERM
        assert 0.3 < time.monotonic() - asked < 1, "signals that come together are one wish"
        wait_until(lambda: not marked(script))
