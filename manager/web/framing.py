"""What surrounds the pages of workers: the menu, what is to be said, the toast, and the way back to where one was."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from flask import request, url_for

from ..storage import tags
from .actions.actionform import Sent
from .actions.following import read_following
from .actions.menu import menu
from .actions.outcome import Notice
from .actions.toast import toast
from .site import flashed, store


@dataclass(frozen=True)
class Said:
    """What a refused form had, and why it was refused: shown again, so that nothing has to be entered twice."""

    notice: Notice
    form: Sent

    @property
    def picked(self) -> Collection[str]:
        return self.form.picked


def common(here: str, follow: str, now: int, said: Said | None) -> dict[str, object]:
    """Return what both pages have: the menu, what is to be said, and the toast. here: the page's own address."""
    followed = read_following(store(), follow)
    return {
        "section": "workers",
        **bar(said),
        "notices": [*flashed(), *([said.notice] if said else [])],
        "here": here,
        "dismiss": here,
        "toast": toast(followed, now) if followed else None,
    }


def bar(said: Said | None = None) -> dict[str, object]:
    """Return what the bar of actions has, as it was sent where it was refused."""
    form, required = said.form if said else Sent(), store().settings.reason_required
    return {"actions": menu(), "bar": form, "reasons": required, "tags": tags.every(store())}


def came_from() -> str:
    """Return the page that the form says it stands on; nothing but a page for workers."""
    back = request.form.get("back", "") or request.args.get("back", "")
    path = urlsplit(back).path
    known = back.startswith("/workers") and (path == "/workers" or path.startswith("/workers/"))
    return back if known else url_for("pages.workers")


def address(path: str, query: dict[str, object]) -> str:
    """Return a path with those parameters that have a value."""
    given = urlencode({key: value for key, value in query.items() if value not in ("", None)}, doseq=True)
    return f"{path}?{given}" if given else path
