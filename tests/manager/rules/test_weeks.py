"""A week of sleep as a picture has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.weeks import Bar, bars
from farmhand.manager.rules.windows import MIDNIGHT, Window, read_window

WINDOWS = st.builds(
    Window,
    st.integers(0, MIDNIGHT - 1),
    st.integers(0, MIDNIGHT),
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
).filter(lambda window: window.begins != window.ends)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("mo", "09:00", "18:00"), [Bar(0, 540, 1080)]),
        (("fr", "22:00", "06:00"), [Bar(4, 1320, 1440), Bar(5, 0, 360)]),
        (("su", "22:00", "06:00"), [Bar(0, 0, 360), Bar(6, 1320, 1440)]),
        (("we", "12:00", "24:00"), [Bar(2, 720, 1440)]),
        (("sa su", "", ""), [Bar(5, 0, 1440), Bar(6, 0, 1440)]),
    ],
)
def test_a_window(words: tuple[str, str, str], shown: list[Bar]) -> None:
    assert bars([read_window(*words)]) == shown


def test_what_overlaps_or_touches_is_one() -> None:
    windows = [
        read_window("mo", "08:00", "10:00"),
        read_window("mo", "10:00", "12:00"),
        read_window("mo", "09:00", "11:00"),
    ]
    assert bars(windows) == [Bar(0, 480, 720)]


@given(st.lists(WINDOWS, max_size=6))
def test_a_minute_is_in_a_bar_where_a_window_is_open(windows: list[Window]) -> None:
    open_minutes = {
        (day * MIDNIGHT + minute) % (7 * MIDNIGHT)
        for window in windows
        for day in window.days
        for minute in range(window.begins, window.ends + (MIDNIGHT if window.overnight else 0))
    }
    shown = bars(windows)
    assert {bar.day * MIDNIGHT + minute for bar in shown for minute in range(bar.begins, bar.ends)} == open_minutes
    assert all(bar.begins < bar.ends for bar in shown)
