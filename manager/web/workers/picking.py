"""Whom the bar of actions is for: the workers that are ticked, or all that the filters of the list find."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ...rules.finding import BadFilter
from ...storage import finding
from ...storage.store import Store
from .listing import read_filters


@dataclass(frozen=True)
class Picked:
    """The workers' ids. changed: what is to be said where they are not as many as the page had shown."""

    ids: list[str]
    changed: str = ""


def picked(store: Store, form: MultiDict[str, str]) -> Picked:
    """Return who is meant: each `worker`, or `all` that these filters find now, which stand there as in an address.

    shown: how many the page said that match. Raises BadRequest.
    """
    if not form.get("all"):
        return Picked(list(dict.fromkeys(form.getlist("worker"))))
    try:
        ids = finding.matching(store, read_filters(MultiDict(parse_qs(form["all"].removeprefix("?")))))
    except BadFilter as error:
        raise BadRequest(error.text) from None
    shown = form.get("shown", "")
    if shown in ("", str(len(ids))):
        return Picked(ids)
    return Picked(ids, f"{shown} workers matched when the page was shown; by now it is {len(ids)}.")
