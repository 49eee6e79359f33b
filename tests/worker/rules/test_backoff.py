import pytest

from farmhand.worker.rules.backoff import LONGEST, about, delay


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 15.0), (10**9, 15.0)])
def test_the_delay_doubles_up_to_the_longest(failures, seconds):
    assert delay(failures, 0.0) == seconds


def test_chance_takes_up_to_half_of_it():
    assert delay(99, 1.0) == LONGEST / 2
    assert delay(99, 0.5) == LONGEST * 0.75


def test_repeated_calls_come_early_rather_than_late():
    assert about(20.0, 0.0) == 20.0
    assert about(20.0, 1.0) == 18.0
