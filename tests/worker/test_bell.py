"""The bell of a Farmhand manager, wire.PUSH, with a real worker."""

import pytest
from flamenco_manager import BELL, manager
from worker_process import wait_until, worker

QUICK = ("echo", {"message": "x"})


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def fetches(farm):
    return farm.paths().count("POST /api/v3/worker/task")


def test_a_flamenco_manager_is_not_asked_for_a_bell(tmp_path):
    with manager() as farm, worker(farm.url, tmp_path):
        farm.wait(lambda: fetches(farm))
        assert not farm.paths(BELL)


def test_what_was_seen_is_said(farm, tmp_path):
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.paths(BELL))
        farm.ring()
        farm.wait(lambda: f"GET {BELL}?since={farm.seq}" in farm.paths(BELL))


def test_a_ring_while_the_manager_is_being_asked_is_not_lost(farm, tmp_path):
    def nothing_to_do_and_then_a_request(body):
        del farm.fail["POST /api/v3/worker/task"]
        farm.ask("asleep")
        farm.changed.wait_for(lambda: f"GET {BELL}?since={farm.seq}" in farm.paths(BELL), 5)
        return 204

    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.paths(BELL))
        farm.fail["POST /api/v3/worker/task"] = nothing_to_do_and_then_a_request
        farm.ring()
        farm.wait_status("asleep", 3)


def test_a_bell_that_breaks_is_mended_and_what_was_missed_is_asked_for(farm, tmp_path):
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: fetches(farm))
        farm.down()
        wait_until(lambda: "no answer" in started.log)
        task = farm.add_task(QUICK)
        farm.up()
        farm.wait_task(task, "completed", 5)


def test_a_manager_that_loses_its_bell_is_polled(farm, tmp_path):
    with worker(farm.url, tmp_path):
        farm.wait(lambda: fetches(farm))
        farm.fail[BELL] = 404
        farm.ring()
        farm.wait(lambda: len(farm.paths(BELL)) > 2)
        task = farm.add_task(QUICK)
        farm.wait_task(task, "completed", 6)


def test_a_bell_that_is_always_silent_is_not_asked_in_a_circle(farm, tmp_path):
    farm.fail[BELL] = 204
    with worker(farm.url, tmp_path):
        farm.wait(lambda: len(farm.paths(BELL)) == 3)
        times = [at for at, _, path, _ in farm.calls if path.startswith(BELL)]
        assert times[-1] - times[0] > 1.5
