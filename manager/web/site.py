"""What every page needs of the application around it."""

import hashlib
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

from flask import Flask, current_app, get_flashed_messages, request, url_for

from ..config import Settings
from ..rules.printable import MISLEADING
from ..signin import Allowed, OpenNetworks
from ..storage import standing
from ..storage.store import Store
from . import places
from .access.callers import caller
from .actions.outcome import Notice
from .moments import Moment

WITHOUT_LOGIN = (
    "Nobody has to sign in: this manager runs with --without-login. Whoever uses this machine can do everything."
)

THEMES = frozenset({"light", "dark"})

# The keys, what they do, and what a page has on which they do it; keys.js has them.
KEYS = (
    ("/", "Search", "[data-search]"),
    ("j  k", "Next, previous worker", "#rows"),
    ("x", "Select the worker, or not; Space does so too", "#rows"),
    ("↑  ↓", "The same as j and k; with Shift they select", "#rows"),
    ("Enter", "Open the worker", "#rows"),
    ("Ctrl A", "Select all on this page", "#rows"),
    ("a", "To the action menu", "[data-action]"),
    ("p", "Pause the updates, or go on", "[data-pause]"),
    ("Esc", "Close a dialog, or select nothing", ""),
    ("?", "This list", ""),
)

# Control characters, and what else does not show; a tab and a line's end do.
HIDDEN = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{MISLEADING}]")


def store() -> Store:
    opened: Store = current_app.extensions["store"]
    return opened


def flashed() -> list[Notice]:
    """Return what the last click left to be said, once."""
    messages = cast(list[tuple[str, str]], get_flashed_messages(with_categories=True))
    return [Notice(tone, text) for tone, text in dict.fromkeys(map(tuple, messages))]


def release() -> str:
    """Return the version of this manager."""
    try:
        return version("farmhand")
    except PackageNotFoundError:
        return "of an unknown version"


@cache
def build() -> str:
    """Name the code that makes the pages: a page of another build has to load itself anew."""
    files = [
        path for path in sorted(Path(__file__).parent.rglob("*")) if path.suffix in {".py", ".html", ".js", ".css"}
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def warnings(settings: Settings) -> list[str]:
    """Say on every page what opens this manager to those who have not signed in."""
    return [*([WITHOUT_LOGIN] if settings.without_login else []), *opened(settings.open_networks)]


def opened(networks: OpenNetworks) -> list[str]:
    """Say which networks are let in without signing in, and what they may do."""
    what = {Allowed.VIEW: "look", Allowed.SUBMIT: "look and submit jobs", Allowed.OPERATE: "do what operators may"}
    named = " and ".join(networks.networks)
    return [f"Programs in {named} may {what[networks.allow]} without signing in (open_networks)."] if named else []


def shortcuts() -> str:
    """Say whether single keys do something: as this browser was told or, if it was told nothing, its person."""
    said = request.cookies.get("shortcuts")
    if said is None and not standing.has_shortcuts(store(), caller().id):
        return "off"
    return "off" if said == "off" else "on"


def visible(value: object) -> object:
    """Show what would not be seen in a name or a message as a replacement character; markup stays as it is."""
    return HIDDEN.sub("\ufffd", value) if type(value) is str else value


def prepare(app: Flask) -> None:
    """Give every template the time, the theme, the version and the addresses of static files."""
    here = release()

    @app.context_processor
    def common() -> dict[str, object]:
        now, theme = store().clock(), request.cookies.get("theme")
        return {
            "now": f"{now / 1000:.3f}",
            "rendered": Moment(now, now),
            "theme": theme if theme in THEMES else "",
            "version": here,
            "build": build(),
            "keys": KEYS,
            "shortcuts": shortcuts(),
            "manager_name": store().settings.manager_name,
            "warnings": warnings(store().settings),
            "main_menu": places.main_menu,
            "farm_menu": places.farm_menu,
            "static": lambda name: url_for("static", filename=name),
        }
