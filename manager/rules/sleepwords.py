"""What sleep schedules say, in words. Pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ...worker.wire import Status
from .schedules import Schedule, Sleep, Verdict


def windows_text(schedule: Schedule) -> str:
    return ", ".join(str(window) for window in schedule.windows)


def now_text(verdict: Verdict | None, zone: ZoneInfo, *, held: bool) -> str:
    """Say what schedules want now, and until when."""
    if verdict is None:
        return "No sleep schedule is in force."
    until = f" until {_day(verdict.until, zone)} {_time(verdict.until, zone)}" if verdict.until else ""
    if held:
        return f"By schedule it would be {verdict.status.value} now; what a person asked for holds{until}."
    word = {Status.ASLEEP: "Asleep", Status.AWAKE: "Awake"}[verdict.status]
    return f"{word} by schedule{until or ', always'}."


def sleep_text(sleep: Sleep, zone: ZoneInfo) -> str:
    """Say one stretch of sleep: "Mon 23 Nov, 22:00 to 06:00"."""
    begin = "" if sleep.begins is None else f"{_day(sleep.begins, zone)}, {_time(sleep.begins, zone)}"
    if sleep.ends is None:
        return f"{begin} on, without an end" if begin else "Always"
    nights = 0 if sleep.begins is None else (_local(sleep.ends, zone).date() - _local(sleep.begins, zone).date()).days
    day = f"{_day(sleep.ends, zone)}, " if sleep.begins is None or nights > 1 else ""
    return f"{begin or 'Now'} to {day}{_time(sleep.ends, zone)}"


def _local(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def _day(at: int, zone: ZoneInfo) -> str:
    local = _local(at, zone)
    return f"{local:%a} {local.day} {local:%b}"


def _time(at: int, zone: ZoneInfo) -> str:
    return f"{_local(at, zone):%H:%M}"
