"""Pieces of pages, rendered outside of a request: what the live updates send."""

from flask import Flask, render_template

from ..actions.toast import Toast
from ..workers.listing import Totals, summary
from ..workers.rows import Row


class Fragments:
    """The templates that a page and its live updates share."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def row(self, row: Row) -> str:
        return self._render("_row.html", w=row)

    def summary(self, farm: Totals) -> str:
        return self._render("_summary.html", summary=summary(farm))

    def toast(self, toast: Toast | None, dismiss: str) -> str:
        return self._render("_toast.html", toast=toast, dismiss=dismiss)

    def _render(self, template: str, **values: object) -> str:
        with self._app.test_request_context():
            return render_template(template, **values)
