"""When things happened, as `show` says it."""

from collections.abc import Mapping


def timestamp(seconds: float) -> str:
    """Write a time as systemctl does, in UTC: "Mon 2026-11-23 02:05:00 UTC"; nothing for never."""
    if not seconds:
        return ""
    import datetime  # takes memory that a supervisor which nobody asks does without

    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%a %Y-%m-%d %H:%M:%S UTC")


def timestamps(stamps: Mapping[str, float], zero: float) -> dict[str, str]:
    """Return each time by both clocks: "…Timestamp" for people, "…TimestampMonotonic" in microseconds.

    stamps: seconds since the epoch, 0 for never. zero: when the monotonic clock was that.
    """
    shown = {}
    for name, seconds in stamps.items():
        shown[f"{name}Timestamp"] = timestamp(seconds)
        shown[f"{name}TimestampMonotonic"] = str(round((seconds - zero) * 1e6) if seconds else 0)
    return shown
