import pytest

from farmhand.worker.rules.delivery import AWAY, TRIES, TRIES_FOR_LOG, Fate, failed, fate


@pytest.mark.parametrize(
    ("status", "failures", "about_status", "expected"),
    [
        pytest.param(204, 0, True, Fate.DELIVERED, id="taken"),
        pytest.param(204, TRIES_FOR_LOG, False, Fate.DELIVERED, id="taken in the end"),
        pytest.param(None, 0, False, Fate.AGAIN, id="no answer"),
        pytest.param(409, 0, True, Fate.REFUSED, id="not this worker's task any more"),
        pytest.param(404, 0, True, Fate.REFUSED, id="no such task"),
        pytest.param(400, 0, False, Fate.REFUSED, id="makes no sense to the manager"),
        pytest.param(500, 1, False, Fate.AGAIN, id="a failing manager is asked again"),
        pytest.param(500, TRIES_FOR_LOG, False, Fate.GIVEN_UP, id="output is given up soon"),
        pytest.param(None, TRIES_FOR_LOG, False, Fate.GIVEN_UP, id="also where it is this report that has no answer"),
        pytest.param(504, TRIES_FOR_LOG, False, Fate.GIVEN_UP, id="or where a proxy says so"),
        pytest.param(503, TRIES_FOR_LOG, False, Fate.AGAIN, id="one that is busy is given more time"),
        pytest.param(503, TRIES, False, Fate.GIVEN_UP, id="but not for ever"),
        pytest.param(500, TRIES_FOR_LOG, True, Fate.AGAIN, id="the end of a task is not"),
        pytest.param(500, TRIES, True, Fate.GIVEN_UP, id="but in the end it is"),
    ],
)
def test_fate(status, failures, about_status, expected):
    assert fate(status, failures=failures, about_status=about_status) is expected


@pytest.mark.parametrize("status", [None, *sorted(AWAY)])
def test_a_manager_that_is_away_has_not_failed_unless_it_answers_something_else(status):
    assert not failed(status, answering=False)
    assert failed(status, answering=True)


@pytest.mark.parametrize("answering", [False, True])
def test_a_manager_that_falls_over_has_failed(answering):
    assert failed(500, answering=answering)
    assert not failed(204, answering=answering)
    assert not failed(409, answering=answering)
