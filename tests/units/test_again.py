"""Which endings start a service again is told in advance as the supervisor decides it when they happen."""

from itertools import product
from typing import get_args

import pytest

from farmhand.supervisor.rules.exitstatus import Exit, classify
from farmhand.supervisor.rules.restart import decide
from farmhand.units.again import CODES, SIGNAL_NAMES, starts_again, stays_down
from farmhand.units.spec import Restart, Service, StatusSet

SOME = StatusSet(frozenset({0, 2, 47}), frozenset({"SIGTERM", "SIGKILL"}))
NONE = StatusSet()


@pytest.mark.parametrize("restart", get_args(Restart))
def test_each_policy_starts_again_what_the_supervisor_would(restart: Restart) -> None:
    for success, prevent, force in product((NONE, SOME), repeat=3):
        service = Service(
            "x",
            restart=restart,
            success_exit_status=success,
            restart_prevent_exit_status=prevent,
            restart_force_exit_status=force,
        )
        for ending in (*CODES, *SIGNAL_NAMES):
            exit = Exit(code=ending) if isinstance(ending, int) else Exit(signal=ending)
            verdict = decide(service, exit, classify(exit, success))
            assert starts_again(service, ending) is verdict.restart, (ending, service, verdict.reason)


def test_what_stays_down_is_named() -> None:
    service = Service("x", restart="on-failure", restart_prevent_exit_status=StatusSet(frozenset({1, 2, 78})))
    assert stays_down(service) == ((0, 1, 2, 78), ("SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM"))
