"""Times as operators give them, and spans as they are told. Pure: now is an argument, and so is the operator's zone."""

import re
from datetime import datetime, timedelta

from ...units.errors import BadValue
from ...units.grammar import parse_span

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_HINT = 'write a span such as "20min", a time of day such as "18:00", or RFC 3339 such as "2030-01-31T18:00:00+01:00"'

# Farther away than this nothing can be asked for, in milliseconds.
FARTHEST = 366 * 24 * 3600 * 1000

_UNITS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (float("inf"), 86_400, "d"))


def span(milliseconds: int) -> str:
    """Say how long to the full unit, and the next smaller one where that matters: "40 s", "20 min", "9 h 12 min"."""
    seconds = max(0, round(milliseconds / 1000))
    at = next(index for index, (limit, _, _) in enumerate(_UNITS) if seconds < limit)
    _, unit, word = _UNITS[at]
    whole = f"{seconds // unit} {word}"
    if at < 2 or not seconds % unit:
        return whole
    _, smaller, name = _UNITS[at - 1]
    rest = seconds % unit // smaller
    return f"{whole} {rest} {name}" if rest else whole


def read_moment(text: str, now: datetime) -> int:
    """Read a time in milliseconds since the epoch: RFC 3339, a span, or the next such time of day in the zone of now.

    Raises BadValue.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        return _next(int(clock[1]), int(clock[2]), text, now)
    if "T" in text.upper() and ":" in text:
        return read_timestamp(text)
    seconds = parse_span(text)
    if not 0 <= seconds * 1000 <= FARTHEST:
        raise BadValue(f'"{text}" is more than a year', _HINT)
    return round((now.timestamp() + seconds) * 1000)


def read_timestamp(text: str) -> int:
    """Read RFC 3339, whose offset has to be given, in milliseconds since the epoch. Raises BadValue."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadValue(f'"{text}" is not a time', _HINT) from None
    if at.tzinfo is None:
        raise BadValue(f'"{text}" says no zone', 'end it with "Z" or an offset such as "+01:00"')
    return round(at.timestamp() * 1000)


def _next(hour: int, minute: int, text: str, now: datetime) -> int:
    if hour > 23 or minute > 59:
        raise BadValue(f'"{text}" is not a time of day', 'write it as "18:00"')
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    at = today if today > now else today + timedelta(days=1)
    return round(at.timestamp() * 1000)
