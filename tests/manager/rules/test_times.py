from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from farmhand.manager.rules.times import read_moment, span
from farmhand.units.errors import BadValue

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2030, 3, 30, 17, 30, tzinfo=BERLIN)


def at(text):
    return datetime.fromisoformat(text).timestamp() * 1000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("20min", "2030-03-30T17:50:00+01:00"),
        ("90", "2030-03-30T17:31:30+01:00"),
        ("18:00", "2030-03-30T18:00:00+01:00"),
        ("7:05", "2030-03-31T07:05:00+02:00"),  # tomorrow, after the clocks went forward
        ("17:30", "2030-03-31T17:30:00+02:00"),
        ("2030-04-01T00:00:00Z", "2030-04-01T00:00:00+00:00"),
        ("2030-04-01t00:00:00.5+02:00", "2030-04-01T00:00:00.500+02:00"),
    ],
)
def test_times_as_operators_write_them(text, found):
    assert read_moment(text, NOW) == at(found)


@pytest.mark.parametrize("text", ["", "soon", "24:00", "7:60", "2030-04-01T00:00:00", "2030-99-01T00:00:00Z", "2y"])
def test_what_is_no_time_is_refused_with_what_to_write(text):
    with pytest.raises(BadValue) as refused:
        read_moment(text, NOW)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (40, "40 s"),
        (90, "1 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (90_000, "1 d 1 h"),
        (86_400, "1 d"),
    ],
)
def test_spans(seconds, text):
    assert span(seconds * 1000) == text
