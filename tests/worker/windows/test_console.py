"""A worker that is asked to stop by its console, as Ctrl-C, a supervisor and the end of a session do."""

import sys

import pytest
from flamenco_manager import manager
from shells import PLATFORMS, fixture_of

from farmhand.supervisor.rules.exitstatus import Exit

REPORTS = "/api/v3/worker/task/"
ANOTHER_WISH = 0.7  # seconds after which a second word is no echo of the first
STARTS = 60

shell = fixture_of(PLATFORMS)


@pytest.fixture
def farm():
    with manager(push=True) as farm:
        yield farm


def worker(shell, farm):
    """Start a worker that is awake, with a console of its own."""
    options = ("--manager", farm.url, "--data", str(shell.folder / "data"))
    tree = shell.spawn(sys.executable, "-m", "farmhand.worker", *options)
    farm.wait_status("awake", STARTS)
    return tree


def test_it_signs_off_and_exits_with_0(shell, farm):
    tree = worker(shell, farm)
    tree.signal("SIGTERM", whom="main")
    assert shell.exit_of(tree) == Exit(code=0)
    assert farm.worker()["status"] == "offline"


def test_told_twice_it_leaves_without_a_word_as_one_that_ctrl_c_has_ended(shell, farm):
    tree = worker(shell, farm)
    farm.fail[REPORTS] = 503  # so it stays some seconds, to try again
    farm.add_task(("echo", {"message": "hi"}))
    farm.wait(lambda: farm.paths(REPORTS))
    while tree.poll() is None:
        tree.signal("SIGTERM", whom="main")
        shell.readable(tree.fileno(), ANOTHER_WISH)
    assert tree.poll() == Exit(signal="SIGINT")
    assert farm.worker()["status"] == "awake"
