"""How commands say what they found: tables that fit the terminal, or JSON."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from errno import EACCES, ENOENT, ENOSPC
from typing import Any

Row = tuple[str, ...]
Json = dict[str, Any]

# A column is not made narrower than this, and a last one, which has an id, not at all.
_NARROWEST = 8


def show(options: Any, found: object, header: Row, rows: Sequence[Row]) -> int:
    """Print a table, or what it was made of as JSON; returns the exit code 0."""
    print(as_json(found) if options.json else table(header, rows, room()))
    return 0


def as_json(found: object) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


def table(header: Row, rows: Sequence[Row], width: int | None) -> str:
    """Write a table; where it is wider than `width`, its widest columns are cut."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    if width is not None:
        _narrow(widths, width - 2 * (len(header) - 1))
    return "\n".join(_line(row, widths) for row in [header, *rows])


def _narrow(widths: list[int], room: int) -> None:
    while sum(widths) > room and max(widths[:-1], default=0) > _NARROWEST:
        widths[widths.index(max(widths[:-1]))] -= 1


def _line(row: Row, widths: Sequence[int]) -> str:
    cells = (_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def room() -> int | None:
    """Return how wide the terminal is, None where the output is none: nothing is cut in a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def facts(said: Mapping[str, object]) -> str:
    """Write names and values below each other, several values in a line each; what says nothing is left out."""
    lines = []
    for name, value in said.items():
        values = value if isinstance(value, list) else [value]
        given = [str(each) for each in values if each not in (None, "")]
        lines += [("" if number else name, each) for number, each in enumerate(given)]
    widest = max((len(name) for name, _ in lines), default=0)
    return "\n".join(f"{name.ljust(widest)}  {value}" for name, value in lines)


def local(time: str | None) -> str:
    """Write a time of the manager's by the clocks of this machine."""
    return f"{datetime.fromisoformat(time).astimezone():%a %d %b %H:%M:%S}" if time else "-"


def told(error: OSError) -> str:
    """Say where, what and how to mend it, of what the system refuses."""
    if error.errno is None or error.strerror is None:
        return str(error)  # one of ours, which says all of it
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}; {_MENDS.get(error.errno, 'mend that, or choose another place')}"


_MENDS = {
    ENOSPC: "make room there, or choose another place",
    EACCES: "choose another place, or run this as the user that it belongs to",
    ENOENT: "name one that is there",
}


def complain(text: str) -> None:
    print(f"farmhand-manager: {text}", file=sys.stderr)
