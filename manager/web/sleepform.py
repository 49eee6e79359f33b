"""The form of a sleep schedule, and what schedules say in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ...units.errors import BadValue
from ...worker.wire import Status
from ..rules.schedules import Schedule, Sleep, Verdict
from ..rules.windows import Window, days_text, read_window, time_text
from ..zones import read_zone


@dataclass(frozen=True)
class Row:
    """One window as it stands in the form. wrong: which of its fields has to be mended, or none."""

    days: str = ""
    start: str = ""
    end: str = ""
    wrong: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.days or self.start or self.end)


@dataclass(frozen=True)
class Form:
    """The form as it is shown. wrong: "zone" where that has to be mended."""

    rows: tuple[Row, ...]
    zone: str
    lazy: bool = True
    active: bool = True
    wrong: str = ""


class Given(Protocol):
    """The fields of a form, as Flask has them."""

    def get(self, key: str, default: str, /) -> str: ...

    def getlist(self, key: str, /) -> list[str]: ...


class BadForm(Exception):
    """What was sent cannot be kept; form: as it was sent, with what has to be mended."""

    def __init__(self, problem: str, form: Form) -> None:
        super().__init__(problem)
        self.form = form


def shown(schedule: Schedule | None, zone: str) -> Form:
    """Return the form of a schedule, or of the one that there may be, with an empty row at the end."""
    if schedule is None:
        return Form((Row(),), zone)
    rows = tuple(Row(days_text(w.days), time_text(w.begins), time_text(w.ends)) for w in schedule.windows)
    return Form((*rows, Row()), schedule.zone.key, schedule.lazy, schedule.active)


def read(given: Given) -> Schedule:
    """Return the schedule that a form describes; rows that are empty are left out. Raises BadForm."""
    form = _sent(given)
    windows = tuple(_window(form, number) for number, row in enumerate(form.rows) if not row.is_empty)
    if not windows:
        raise BadForm("No window is filled in: write when it begins and ends, or remove the schedule.", form)
    try:
        return Schedule(read_zone(form.zone), windows, form.lazy, form.active)
    except BadValue as error:
        raise BadForm(f"Time zone: {error.problem}; {error.hint}.", replace(form, wrong="zone")) from None


def _sent(given: Given) -> Form:
    columns = [[each.strip() for each in given.getlist(name)] for name in ("days", "start", "end")]
    rows = tuple(Row(*each) for each in zip(*columns, strict=False))
    zone, lazy = given.get("zone", "").strip(), given.get("lazy", "yes") == "yes"
    return Form(rows or (Row(),), zone, lazy, "active" in given.getlist("on"))


def _window(form: Form, number: int) -> Window:
    row = form.rows[number]
    try:
        return read_window(row.days, row.start, row.end)
    except BadValue as error:
        key, _, problem = error.problem.partition(": ")
        rows = [replace(each, wrong=key if at == number else "") for at, each in enumerate(form.rows)]
        raise BadForm(f"Window {number + 1}: {problem}; {error.hint}.", replace(form, rows=tuple(rows))) from None


# -- words


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


def zones_of(schedules: Sequence[Schedule], default: str) -> ZoneInfo:
    """Return the zone in which to tell of schedules: of the first, which is the worker's own where it has one."""
    return schedules[0].zone if schedules else read_zone(default)
