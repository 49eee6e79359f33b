"""What the form of a sleep schedule does, whosever it is: kept, removed, or only tried."""

from collections.abc import Sequence
from typing import Protocol

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue

from ...rules.schedules import Schedule
from ...rules.sleepwords import windows_text
from ...storage import schedules
from ...storage.schedules import Kept, Owner
from ..access.origin import operator
from ..actions.outcome import Notice
from ..site import store
from .sleepform import BadForm, Form, changed, read, sent


class Page(Protocol):
    """Renders the page with the form. form: as it was sent; draft: the schedule that would be."""

    def __call__(self, notices: Sequence[Notice], form: Form | None = None, draft: Schedule | None = None) -> str: ...


def answer(owner: Owner, kept: Kept | None, page: Page, here: str) -> ResponseReturnValue:
    """Do what the form says with the schedule of an owner, and show the page at `here` again."""
    by, step = operator(request), request.form.get("step", "")
    if step:
        return _tried(page, step)
    if "remove" in request.form:
        if kept is not None:
            schedules.remove(store(), kept.id, by)
        return _back(here, "The sleep schedule is removed.")
    try:
        said = read(request.form)
    except BadForm as bad:
        return page([Notice("bad", f"{bad} Nothing was saved.")], bad.form), 400
    if kept is None:
        schedules.add(store(), owner, said, by)
    else:
        schedules.rewrite(store(), kept.id, said, by)
    return _back(here, f"The sleep schedule is saved: {windows_text(said)} ({said.zone.key}).")


def _tried(page: Page, step: str) -> ResponseReturnValue:
    """Show what the form would bring, or show it with a row more or less; nothing is saved."""
    if step != "preview":
        return page([], changed(sent(request.form), step))
    try:
        return page([], sent(request.form), draft=read(request.form))
    except BadForm as bad:
        return page([Notice("bad", str(bad))], bad.form), 400


def _back(here: str, text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(here, 303)
