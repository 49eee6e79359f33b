"""A worker that has nothing to do does nothing."""

import time

import psutil
import pytest
from flamenco_manager import manager
from worker_process import wait_until, worker

SIGN_ON, SIGN_OFF = "/api/v3/worker/sign-on", "/api/v3/worker/sign-off"
SLEEPING = ("exec", {"exe": "sleep", "args": ["300"]})


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def idle(farm, started):
    farm.wait(lambda: "POST /api/v3/worker/task" in farm.paths())


def busy(farm, started):
    task = farm.add_task(SLEEPING)
    farm.wait(lambda: "sleep" in farm.tasks[task]["log"])


def asleep(farm, started):
    idle(farm, started)
    farm.ask("asleep")
    farm.wait_status("asleep")


def lost_and_not_let_in_again(farm, started):
    idle(farm, started)
    with farm.changed:
        farm.fail[SIGN_ON] = 500
        farm.worker()["status"] = "error"
        farm.ring()
    farm.wait(lambda: farm.paths().count(f"POST {SIGN_ON}") > 3)
    farm.ring()


def signing_off_from_a_manager_that_takes_its_time(farm, started):
    idle(farm, started)
    farm.fail[SIGN_OFF] = lambda _: farm.changed.wait_for(lambda: False, 5) or 204
    started.process.terminate()
    farm.wait(lambda: f"POST {SIGN_OFF}" in farm.paths())


@pytest.mark.parametrize(
    "state", [idle, busy, asleep, lost_and_not_let_in_again, signing_off_from_a_manager_that_takes_its_time]
)
def test_waiting_costs_no_time_of_the_processor(farm, tmp_path, state):
    with worker(farm.url, tmp_path) as started:
        state(farm, started)
        process = psutil.Process(started.process.pid)
        before, begun = process.cpu_times(), time.monotonic()
        wait_until(lambda: time.monotonic() - begun > 1)
        after = process.cpu_times()
        assert (after.user + after.system) - (before.user + before.system) < 0.1
