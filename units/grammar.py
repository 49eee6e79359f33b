"""The values of directives: spans, sizes, booleans, numbers, statuses and signals.

Each `parse_…` takes the text of one value and gives it back parsed, or raises BadValue.
Where the manual is silent they do what systemd 252 does.
"""

import re
from collections.abc import Mapping

from .errors import BadValue, nearest
from .formats import SPAN_UNITS
from .quoting import WHITESPACE, words
from .spec import INFINITY, Limit, StatusSet
from .statuses import FIRST_REALTIME, LAST_REALTIME, SIGNALS, STATUSES, signal_name

_NANOSECONDS = {spelling: 1_000 * size for spelling, size in SPAN_UNITS.items()} | {"ns": 1, "nsec": 1}
_SPAN_TERM = re.compile(
    r"[ \t\n\r]*\+?([0-9]*)(?:\.([0-9]+))?([ \t\n\r]*)(" + "|".join(sorted(_NANOSECONDS, key=len, reverse=True)) + ")?"
)
_SPAN_HINT = 'write it as "5s", "1min 30s", "infinity" or a number of seconds'
_ENDLESS = 2**64 - 1  # of the smallest unit: what systemd counts as infinity
_MOST_CPUS = 8192  # CONFIG_NR_CPUS at its largest


def parse_span(text: str, default_unit: str = "s") -> float:
    """Read a time span such as "1min 30s" in seconds; terms add up, a bare number counts `default_unit`.

    systemd, src/basic/time-util.c, parse_time.
    """
    count = _add_up(text, SPAN_UNITS, default_unit)
    return INFINITY if count is None else count / 1_000_000


def parse_nanoseconds(text: str) -> int | None:
    """Read a time span in nanoseconds, which a bare number counts, too; None for infinity. systemd, parse_nsec."""
    return _add_up(text, _NANOSECONDS, "ns")


def _add_up(text: str, units: Mapping[str, int], default_unit: str) -> int | None:
    """Read a time span as so many of the smallest of the units, None for infinity."""
    bad = BadValue(f'"{text}" is not a time span', _SPAN_HINT)
    stripped = text.strip(" \t\n\r")
    if stripped == "infinity":
        return None
    if not stripped:
        raise bad
    at, total = 0, 0
    while at < len(stripped):
        term = _SPAN_TERM.match(stripped, at)
        if term is None or not (term[1] or term[2]):
            raise bad
        at = term.end()
        # "12.34 .56" and "12s.5" are two terms, "12.34.56" and "5S" are none.
        if (term[4] or default_unit) not in units or (term[4] is None and not term[3] and at < len(stripped)):
            raise bad
        size, count = units[term[4] or default_unit], int(term[1] or 0)
        total += count * size + _fraction(term[2] or "", size)
        if count >= _ENDLESS // size or count >= 2**63 or total >= _ENDLESS:
            raise BadValue(f'"{text}" is too long a time span', 'write "infinity" for no end')
    return total


def _fraction(digits: str, size: int) -> int:
    """Give a decimal fraction of `size`; what a digit has below one is dropped."""
    total = 0
    for digit in digits:
        size //= 10
        total += int(digit) * size
    return total


def parse_timeout(text: str) -> float:
    """Read a span where 0 means no timeout at all, as in TimeoutStopSec=."""
    return parse_span(text) or INFINITY


BOOLEANS = {
    **dict.fromkeys(("1", "yes", "y", "true", "t", "on"), True),
    **dict.fromkeys(("0", "no", "n", "false", "f", "off"), False),
}


def parse_boolean(text: str) -> bool:
    try:
        return BOOLEANS[text.lower()]
    except KeyError:
        raise BadValue(f'"{text}" is neither yes nor no', 'write "yes" or "no"') from None


_INTEGER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)")


def _integer(text: str) -> int | None:
    """Read a number as C does, "0x2f" and "057" included; None if it is none."""
    found = _INTEGER.fullmatch(text)
    if found is None:
        return None
    digits = found[2]
    if digits[0] == "0" and digits.isdigit():
        if not re.fullmatch("[0-7]+", digits):
            return None
        value = int(digits, 8)
    else:
        value = int(digits, 0)
    return -value if found[1] == "-" else value


def parse_integer(text: str, low: int, high: int) -> int:
    value = _integer(text)
    if value is None or not low <= value <= high:
        raise BadValue(f'"{text}" is not a whole number from {low} to {high}', "write such a number")
    return value


def parse_cpus(text: str) -> frozenset[int]:
    """Read "0-3,8 9"; a range that runs backwards is empty, as with systemd."""
    found: set[int] = set()
    for word in words(text, separators=WHITESPACE + ",", escapes="protect"):
        first, dash, last = word.partition("-")
        low, high = _integer(first), _integer(last if dash else first)
        if low is None or high is None or not (0 <= low < _MOST_CPUS and 0 <= high < _MOST_CPUS):
            raise BadValue(f'"{word}" is no number of a processor and no range of them', "write for example 0-3,8")
        found.update(range(low, high + 1))
    return frozenset(found)


def parse_umask(text: str) -> int:
    if not re.fullmatch("[0-7]+", text) or int(text, 8) > 0o7777:
        raise BadValue(f'"{text}" is not a file mode', 'write it in octal, as in "0022"')
    return int(text, 8)


def parse_choice(text: str, choices: tuple[str, ...]) -> str:
    """Take one of the words; they are case-sensitive."""
    if text in choices:
        return choices[choices.index(text)]  # the same for all services
    near = nearest(text, choices)
    hint = f'did you mean "{near}"?' if near else ""
    raise BadValue(f'"{text}" is none of {", ".join(choices)}', hint or f'write "{choices[0]}", for example')


