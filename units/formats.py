"""Values as systemd writes them, and as people want to read them."""

from .spec import INFINITY

# systemd.time(7), "Parsing Time Spans": microseconds, and every spelling of each unit.
_MICROSECONDS = {
    1: "us usec µs μs",
    1_000: "ms msec",
    1_000_000: "s sec second seconds",
    60_000_000: "m min minute minutes",
    3_600_000_000: "h hr hour hours",
    86_400_000_000: "d day days",
    604_800_000_000: "w week weeks",
    2_629_800_000_000: "M month months",
    31_557_600_000_000: "y year years",
}
SPAN_UNITS = {spelling: size for size, spellings in _MICROSECONDS.items() for spelling in spellings.split()}


_WRITTEN_UNITS = [(SPAN_UNITS[unit], unit) for unit in ("y", "month", "w", "d", "h", "min", "s", "ms", "us")]


def format_span(seconds: float) -> str:
    """Write a span as systemd does ("1min 30s"), exact to the microsecond."""
    if seconds == INFINITY:
        return "infinity"
    rest = round(seconds * 1_000_000)
    parts = []
    for size, unit in _WRITTEN_UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0"


def show_span(seconds: float) -> str:
    """Give a span as `systemctl show` does: like `format_span`, but with a fraction below a minute ("1.500000s")."""
    if seconds == INFINITY:
        return "infinity"
    minutes, below = divmod(round(seconds * 1_000_000), 60_000_000)
    before = format_span(minutes * 60) + " " if minutes else ""
    for size, unit, digits in ((1_000_000, "s", 6), (1_000, "ms", 3)):
        count, fraction = divmod(below, size)
        if count and fraction:
            return f"{before}{count}.{fraction:0{digits}}{unit}"
    return format_span(seconds)


def tell_span(seconds: float) -> str:
    """Give a span as people want to read it: to the millisecond, and as "1.5s" below a minute."""
    if seconds >= 60:
        return format_span(round(seconds, 3))
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def format_boolean(value: bool) -> str:
    return "yes" if value else "no"
