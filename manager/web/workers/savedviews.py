"""Views of the list of workers to which somebody gave a name. Their browser keeps them, as names and addresses."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from ...rules.finding import BadFilter
from ..framing import came_from
from .listing import read_view

bp = Blueprint("savedviews", __name__)

COOKIE, LASTS = "views", 365 * 24 * 3600

# How many views there are at most, how many characters a name has, and bytes the cookie: browsers keep 4096.
MOST, LONGEST, LARGEST = 8, 30, 3500


@dataclass(frozen=True)
class SavedView:
    """A name, and the address of the list that it stands for."""

    name: str
    href: str


def read(text: str) -> list[SavedView]:
    """Read what a browser has kept. It may send anything: what is no view of ours is left out."""
    try:
        kept = json.loads(urlsafe_b64decode(text[:LARGEST]))
    except (ValueError, binascii.Error, RecursionError):
        return []
    pairs = [each for each in kept if isinstance(each, list) and len(each) == 2] if isinstance(kept, list) else []
    views = [(name[:LONGEST], address(href)) for name, href in pairs if isinstance(name, str) and isinstance(href, str)]
    return [SavedView(name, href) for name, href in views if href][:MOST]


def address(href: str) -> str:
    """Return the address of a view as it is kept: its first page, and nothing selected; "" for what is no view."""
    try:
        return read_view(MultiDict(parse_qs(urlsplit(href).query))).address(page=1, picked=())
    except (BadFilter, ValueError):
        return ""


def written(views: Sequence[SavedView]) -> str:
    return urlsafe_b64encode(json.dumps([[view.name, view.href] for view in views]).encode()).decode()


@bp.post("/workers/views")
def change() -> ResponseReturnValue:
    """Give the view that the form stands on a name; or, with `drop`, take a name away."""
    kept, drop = read(request.cookies.get(COOKIE, "")), request.form.get("drop", "")
    name = " ".join(request.form.get("name", "").split())[:LONGEST]
    views = [view for view in kept if view.name not in (drop, name)]
    if not drop:
        views.append(SavedView(name, address(came_from())))
    wrong = "" if drop else refused(name, views)
    answered = redirect(came_from(), 303)
    if wrong:
        flash(wrong, "bad")
    else:
        flash(f"The view “{drop or name}” is {'removed' if drop else 'saved in this browser'}.", "ok")
        answered.set_cookie(COOKIE, written(views), LASTS, secure=request.is_secure, httponly=True, samesite="Lax")
    return answered


def refused(name: str, views: Sequence[SavedView]) -> str:
    """Say why these views cannot be kept; "" where they can."""
    if not name:
        return "Give the view a name, then press Save."
    if len(views) > MOST or len(written(views)) > LARGEST:
        return f"There is room for {MOST} views, if they are short; remove one first."
    return ""
