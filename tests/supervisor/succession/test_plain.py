"""What is handed over comes back as it was, through JSON; what is not ours is refused."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from services import FULL, SERVICES

from farmhand.supervisor.platforms import Kept
from farmhand.supervisor.rules.exitstatus import Exit, Result
from farmhand.supervisor.rules.life import Life
from farmhand.supervisor.rules.restart import Verdict
from farmhand.supervisor.rules.startlimit import Starts
from farmhand.supervisor.rules.states import State
from farmhand.supervisor.succession.plain import Unreadable, lift, lower


def again(value):
    return lift(json.loads(json.dumps(lower(value))))


LIFE = Life(
    State.STOP_POST,
    result=Result.TIMEOUT,
    exit=Exit(signal="SIGKILL"),
    command=FULL.exec_stop[0],
    starts=Starts(1.5, 3),
    timer=12.25,
    told="ready",
    verdict=Verdict(True, "why", "Restart"),
)


@pytest.mark.parametrize(
    "value", [LIFE, FULL, Life(), Kept(7, 8.5, 7, "x", ((7, 8.5),), Exit(lost=True)), None, float("inf")]
)
def test_it_comes_back_as_it_was(value):
    assert again(value) == value


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a machine that has much else to do
@given(SERVICES)
def test_any_service_does(service):
    assert again(service) == service


@pytest.mark.parametrize(
    "data",
    [
        {"is": "Life", "nonsense": 1},
        {"is": "Nobody"},
        {"is": "State", "name": "NONE"},
        {"is": "frozenset"},
        {"is": ["Life"]},
        {},
    ],
)
def test_what_is_not_known_here_is_refused(data):
    with pytest.raises(Unreadable):
        lift(data)


def test_what_nobody_can_hand_over_is_a_defect():
    with pytest.raises(TypeError, match="cannot be handed over"):
        lower(object())
