"""The Install tab of a worker's page: its definition for each service manager, to read, copy and download."""

from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound

from ....units import recipe
from ....units.errors import BadConfig, BadValue
from ....units.recipe import Recipe
from ...rules import drift
from ...rules.drift import Judgement
from ...rules.workers import Worker
from ..actions.outcome import Notice
from ..framing import bar
from ..site import flashed, store
from ..workers.rows import row
from .definitions import badge
from .install import Installation, installation
from .installform import Known, dialect_of, fields, query, tabs, values
from .installsteps import names

bp = Blueprint("installpages", __name__)


@bp.get("/workers/<worker_id>/install")
def install(worker_id: str) -> str | tuple[str, int]:
    found = store().worker(worker_id)
    told = drift.judge(found.unit)
    known, given = _known(found, told), request.args
    dialect = dialect_of(given, known)
    form, way = fields(dialect, given, known), given.get("way", "")
    try:
        shown, problem, wrong = _installation(found, recipe.read(values(form, dialect, way))), None, ""
    except (BadValue, BadConfig) as error:
        shown, problem, wrong = None, Notice("bad", f"{error.problem}; {error.hint}."), recipe.key_of(error.problem)
    page = render_template(
        "install.html",
        section="workers",
        tab="install",
        w=row(found, store().clock()),
        dialect=dialect,
        tabs=tabs(dialect, form),
        form=form,
        wrong=wrong,
        way=way,
        other=query(form, dialect, "native" if shown and shown.how.way == "supervised" else "supervised"),
        shown=shown,
        told=told,
        badge=badge(told),
        **bar(),
        notices=[*flashed(), *([problem] if problem else [])],
        here=url_for(".install", worker_id=worker_id),
    )
    return (page, 400) if problem else page


@bp.get("/workers/<worker_id>/install/<name>")
def download(worker_id: str, name: str) -> Response:
    store().worker(worker_id)
    try:
        files = names(recipe.make(recipe.read(request.args)).rendered.files)
    except (BadValue, BadConfig) as error:
        raise BadRequest(f"{error.problem}; {error.hint}") from None
    if name not in files:
        raise NotFound(f"there is no {name}; there are {', '.join(files)}")
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(files[name].text.encode(), mimetype="text/plain", headers=headers)


def _installation(worker: Worker, of: Recipe) -> Installation:
    folder, query = url_for(".install", worker_id=worker.id), urlencode(recipe.said(of), safe="/:@,")
    manager = of.worker.manager_url if "://" in of.worker.manager_url else f"http://{of.worker.manager_url}"

    def address(name: str) -> str:
        return f"{folder}/{name}?{query}"

    signed_in = not store().settings.without_login
    return installation(of, address, lambda name: manager.rstrip("/") + address(name), by_token=signed_in)


def _known(worker: Worker, told: Judgement) -> Known:
    storage = store().settings.shared_storage_path
    return Known(worker.name, worker.platform, request.host_url, storage, told.recipe)
