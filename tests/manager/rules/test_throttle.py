"""How long the next try has to wait."""

import pytest

from farmhand.manager.rules.throttle import FORGOTTEN, LIMITS, Count, Failures, another, wait

NOW = 1_700_000_000_000


def failures(number, ago=0):
    return Failures(number, NOW - ago)


@pytest.mark.parametrize(
    ("number", "seconds"), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 4), (9, 64), (12, 512), (13, 900), (1000, 900)]
)
def test_it_doubles_up_to_the_longest(number, seconds):
    assert wait({Count.PAIR: failures(number)}, NOW, known_here=False) == seconds * 1000


def test_it_passes():
    assert wait({Count.PAIR: failures(5, ago=3000)}, NOW, known_here=False) == 1000
    assert wait({Count.PAIR: failures(5, ago=4000)}, NOW, known_here=False) == 0


def test_the_longest_of_the_waits_counts():
    found = {Count.PAIR: failures(3), Count.ADDRESS: failures(24), Count.NAME: failures(22)}
    assert wait(found, NOW, known_here=False) == 16_000


def test_strangers_elsewhere_do_not_delay_where_a_person_is_known():
    found = {Count.PAIR: failures(1), Count.ADDRESS: failures(999), Count.NAME: failures(999)}
    assert wait(found, NOW, known_here=True) == 0
    assert wait({Count.PAIR: failures(4)}, NOW, known_here=True) == 2000


def test_strangers_delay_a_person_a_minute_at_most_anywhere():
    assert wait({Count.NAME: failures(999)}, NOW, known_here=False) == LIMITS[Count.NAME].longest == 60_000


def test_failures_are_forgotten():
    assert another(failures(9, ago=FORGOTTEN + 1), NOW) == Failures(1, NOW)
    assert another(failures(9, ago=FORGOTTEN), NOW) == Failures(10, NOW)
    assert another(None, NOW) == Failures(1, NOW)
    assert wait({Count.PAIR: failures(1000, ago=FORGOTTEN + 1)}, NOW, known_here=False) == 0