# What becomes of services that run on although their supervisor was killed.
LEFTOVERS = ("adopt", "stop")

_REALTIME = re.compile(r"RTMIN(?:\+(\d+))?|RTMAX(?:-(\d+))?")


def parse_signal(text: str) -> str:
    """Read "TERM", "SIGTERM" or "15" as "SIGTERM"."""
    if (number := _integer(text)) is not None and 1 <= number <= LAST_REALTIME:
        return signal_name(number)
    name = text.removeprefix("SIG")
    if name in SIGNALS:
        return "SIG" + name
    realtime = _REALTIME.fullmatch(name)
    if realtime and int(realtime[1] or realtime[2] or 0) <= LAST_REALTIME - FIRST_REALTIME:
        return "SIG" + name
    near = nearest(name, SIGNALS)
    raise BadValue(
        f'"{text}" is not a signal', f'did you mean "SIG{near}"?' if near else 'write "SIGTERM", for example'
    )


def parse_status(text: str) -> int | str:
    """Read one word of SuccessExitStatus=: an exit code or its name as int, a signal as "SIGTERM"."""
    if text in STATUSES:
        return STATUSES[text]
    code = _integer(text)
    if code is not None:
        if 0 <= code <= 255:
            return code
        raise BadValue(f'"{text}" is not an exit code', "exit codes are 0 to 255")
    try:
        return parse_signal(text)
    except BadValue:
        near = nearest(text, [*STATUSES, *(f"SIG{name}" for name in SIGNALS)])
        hint = f'did you mean "{near}"?' if near else 'write codes and signals apart by spaces, as in "47 SIGTERM"'
        raise BadValue(f'"{text}" is neither an exit code nor a signal', hint) from None


def status_set(statuses: list[int | str]) -> StatusSet:
    return StatusSet(
        frozenset(status for status in statuses if isinstance(status, int)),
        frozenset(status for status in statuses if isinstance(status, str)),
    )


def format_statuses(statuses: StatusSet) -> str:
    return " ".join([*map(str, sorted(statuses.codes)), *sorted(statuses.signals)])


_SIZE_SUFFIXES = ("E", "P", "T", "G", "M", "K", "B", "")
_SIZE_TERM = re.compile(r"[ \t\n\r]*\+?([0-9]+)(?:\.([0-9]*))?[ \t\n\r]*([BKMGTPE]?)")
_NO_LIMIT = 2**64 - 1  # RLIM_INFINITY, which is written as "infinity" only


def parse_size(text: str) -> int:
    """Read "1.5G" or "1G 512M" as bytes, in powers of 1024."""
    suffixes: tuple[str, ...] = _SIZE_SUFFIXES
    at, total = 0, 0
    while at < len(text) or at == 0:
        term = _SIZE_TERM.match(text, at)
        if term is None or term[3] not in suffixes:
            raise BadValue(f'"{text}" is not a size', 'write it as "1.5G", "512M" or a number of bytes')
        size = 1024 ** "BKMGTPE".index(term[3] or "B")
        total += int(term[1]) * size + (int(term[2]) * size // 10 ** len(term[2]) if term[2] else 0)
        at, suffixes = term.end(), suffixes[suffixes.index(term[3]) + 1 :]
    if total >= _NO_LIMIT:
        raise BadValue(f'"{text}" is too large a size', 'write "infinity" for no limit')
    return total


def _limit_count(text: str) -> int:
    return parse_integer(text, 0, _NO_LIMIT - 1)


def _limit_seconds(text: str) -> int:
    return -int(-parse_span(text) // 1)


def _limit_microseconds(text: str) -> int:
    return round(parse_span(text, "us") * 1_000_000)


def _limit_nice(text: str) -> int:
    return 20 - parse_integer(text, -20, 19) if text[:1] in ("+", "-") else parse_integer(text, 0, 40)


LIMITS = {
    **dict.fromkeys(("FSIZE", "DATA", "STACK", "CORE", "RSS", "AS", "MEMLOCK", "MSGQUEUE"), parse_size),
    **dict.fromkeys(("NOFILE", "NPROC", "LOCKS", "SIGPENDING", "RTPRIO"), _limit_count),
    "CPU": _limit_seconds,
    "RTTIME": _limit_microseconds,
    "NICE": _limit_nice,
}
_TIMES = ("CPU", "RTTIME")


def parse_limit(name: str, text: str) -> Limit:
    """Read the value of Limit`name`=, "soft:hard" or both in one; systemd.exec(5), "Process Properties"."""
    soft_text, colon, hard_text = text.partition(":")
    soft, hard = (
        None if (part.strip() if name in _TIMES else part) == "infinity" and name != "NICE" else LIMITS[name](part)
        for part in (soft_text, hard_text if colon else soft_text)
    )
    if hard is not None and (soft is None or soft > hard):
        raise BadValue(f'"{text}" has a soft limit above the hard one', "write the lower one first")
    return Limit(soft, hard)


def format_limit(name: str, limit: Limit) -> str:
    unit = "us" if name == "RTTIME" else ""
    soft, hard = ("infinity" if value is None else f"{value}{unit}" for value in (limit.soft, limit.hard))
    return soft if soft == hard else f"{soft}:{hard}"


_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_environment(name: str, value: str) -> None:
    """Refuse what systemd refuses as a variable: odd names, and values that are no UTF-8."""
    if not _ENVIRONMENT_NAME.fullmatch(name):
        raise BadValue(f'"{name}" is not the name of a variable', "use letters, digits and _, no digit first")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise BadValue(f"the value of {name} is not UTF-8 text", "write it as UTF-8")
