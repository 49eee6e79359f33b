"""The manager's time: milliseconds since the epoch everywhere, and RFC 3339 where it is written for others."""

import time
from datetime import UTC, datetime


def wall_clock() -> int:
    """Return the milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def steady_clock() -> int:
    """Return the milliseconds since some moment; nobody can set this clock."""
    return time.monotonic_ns() // 1_000_000


def timestamp(at: int) -> str:
    """Write milliseconds since the epoch as RFC 3339, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
