"""How windows are written, and what is said of those that cannot be."""

import pytest
from hypothesis import given
from sleeping import WINDOWS

from farmhand.manager.rules.windows import EVERY_DAY, MIDNIGHT, Window, days_words, read_days, read_window, time_text
from farmhand.units.errors import BadValue


@pytest.mark.parametrize(
    ("words", "window", "text"),
    [
        (("", "", ""), Window(0, MIDNIGHT), "00:00-24:00"),
        (("mo tu", "09:30", "18:00"), Window(570, 1080, frozenset({0, 1})), "mo tu 09:30-18:00"),
        (("", "22:00", "06:00"), Window(1320, 360), "22:00-06:00"),
        (("fr", "18:00", ""), Window(1080, MIDNIGHT, frozenset({4})), "fr 18:00-24:00"),
        (("fr", "18:00", "00:00"), Window(1080, 0, frozenset({4})), "fr 18:00-00:00"),
        (("mo-fr", " 08:00 ", "24:00"), Window(480, MIDNIGHT, frozenset(range(5))), "mo-fr 08:00-24:00"),
        (("sa-mo", "", "12:00"), Window(0, 720, frozenset({5, 6, 0})), "mo sa su 00:00-12:00"),
        (("Monday, WED", "01:00", "02:00"), Window(60, 120, frozenset({0, 2})), "mo we 01:00-02:00"),
    ],
)
def test_a_window_is_read_and_written(words: tuple[str, str, str], window: Window, text: str) -> None:
    assert read_window(*words) == window
    assert str(window) == text


@given(WINDOWS)
def test_what_is_written_is_read_as_it_was(window: Window) -> None:
    assert read_window(days_words(window.days), time_text(window.begins), time_text(window.ends)) == window


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("", "25:00", "06:00"), 'start: "25:00" is no time of day'),
        (("", "24:01", "06:00"), 'start: "24:01" is no time of day'),
        (("", "22:60", "06:00"), 'start: "22:60" is no time of day'),
        (("", "9:00", "06:00"), 'start: "9:00" is no time of day'),
        (("", "22:00", "six"), 'end: "six" is no time of day'),
        (("", "24:00", "06:00"), 'start: "24:00" is the end of a day'),
        (("", "08:00", "08:00"), "end: the window begins and ends at 08:00"),
        (("", "00:00", "00:00"), "end: the window begins and ends at 00:00"),
        (("m", "22:00", "06:00"), 'days: "m" is no day'),
        (("mo xx", "22:00", "06:00"), 'days: "xx" is no day'),
        (("mo-", "22:00", "06:00"), 'days: "" is no day'),
        (("mondays", "22:00", "06:00"), 'days: "mondays" is no day'),
    ],
)
def test_what_is_no_window_is_told_with_its_place(words: tuple[str, str, str], problem: str) -> None:
    with pytest.raises(BadValue) as said:
        read_window(*words)
    assert said.value.problem == problem
    assert said.value.hint


def test_no_days_are_every_day() -> None:
    assert read_days("  ") == read_days("mo-su") == EVERY_DAY
    assert days_words(EVERY_DAY) == ""
