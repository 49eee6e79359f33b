"""The list of workers, as a browser without JavaScript uses it; live.py and static/ add the comfort."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ....worker.wire import RESTART_EXIT_CODE
from ...rules.finding import BadFilter
from ..access.access import may_touch
from ..access.callers import caller
from ..framing import Said, address, came_from, common
from ..site import store
from . import savedviews
from .found import found, picked_elsewhere
from .listing import ORDERS, SILENCES, SIZES, SWITCHES, View, beginnings, filter_query, listing, read_view, summary
from .workerpages import worker_page

bp = Blueprint("pages", __name__)


@bp.get("/")
def home() -> Response:
    return redirect(url_for(".workers"))


@bp.get("/workers")
def workers() -> str:
    return list_page(view_of(request.args), request.args.get("follow", ""))


def list_page(view: View, follow: str, said: Said | None = None) -> str:
    """Render the list of workers."""
    seq, now = store().newest(), store().clock()
    if said:
        view = replace(view, picked=beginnings(said.picked))
    shown = found(store(), view)
    elsewhere = picked_elsewhere(store(), view.picked, shown.rows)
    spared = may_touch([*(row.id for row in shown.rows), *(one.id for one in elsewhere)])
    rows = [replace(one, picked=one.id.startswith(view.picked), spared=one.id in spared) for one in shown.rows]
    return render_template(
        "workers.html",
        list=listing(replace(shown, rows=rows), view),
        elsewhere=elsewhere,
        views=savedviews.read(request.cookies.get(savedviews.COOKIE, "")),
        this_view=view.address(page=1, picked=()),
        spared=spared,
        unpicked=view.address(picked=()),
        limited_to="" if caller().everywhere else caller().called,
        summary=summary(shown.totals),
        orders=ORDERS,
        sizes=SIZES,
        silences=SILENCES,
        switches=SWITCHES,
        query=urlencode(filter_query(view.filters), doseq=True),
        live=address("/live/workers", {**view.query(picked=()), "follow": follow, "since": seq}),
        base_url=request.host_url,
        restart_code=RESTART_EXIT_CODE,
        **common(view.address(picked=()), follow, now, said),
    )


@bp.post("/workers/turn")
def turn() -> Response:
    """Go to another page of the list and take along what is ticked, which only a script could write into a link."""
    here = {**parse_qs(urlsplit(came_from()).query), "page": [request.form.get("page", "")]}
    view = replace(view_of(MultiDict(here)), picked=beginnings(request.form.getlist("worker")))
    return redirect(view.address(), 303)


def again(said: Said) -> str:
    """Render the page that a refused form came from, as it was."""
    back = urlsplit(came_from())
    if back.path == url_for("pages.workers"):
        return list_page(view_of(MultiDict(parse_qs(back.query))), "", said)
    return worker_page(back.path.rpartition("/")[2], "", said)


def view_of(given: MultiDict[str, str]) -> View:
    try:
        return read_view(given)
    except BadFilter as error:
        raise BadRequest(error.text) from None
