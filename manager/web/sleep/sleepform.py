"""The form of a sleep schedule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ....units.errors import BadValue
from ...rules.schedules import Schedule
from ...rules.windows import Window, days_text, read_window, time_text
from ...zones import read_zone
from ..given import Given


@dataclass(frozen=True)
class Row:
    """One window as it stands in the form. wrong: which of its fields has to be mended, or none; problem: why."""

    days: str = ""
    start: str = ""
    end: str = ""
    wrong: str = ""
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.days or self.start or self.end)


@dataclass(frozen=True)
class Form:
    """The form as it is shown. wrong: "zone" where that has to be mended; problem: why."""

    rows: tuple[Row, ...]
    zone: str
    lazy: bool = True
    active: bool = True
    wrong: str = ""
    problem: str = ""

    @property
    def problems(self) -> list[str]:
        """Say what has to be mended, from top to bottom."""
        found = [f"Window {number}: {row.problem}" for number, row in enumerate(self.rows, 1) if row.problem]
        return [*found, *([f"Time zone: {self.problem}"] if self.problem else [])]


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


def sent(given: Given) -> Form:
    """Return a form as it was sent, whatever is in it."""
    columns = [[each.strip() for each in given.getlist(name)] for name in ("days", "start", "end")]
    rows = tuple(Row(*each) for each in zip(*columns, strict=False))
    zone, lazy = given.get("zone", "").strip(), given.get("lazy", "yes") == "yes"
    return Form(rows or (Row(),), zone, lazy, "active" in given.getlist("on"))


def changed(form: Form, step: str) -> Form:
    """Return a form with a row more, by "add", or one less, by "drop-N"; N counts from 0."""
    if step == "add":
        return replace(form, rows=(*form.rows, Row()))
    _, _, number = step.partition("-")
    rows = tuple(row for at, row in enumerate(form.rows) if str(at) != number)
    return replace(form, rows=rows or (Row(),))


def read(given: Given) -> Schedule:
    """Return the schedule that a form describes; rows that are empty are left out. Raises BadForm."""
    form = sent(given)
    if all(row.is_empty for row in form.rows):
        raise BadForm("No window is filled in: write when it begins and ends, or remove the schedule.", form)
    windows = [(row, *_window(row)) for row in form.rows]
    form = replace(form, rows=tuple(_told(row, wrong) for row, _, wrong in windows))
    try:
        zone = read_zone(form.zone)
    except BadValue as error:
        zone, form = None, replace(form, wrong="zone", problem=f"{error.problem}; {error.hint}.")
    if zone is None or form.problems:
        raise BadForm(" ".join(form.problems), form)
    return Schedule(zone, _present([window for _, window, _ in windows]), form.lazy, form.active)


def _window(row: Row) -> tuple[Window | None, BadValue | None]:
    try:
        return None if row.is_empty else read_window(row.days, row.start, row.end), None
    except BadValue as error:
        return None, error


def _present(windows: Sequence[Window | None]) -> tuple[Window, ...]:
    return tuple(window for window in windows if window is not None)


def _told(row: Row, error: BadValue | None) -> Row:
    if error is None:
        return row
    key, _, problem = error.problem.partition(": ")
    return replace(row, wrong=key, problem=f"{problem}; {error.hint}.")
