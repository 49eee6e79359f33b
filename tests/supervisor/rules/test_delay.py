"""How long a restart waits."""

import pytest

from farmhand.supervisor.rules.delay import pause
from farmhand.units.spec import INFINITY, Service


def waits(count, *, ran=0.0, forced=False, **directives):
    """Return the waits of so many restarts in a row, each after a run of `ran` seconds."""
    service, crashes, found = Service("a", **directives), 0, []
    for restarts in range(count):
        wait = pause(service, restarts=restarts, crashes=crashes, ran=ran, forced=forced)
        crashes = wait.crashes
        found.append(round(wait.seconds, 6))
    return found


@pytest.mark.parametrize(
    ("directives", "expected"),
    [
        pytest.param({"restart_sec": 2.0}, [2.0] * 6, id="the same each time"),
        pytest.param(
            {"restart_sec": 1.0, "restart_steps": 4, "restart_max_delay_sec": 16.0},
            [1.0, 2.0, 4.0, 8.0, 16.0, 16.0],
            id="in four equal factors to the longest",
        ),
        pytest.param(
            {"restart_sec": 0.1, "restart_steps": 2, "restart_max_delay_sec": 10.0},
            [0.1, 1.0, 10.0, 10.0, 10.0, 10.0],
            id="in two",
        ),
        pytest.param({"restart_sec": 1.0, "restart_steps": 4}, [1.0] * 6, id="steps without a longest"),
        pytest.param({"restart_sec": 1.0, "restart_max_delay_sec": 9.0}, [1.0] * 6, id="a longest without steps"),
        pytest.param({"restart_sec": 0.0, "restart_steps": 3, "restart_max_delay_sec": 9.0}, [0.0] * 6, id="from none"),
        pytest.param({"restart_sec": 5.0, "restart_max_delay_sec": 2.0}, [2.0] * 6, id="the longest is the shorter"),
    ],
)
def test_the_pauses_of_systemd(directives, expected):
    assert waits(6, **directives) == expected


@pytest.mark.parametrize(
    ("directives", "ran", "expected"),
    [
        pytest.param({"restart_sec": 1.0}, 0.0, [1.0, 2.0, 4.0, 8.0, 10.0, 10.0], id="twice as long each time"),
        pytest.param({"restart_sec": 0.0}, 0.0, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2], id="from a moment at least"),
        pytest.param({"restart_sec": 1.0}, 9.9, [1.0, 2.0, 4.0, 8.0, 10.0, 10.0], id="runs that are not long enough"),
        pytest.param({"restart_sec": 1.0}, 10.0, [1.0] * 6, id="runs that are"),
        pytest.param({"restart_sec": 1.0, "backoff_reset_sec": 3.0}, 3.0, [1.0] * 6, id="long enough is said"),
        pytest.param({"restart_sec": 60.0}, 0.0, [60.0] * 6, id="never shorter than RestartSec="),
        pytest.param(
            {"restart_sec": 1.0, "restart_steps": 1, "restart_max_delay_sec": 9.0},
            0.0,
            [1.0, 2.0, 4.0, 8.0, 10.0, 10.0],
            id="it goes before RestartSteps=",
        ),
    ],
)
def test_the_back_off(directives, ran, expected):
    assert waits(6, ran=ran, backoff_max_sec=10.0, **directives) == expected


def test_a_planned_restart_does_not_wait_and_changes_nothing():
    service = Service("a", restart_sec=1.0, backoff_max_sec=10.0)
    wait = pause(service, restarts=3, crashes=3, ran=0.0, forced=True)
    assert (wait.seconds, wait.crashes) == (0.0, 3)


def test_without_a_back_off_it_waits_as_under_systemd():
    assert waits(2, forced=True, restart_sec=1.0) == [1.0, 1.0]


def test_crashes_without_end():
    service = Service("a", restart_sec=1.0, backoff_max_sec=INFINITY)
    assert pause(service, restarts=9, crashes=10**6, ran=0.0, forced=False).seconds == 2.0**64
