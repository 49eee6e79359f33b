"""The form of a sleep schedule."""

from dataclasses import dataclass, replace
from typing import Protocol

from ...units.errors import BadValue
from ..rules.schedules import Schedule
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
