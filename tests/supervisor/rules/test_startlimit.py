"""The start limit: a fixed window, opened by a start."""

import pytest

from farmhand.supervisor.rules.startlimit import Starts, count_start


def admitted(times, *, burst, interval):
    starts, answers = Starts(), []
    for now in times:
        starts, allowed = count_start(starts, now, burst=burst, interval=interval)
        answers.append(allowed)
    return answers


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param([0, 1, 2], [True, True, False], id="the burst is used up"),
        pytest.param([0, 9.9, 10], [True, True, False], id="the window is still open at its very end"),
        pytest.param([0, 1, 10.1, 10.2, 10.3], [True, True, True, True, False], id="a new window begins"),
        pytest.param([0, 9, 11, 12], [True, True, True, True], id="fixed, not sliding: 9 and 11 are in two windows"),
        pytest.param([5, 6, 7, 15.5], [True, True, False, True], id="a refused start does not prolong the window"),
    ],
)
def test_two_starts_in_ten_seconds(times, expected):
    assert admitted(times, burst=2, interval=10) == expected


@pytest.mark.parametrize(("burst", "interval"), [(0, 10), (2, 0)])
def test_zero_means_no_limit(burst, interval):
    assert all(admitted(range(20), burst=burst, interval=interval))
