import pytest

from farmhand.worker.rules.delivery import AWAY, TRIES_FOR_LOG, TRIES_FOR_STATUS, Fate, fate


@pytest.mark.parametrize(
    ("status", "tries", "about_status", "expected"),
    [
        pytest.param(204, 0, True, Fate.DELIVERED, id="taken"),
        pytest.param(None, 0, False, Fate.AGAIN, id="no answer"),
        pytest.param(409, 0, True, Fate.REFUSED, id="not this worker's task any more"),
        pytest.param(404, 0, True, Fate.REFUSED, id="no such task"),
        pytest.param(400, 0, False, Fate.REFUSED, id="makes no sense to the manager"),
        pytest.param(500, 1, False, Fate.AGAIN, id="a failing manager is asked again"),
        pytest.param(500, TRIES_FOR_LOG, False, Fate.GIVEN_UP, id="output is given up soon"),
        pytest.param(500, TRIES_FOR_LOG, True, Fate.AGAIN, id="the end of a task is not"),
        pytest.param(500, TRIES_FOR_STATUS, True, Fate.GIVEN_UP, id="but in the end it is"),
    ],
)
def test_fate(status, tries, about_status, expected):
    assert fate(status, tries=tries, about_status=about_status) is expected


@pytest.mark.parametrize("status", sorted(AWAY))
def test_what_is_not_about_the_report_never_costs_it(status):
    assert fate(status, tries=10**6, about_status=False) is Fate.AGAIN
