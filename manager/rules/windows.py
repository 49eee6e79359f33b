"""The windows of sleep schedules: how people write them, and what is wrong with those that cannot be. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...units.errors import BadValue

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY_DAY = frozenset(range(7))

# The minutes of a day; also "24:00".
MIDNIGHT = 24 * 60

_TIME = re.compile(r"(\d\d):(\d\d)")


@dataclass(frozen=True)
class Window:
    """A time of the day to sleep in, by the clocks of a zone.

    begins, ends: minutes of the day, 0 to 1439 and 0 to 1440; an end that is no later than the begin is on the next
    day. days: on which it begins, 0 being Monday.
    """

    begins: int
    ends: int
    days: frozenset[int] = EVERY_DAY

    @property
    def overnight(self) -> bool:
        return self.ends <= self.begins

    def __str__(self) -> str:
        days = days_text(self.days)
        return f"{f'{days} ' if days else ''}{time_text(self.begins)}-{time_text(self.ends)}"


def read_window(days: str, start: str, end: str) -> Window:
    """Read a window from its three words, each of which may be empty: every day, from midnight, to midnight.

    Raises BadValue.
    """
    begins, ends = _time("start", start, 0), _time("end", end, MIDNIGHT)
    if begins == MIDNIGHT:
        raise BadValue('start: "24:00" is the end of a day', "write 00:00, the begin of the next")
    if begins == ends:
        raise BadValue(
            f"end: the window begins and ends at {time_text(ends)}",
            "leave start and end empty for whole days, or write another end",
        )
    return Window(begins, ends, read_days(days))


def _time(key: str, text: str, default: int) -> int:
    if not text.strip():
        return default
    found = _TIME.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else MIDNIGHT + 1
    if minute > MIDNIGHT:
        raise BadValue(f'{key}: "{text}" is no time of day', "write HH:MM, from 00:00 to 23:59")
    return minute


def time_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def read_days(text: str) -> frozenset[int]:
    """Read "mo tu", "mon, tue", "mo-fr" or "fr-mo"; nothing is every day. Raises BadValue."""
    return frozenset(day for word in re.split(r"[\s,]+", text.strip()) if word for day in _days(word)) or EVERY_DAY


def _days(word: str) -> Iterator[int]:
    first, dash, last = word.partition("-")
    begin = _day(first)
    length = (_day(last) - begin) % 7 if dash else 0
    return ((begin + step) % 7 for step in range(length + 1))


def _day(word: str) -> int:
    matches = [number for number, name in enumerate(DAYS) if name.startswith(word.lower())]
    if len(word) < 2 or not matches:
        names = " ".join(name[:2] for name in DAYS)
        raise BadValue(f'days: "{word}" is no day', f"write some of {names}, or a span such as mo-fr")
    return matches[0]


def days_words(days: frozenset[int]) -> str:
    """Write days as Flamenco does, "mo tu"; every day is ""."""
    return "" if days == EVERY_DAY else " ".join(DAYS[day][:2] for day in sorted(days))


def days_text(days: frozenset[int]) -> str:
    """Write days as people do, "mo-fr" or "mo we"; every day is ""."""
    words = days_words(days).split()
    is_span = len(words) > 2 and sorted(days) == list(range(min(days), max(days) + 1))
    return f"{words[0]}-{words[-1]}" if is_span else " ".join(words)
