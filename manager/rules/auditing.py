"""What is looked for in the audit log, as pages, programs and the command line say it; and its rows as files. Pure."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from ...units.errors import BadValue
from ..clock import timestamp
from .chain import Entry

FILTERS = ("who", "what", "whom", "since", "until")

_HINT = 'write a day such as "2030-01-31", or RFC 3339 such as "2030-01-31T18:00:00+01:00"'


@dataclass(frozen=True)
class Wanted:
    """Which rows: texts that who, what and whom contain (whom: also an id in the detail), empty for all.

    since, until: milliseconds since the epoch; from the first on, and before the other.
    """

    who: str = ""
    what: str = ""
    whom: str = ""
    since: int | None = None
    until: int | None = None


ALL = Wanted()


def read(given: Mapping[str, str], zone: tzinfo | None) -> Wanted:
    """Read FILTERS, of which each may be missing; days are those of the zone, or this machine's. Raises BadValue."""
    texts = {name: given.get(name, "").strip() for name in FILTERS}
    since = read_time(texts["since"], zone) if texts["since"] else None
    until = read_time(texts["until"], zone, whole_day=True) if texts["until"] else None
    return Wanted(texts["who"], texts["what"], texts["whom"], since, until)


def read_time(text: str, zone: tzinfo | None, *, whole_day: bool = False) -> int:
    """Read a day's beginning, or with whole_day its end, or RFC 3339, in milliseconds since the epoch.

    Raises BadValue.
    """
    try:
        day = date.fromisoformat(text)
        at = datetime.combine(day + timedelta(days=whole_day), time(0), zone)
    except (ValueError, OverflowError):
        at = _read_rfc3339(text)
    try:
        return round(at.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise BadValue(f'"{text}" is farther away than can be counted', _HINT) from None


def _read_rfc3339(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadValue(f'"{text}" is not a time', _HINT) from None
    if at.tzinfo is None:
        raise BadValue(f'"{text}" says no zone', 'end it with "Z" or an offset such as "+01:00"')
    return at


# -- files


def as_json(entry: Entry) -> dict[str, object]:
    """Return a row as programs get it; `detail` as it was written is what was hashed."""
    return {**vars(entry), "at": timestamp(entry.at), "at_ms": entry.at}


def jsonl(entry: Entry) -> str:
    return json.dumps(as_json(entry), ensure_ascii=True, separators=(",", ":")) + "\n"


COLUMNS = ("seq", "at", "who", "way", "address", "what", "whom", "outcome", "detail", "before", "hash", "seal")

HEADER = ",".join(COLUMNS) + "\r\n"

# What programs for tables take for the beginning of a formula, or skip in front of one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_line(entry: Entry) -> str:
    """Write a row for a program for tables, which is kept from calculating what somebody wrote."""
    out = io.StringIO()
    said = as_json(entry)
    csv.writer(out).writerow([_cell(str(said[name])) for name in COLUMNS])
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


@dataclass(frozen=True)
class Format:
    """A kind of file: what writes a row, what stands before the first, and its media type."""

    line: Callable[[Entry], str]
    header: str
    type: str


FORMATS: Mapping[str, Format] = {
    "jsonl": Format(jsonl, "", "application/jsonl"),
    "csv": Format(csv_line, HEADER, "text/csv; charset=utf-8"),
}


def lines(entries: Iterable[Entry], format: Format) -> Iterator[str]:
    yield format.header
    yield from map(format.line, entries)
