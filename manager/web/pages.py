"""The list of workers, as a browser without JavaScript uses it; live.py and static/ add the comfort."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ...worker.wire import RESTART_EXIT_CODE
from .framing import Said, address, came_from, common
from .listing import BadFilter, Filters, listing, read_filters, summary
from .rows import row
from .site import store
from .workerpages import worker_page

bp = Blueprint("pages", __name__)


@bp.get("/")
def home() -> Response:
    return redirect(url_for(".workers"))


@bp.get("/workers")
def workers() -> str:
    return list_page(filters_of(request.args), request.args.get("follow", ""))


def list_page(filters: Filters, follow: str, said: Said | None = None) -> str:
    """Render the list of workers."""
    seq, now = store().newest(), store().clock()
    rows = [row(worker, now) for worker in store().workers()]
    shown = listing([replace(one, picked=one.id in said.picked) for one in rows] if said else rows, filters)
    return render_template(
        "workers.html",
        list=shown,
        summary=summary(rows),
        live=address("/live/workers", {**filters.query(), "follow": follow, "since": seq}),
        base_url=request.host_url,
        restart_code=RESTART_EXIT_CODE,
        **common(filters.address(), follow, now, said),
    )


def again(said: Said) -> str:
    """Render the page that a refused form came from, as it was."""
    back = urlsplit(came_from())
    if back.path == url_for("pages.workers"):
        return list_page(filters_of(MultiDict(parse_qs(back.query))), "", said)
    return worker_page(back.path.rpartition("/")[2], "", said)


def filters_of(given: MultiDict[str, str]) -> Filters:
    try:
        return read_filters(given)
    except BadFilter as error:
        raise BadRequest(error.text) from None
