"""The kinds of values of systemd.resource-control(5).

Amounts stay text in one spelling, "1073741824", "50%" or "infinity": of what a percentage is a part, only the machine
knows. None of these directives takes specifiers, so a "%" is written as it is.
"""

import re
from collections.abc import Callable

from . import formats, grammar
from .errors import BadValue
from .kinds import Context, Kind

_PERCENT = re.compile(r"(\d+)(?:\.(\d{1,2}))?%|(\d+)(?:\.(\d))?‰|(\d+)‱")


def parse_permyriad(text: str) -> int | None:
    """Read "12.5%", "125‰" or "1250‱" in ten-thousandths; None if it is none of them."""
    found = _PERCENT.fullmatch(text)
    if found is None:
        return None
    percent, hundredths, permille, tenth, permyriad = found.groups()
    if percent:
        return int(percent) * 100 + int((hundredths or "").ljust(2, "0"))
    return int(permille) * 10 + int(tenth or 0) if permille else int(permyriad)


def _percent(permyriad: int) -> str:
    return f"{permyriad / 100:.2f}".rstrip("0").rstrip(".") + "%"


def _amount(text: str, count: Callable[[str], int], least: int) -> str:
    """Read an amount; it may not be below `least` units."""
    if text == "infinity":
        return text
    part = parse_permyriad(text)
    if part is not None:
        if part > 10_000 or (part == 0 and least):
            raise BadValue(f'"{text}" is not a share of a whole', "write up to 100%")
        return _percent(part)
    if (number := count(text)) < least:
        raise BadValue(f'"{text}" is too little to run with', 'write more, or "infinity" for no limit')
    return str(number)


def amount(what: str, count: Callable[[str], int], *, least: int = 0) -> Kind:
    def read(text: str, context: Context) -> str:
        return _amount(text, count, least)

    return Kind(
        f"{what}, percentage, or infinity",
        read,
        lambda value, escape: [value],
        {"type": ["string", "integer"]},
        resets=True,
    )


def _count(text: str) -> int:
    return grammar.parse_integer(text, 0, 2**63 - 1)


FLOOR = amount("size", grammar.parse_size)
CEILING = amount("size", grammar.parse_size, least=1)
TASKS = amount("number", _count, least=1)


def _read_weight(text: str, context: Context) -> int:
    return grammar.parse_integer(text, 1, 10_000)


def _read_cpu_weight(text: str, context: Context) -> int:
    """Read a weight; "idle" is below the least of them: 0."""
    return 0 if text == "idle" else _read_weight(text, context)


WEIGHT = Kind(
    "number, 1 to 10000",
    _read_weight,
    lambda value, escape: [str(value)],
    {"type": ["integer", "string"]},
    resets=True,
)
CPU_WEIGHT = Kind(
    "number, 1 to 10000, or idle",
    _read_cpu_weight,
    lambda value, escape: [str(value or "idle")],
    {"type": ["integer", "string"]},
    resets=True,
)


def _read_quota(text: str, context: Context) -> float:
    """Read processor time as seconds of it in each second; 200% is two processors."""
    part = parse_permyriad(text)
    if not part:
        raise BadValue(f'"{text}" is not a percentage of a processor', 'write "50%", or "200%" for two of them')
    return part / 10_000


QUOTA = Kind(
    "percentage of one processor",
    _read_quota,
    lambda value, escape: [_percent(round(value * 10_000))],
    {"type": "string"},
    resets=True,
)


def _read_period(text: str, context: Context) -> float:
    period = grammar.parse_span(text)
    if not period:
        raise BadValue(f'"{text}" is no time', 'write "100ms", for example')
    return period


PERIOD = Kind(
    "time span",
    _read_period,
    lambda value, escape: [formats.format_span(value)],
    {"type": ["string", "number"]},
    resets=True,
)
