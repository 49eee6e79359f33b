"""What every page needs of the application around it."""

from importlib.metadata import PackageNotFoundError, version
from typing import cast

from flask import Flask, current_app, get_flashed_messages, request, url_for

from ..storage.store import Store
from .moments import Moment
from .outcome import Notice

THEMES = frozenset({"light", "dark"})


def store() -> Store:
    opened: Store = current_app.extensions["store"]
    return opened


def flashed() -> list[Notice]:
    """Return what the last click left to be said, once."""
    messages = cast(list[tuple[str, str]], get_flashed_messages(with_categories=True))
    return [Notice(tone, text) for tone, text in messages]


def release() -> str:
    """Return the version of this manager."""
    try:
        return version("farmhand")
    except PackageNotFoundError:
        return "of an unknown version"


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
            "static": lambda name: url_for("static", filename=name),
        }
