"""Charts that the server draws, and the numbers behind them."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.exits import Cause, End
from farmhand.manager.rules.spans import Being, Span
from farmhand.manager.web.workers.chart import percents, stacked, totals
from farmhand.manager.web.workers.historyview import DAY, HOUR, REACHES, being_chart, ends_chart

NOW = 1_700_000_000_000  # Tuesday 14 November 2023, 22:13:20 UTC

COLUMNS = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 100)), max_size=20)


def test_amounts_lie_on_each_other_and_like_columns_are_one() -> None:
    told = stacked([{"a": 1, "b": 3}, {"a": 1, "b": 3}, {"b": 2}], ["a", "b"], [4, 4, 4])
    assert [(rect.kind, rect.x, rect.y, rect.width, rect.height) for rect in told] == [
        ("a", 0, 75.0, 2, 25.0),
        ("b", 0, 0.0, 2, 75.0),
        ("b", 2, 50.0, 1, 50.0),
    ]


@given(COLUMNS)
def test_all_is_drawn_within_the_picture(columns: list[dict[str, int]]) -> None:
    told = stacked(columns, "abc", [max(1, sum(column.values())) for column in columns])
    assert all(rect.y >= 0 and rect.y + rect.height <= 100.05 and rect.x + rect.width <= len(columns) for rect in told)
    for at, column in enumerate(columns):
        drawn = sum(rect.height for rect in told if rect.x <= at < rect.x + rect.width)
        assert drawn == pytest.approx(100 if sum(column.values()) else 0, abs=0.05)


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 10**9), max_size=9))
def test_percents_add_up(amounts: dict[str, int]) -> None:
    told = percents(amounts)
    assert sum(told.values()) == (100 if sum(amounts.values()) else 0)
    assert all(abs(told[key] - 100 * amounts[key] / sum(amounts.values())) < 1 for key in told)


def test_what_there_is_nothing_of_is_left_out() -> None:
    assert totals([{"a": 1}, {"a": 2, "b": 0}], "abc") == {"a": 3}


def test_a_day_of_a_worker() -> None:
    begin = NOW - DAY
    found = [Span(Being.IDLE, begin + 6 * HOUR, begin + 12 * HOUR), Span(Being.WORKING, begin + 12 * HOUR, NOW)]
    told = being_chart(found, REACHES["day"], NOW, UTC)
    assert told.sentence == "The last 24 hours: working 67 %, idle 33 %"
    assert [(rect.kind, rect.x, rect.width) for rect in told.rects] == [("idle", 24, 24), ("working", 48, 48)]
    assert told.ticks == ["22:13", "04:13", "10:13", "16:13"]
    assert told.heads == ["From", "Working", "Idle"]
    assert told.rows[1:4] == [
        ("Tue 14 Nov, 02:13", ["", "2 h"]),
        ("Tue 14 Nov, 06:13", ["", "4 h"]),
        ("Tue 14 Nov, 10:13", ["4 h", ""]),
    ]
    assert [part.amount for part in told.legend] == ["67 %, 12 h", "33 %, 6 h"]


def test_ends_are_counted_by_the_day_of_the_zone() -> None:
    ends = [End(NOW - 20 * DAY), End(NOW - DAY, Cause.CRASH), End(NOW, Cause.RESTART), End(NOW, Cause.RESTART)]
    told = ends_chart(ends, NOW, UTC)
    assert told.sentence == "Ends of its process in 14 days: restart code 2, crash 1"
    assert told.rows[-2:] == [("Mon 13 Nov", ["", "1", "1"]), ("Tue 14 Nov", ["2", "", "2"])]
    assert [(rect.kind, rect.x, rect.height) for rect in told.rects] == [("error", 12, 50.0), ("idle", 13, 100.0)]


def test_of_nothing_nothing_is_drawn() -> None:
    assert ends_chart([], NOW, UTC).rects == being_chart([], REACHES["week"], NOW, UTC).rects == []


def test_days_begin_with_the_midnight_of_the_zone() -> None:
    told = ends_chart([End(NOW, Cause.CRASH), End(NOW - 8 * HOUR, Cause.CRASH)], NOW, ZoneInfo("Asia/Tokyo"))
    assert told.rows[-2:] == [("Tue 14 Nov", ["1", "1"]), ("Wed 15 Nov", ["1", "1"])]
