"""The Install tab of a worker's page: its unit file, to read, copy and download."""

from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import BadRequest

from ...units.errors import BadValue
from .install import FILE, Field, fields, steps, unit
from .menu import menu
from .outcome import Notice
from .rows import row
from .site import flashed, store

bp = Blueprint("installpages", __name__)


@bp.get("/workers/<worker_id>/install")
def install(worker_id: str) -> str | tuple[str, int]:
    found = store().worker(worker_id)
    form = form_for(found.name)
    try:
        made, problem = unit(form), None
    except BadValue as error:
        made, problem = None, Notice("bad", f"{error.problem}; {error.hint}.")
    page = render_template(
        "install.html",
        section="workers",
        tab="install",
        w=row(found, store().clock()),
        form=form,
        unit=made,
        file=FILE,
        steps=steps(form, made.path) if made else [],
        download=f"{url_for('.download', worker_id=worker_id)}?{urlencode({one.name: one.value for one in form})}",
        actions=menu(),
        chosen="",
        notices=[*flashed(), *([problem] if problem else [])],
        here=url_for(".install", worker_id=worker_id),
    )
    return (page, 400) if problem else page


@bp.get(f"/workers/<worker_id>/{FILE}")
def download(worker_id: str) -> Response:
    try:
        made = unit(form_for(store().worker(worker_id).name))
    except BadValue as error:
        raise BadRequest(f"{error.problem}; {error.hint}") from None
    headers = {"Content-Disposition": f"attachment; filename={FILE}"}
    return Response(made.text, mimetype="text/plain", headers=headers)


def form_for(name: str) -> list[Field]:
    return fields(name, request.host_url, request.args, store().settings.shared_storage_path)
