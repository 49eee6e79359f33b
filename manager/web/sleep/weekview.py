"""The picture of a week of sleep. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ...rules.schedules import Schedule
from ...rules.sleepwords import windows_text
from ...rules.weeks import Bar, bars
from ...rules.windows import DAYS, MIDNIGHT

# The width of a day; a minute is MIDNIGHT-th of it. The height of a day, and of its bar.
WIDTH, HEIGHT, BAR = 288, 16, 12


@dataclass(frozen=True)
class Drawn:
    """One bar, in the units of the picture."""

    x: float
    y: int
    width: float


@dataclass(frozen=True)
class Day:
    name: str
    y: int


@dataclass(frozen=True)
class Week:
    """The picture, what it shows in words, and where now is."""

    days: Sequence[Day]
    bars: Sequence[Drawn]
    now: Drawn
    sentence: str


def week(schedules: Sequence[Schedule], zone: ZoneInfo, now: int) -> Week | None:
    """Draw the schedules in force of one zone, by its clocks; None where there is none. Others are told by words."""
    shown = [each for each in schedules if each.active and each.zone.key == zone.key]
    if not shown:
        return None
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    return Week(
        days=[Day(name[:3].capitalize(), HEIGHT * at) for at, name in enumerate(DAYS)],
        bars=[_drawn(bar) for bar in bars(window for each in shown for window in each.windows)],
        now=_drawn(Bar(local.weekday(), minute, minute)),
        sentence=f"Asleep {'; '.join(windows_text(each) for each in shown)} ({zone.key})",
    )


def _drawn(bar: Bar) -> Drawn:
    return Drawn(_x(bar.begins), HEIGHT * bar.day, round(_x(bar.ends) - _x(bar.begins), 2))


def _x(minute: int) -> float:
    return round(WIDTH * minute / MIDNIGHT, 2)
