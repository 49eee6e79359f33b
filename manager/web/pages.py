"""The list of workers, as a browser without JavaScript uses it; live.py and static/ add the comfort."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from ...worker.wire import RESTART_EXIT_CODE
from ..rules.actions import Answer
from ..rules.facts import Kind
from .framing import Said, address, came_from, common
from .listing import BadFilter, Filters, listing, read_filters, summary
from .menu import ACTIONS
from .origin import operator
from .outcome import Notice, acted, withdrawn
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


@bp.post("/workers/act")
def act() -> Response | tuple[str, int]:
    """Ask something of the selected workers, of all that can; or say what is missing."""
    picked = list(dict.fromkeys(request.form.getlist("worker")))
    action = ACTIONS.get(request.form.get("action", ""))
    if action is None or not picked:
        missing = "Choose an action" if action is None else "Select the workers that it is for"
        notice = Notice("bad", f"{missing}, then press Apply. Nothing was asked of any worker.")
        return again(Said(notice, picked, action.key if action else "")), 400
    before = store().newest()
    answers = store().act(picked, action.wish, operator(request))
    notice = acted(action.wish, answers)
    flash(notice.text, notice.tone)
    return redirect(with_follow(came_from(), made(before, answers)), 303)


@bp.post("/workers/withdraw")
def withdraw() -> Response:
    """Take back what is pending for the workers named."""
    picked = list(dict.fromkeys(request.form.getlist("worker")))
    if not picked:
        raise BadRequest("worker: nobody is named whose pending change is to be taken back")
    notice = withdrawn(store().withdraw(picked, operator(request)))
    flash(notice.text, notice.tone)
    return redirect(came_from(), 303)


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
    if back.path == url_for(".workers"):
        return list_page(filters_of(MultiDict(parse_qs(back.query))), "", said)
    return worker_page(back.path.rpartition("/")[2], "", said)


def filters_of(given: MultiDict[str, str]) -> Filters:
    try:
        return read_filters(given)
    except BadFilter as error:
        raise BadRequest(error.text) from None


def made(before: int, answers: Sequence[Answer]) -> str:
    """Name the events that a click made, for the toast to follow; empty where it made none."""
    ids = {answer.request_id for answer in answers if answer.changed}
    seqs = [
        event.seq
        for event in store().events_after(before)
        if event.kind is Kind.REQUEST_MADE and event.detail["request"] in ids
    ]
    return f"{min(seqs)}-{max(seqs)}" if seqs else ""


def with_follow(back: str, span: str) -> str:
    path, _, query = back.partition("?")
    kept = {key: values for key, values in parse_qs(query).items() if key != "follow"}
    return address(path, {**kept, "follow": span})
