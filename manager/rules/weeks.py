"""A week of sleep as a picture has it: bars within days. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from .windows import MIDNIGHT, Window


@dataclass(frozen=True, order=True)
class Bar:
    """Minutes of one day, 0 being Monday, in which windows are open."""

    day: int
    begins: int
    ends: int


def bars(windows: Iterable[Window]) -> list[Bar]:
    """Return when windows are open in any week, each day by itself; what overlaps or touches is one bar."""
    found = sorted(bar for window in windows for day in window.days for bar in _bars(window, day))
    joined: list[Bar] = []
    for bar in found:
        last = joined[-1] if joined else None
        if last is not None and last.day == bar.day and bar.begins <= last.ends:
            joined[-1] = Bar(bar.day, last.begins, max(last.ends, bar.ends))
        else:
            joined.append(bar)
    return joined


def _bars(window: Window, day: int) -> list[Bar]:
    if not window.overnight:
        return [Bar(day, window.begins, window.ends)]
    after = [Bar((day + 1) % 7, 0, window.ends)] if window.ends else []
    return [Bar(day, window.begins, MIDNIGHT), *after]
