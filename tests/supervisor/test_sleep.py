"""The machine sleeps for some hours, and no service is taken for one that hangs."""

import subprocess
import sys

import pytest
from polling import until

from farmhand.supervisor.waiting import Waiter

# A supervisor where Python's own clock counts on during the sleep, as it does on Windows.
SLEEPER = """
import os, sys, time
from farmhand.supervisor.platforms import native
platform = native()
awake, hours = time.monotonic, 8 * 3600
time.monotonic = lambda: awake() + (hours if os.path.exists("slept") else 0)
from farmhand.supervisor.loop import Shell, run
from farmhand.units.dialects import farmhand
services = farmhand.read("farm.yaml", open("farm.yaml").read()).services
sys.exit(run(services, Shell(dict(os.environ)), platform=platform))
"""
FARM = f"""
services:
  silent:
    Type: notify
    ExecStart: {sys.executable} -c "import sdnotify, time; sdnotify.SystemdNotifier().notify('READY=1'); time.sleep(99)"
    WatchdogSec: 1min
  busy:
    ExecStart: /bin/true
    Restart: always
    StartLimitIntervalSec: 0
"""


@pytest.fixture
def clock():
    """Return a clock that stands still, until it is put forward."""
    return [1000.0]


def test_a_deadline_does_not_come_while_the_clock_stands_still(clock):
    waiter, rung = Waiter(lambda: clock[0]), []
    waiter.at(clock[0] + 0.05, lambda: rung.append(True))
    waiter.wait()
    assert rung == []
    clock[0] += 0.05
    waiter.wait()
    assert rung == [True]
    waiter.close()


def test_a_sleep_of_the_machine_fires_no_watchdog(tmp_path):
    (tmp_path / "farm.yaml").write_text(FARM)
    log = tmp_path / "log"
    with log.open("wb") as file:
        supervisor = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=tmp_path, stdout=file, stderr=file)

    def turns() -> int:
        return log.read_text().count("busy: auto-restart -> ")

    try:
        until(lambda: "silent: start -> running" in log.read_text(), "the service to be up")
        (tmp_path / "slept").touch()
        before = turns()
        until(lambda: turns() > before + 3, "some turns of the loop")
    finally:
        supervisor.terminate()
        supervisor.wait(20)
    assert "watchdog" not in log.read_text()
