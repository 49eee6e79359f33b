"""Who wants to join, as the Workers page shows it and on a page of its own; enrolment codes; how one is put out."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug import Response
from werkzeug.exceptions import BadRequest

from ....worker.wire import RESTART_EXIT_CODE
from ...rules.joining import LIFETIME, MOST_USES, Enrolment, Joining, refuse_code
from ...storage import enrolments, joining, tags
from ...storage.joining import Guest
from ..access.origin import operator
from ..framing import came_from
from ..moments import Moment, span
from ..site import flashed, store

bp = Blueprint("joinpages", __name__)

# So many are named above the list of workers; all are on a page of their own.
SHOWN = 5

# Where a code that was just made waits for the next page, which shows it once.
_MADE = "enrolment"

# How long a code may be good for, as the form offers it: seconds and words.
LIFETIMES = ((LIFETIME // 1000, "15 minutes"), (3600, "1 hour"), (24 * 3600, "1 day"), (7 * 24 * 3600, "1 week"))


@dataclass(frozen=True)
class GuestRow:
    """One who wants to join."""

    id: str
    kind: str
    name: str
    address: str
    platform: str
    since: Moment


@dataclass(frozen=True)
class Door:
    """What stands above the list of workers."""

    guests: list[GuestRow]
    count: int
    words: str


@dataclass(frozen=True)
class CodeRow:
    id: str
    hint: str
    by: str
    made: Moment
    used: str
    tags: str
    state: str
    open: bool


@bp.app_context_processor
def given() -> dict[str, object]:
    """Give the pages of workers what they say about joining, when they ask for it."""
    return {"door": door, "joining_by": joining_by, "made_code": made_code}


def door(shown: int = SHOWN) -> Door:
    """Say who wants to join."""
    now, found = store().clock(), joining.waiting(store())
    return Door([guest_row(each, now) for each in found[:shown]], len(found), words(found))


def words(guests: list[Guest]) -> str:
    kinds = [each.kind for each in guests]
    told = [_count(kinds.count(kind), kind) for kind in ("worker", "agent") if kind in kinds]
    return f"{' and '.join(told)} {'wants' if len(guests) == 1 else 'want'} to join"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def guest_row(it: Guest, now: int) -> GuestRow:
    return GuestRow(it.id, it.kind, it.name, it.address, it.platform, Moment(it.since, now))


def joining_by() -> str:
    """Return how workers get in: open, approval or code."""
    return store().settings.joining.value


def made_code() -> str:
    """Return the code that was made a moment ago, once; "" where none was."""
    return str(session.pop(_MADE, ""))


# -- pages


@bp.get("/workers/joining")
def show() -> str:
    now = store().clock()
    return render_template(
        "joining.html",
        section="farm",
        guests=door(1000),
        codes=[code_row(each, now) for each in enrolments.known(store())],
        tags=tags.every(store()),
        lifetimes=LIFETIMES,
        most_uses=MOST_USES,
        modes=[way.value for way in Joining],
        notices=flashed(),
        base_url=request.host_url,
        restart_code=RESTART_EXIT_CODE,
        here=url_for(".show"),
    )


def code_row(it: Enrolment, now: int) -> CodeRow:
    doubt = refuse_code(it, now)
    left = it.expires_at - now
    return CodeRow(
        id=it.id,
        hint=it.hint,
        by=it.made_by,
        made=Moment(it.made_at, now),
        used=f"{it.used} of {it.uses}",
        tags=", ".join(it.tags),
        state=f"good for {span(left)}" if doubt is None else doubt.removeprefix("this enrolment code "),
        open=doubt is None,
    )


@bp.post("/workers/joining")
def decide() -> Response:
    """Let in or turn away the one whose button was pressed, or those that are ticked, or all that were shown."""
    for name, do, done in (("let_in", joining.let_in, "let in"), ("turn_away", joining.turn_away, "turned away")):
        if name in request.form:
            return _did(do(store(), _meant(request.form[name]), operator(request)), done)
    raise BadRequest("let_in, turn_away: neither says what is to be done")


def _meant(pressed: str) -> list[str]:
    """Return whom a button is for: "picked", "all" or one of them by its id."""
    fields = {"picked": "guest", "all": "shown"}
    return request.form.getlist(fields[pressed]) if pressed in fields else [pressed]


def _did(names: list[str], done: str) -> Response:
    if not names:
        flash("Nobody was picked who still waits to be let in.", "warn")
    else:
        told = names[0] if len(names) == 1 else f"{len(names)} of them"
        flash(f"{told} {'is' if len(names) == 1 else 'are'} {done}.", "ok")
    return redirect(came_from(), 303)


@bp.post("/workers/enrolment")
def make() -> Response:
    """Make an enrolment code; the next page says it, once."""
    said = request.form
    try:
        uses, seconds = int(said.get("uses", "1")), int(said.get("lifetime", LIFETIME // 1000))
    except ValueError:
        raise BadRequest("uses, lifetime: write whole numbers") from None
    if not 1 <= uses <= MOST_USES or seconds not in dict(LIFETIMES):
        raise BadRequest(f"uses, lifetime: 1 to {MOST_USES} workers, and one of the times that are offered")
    tag_ids = [tag_id for tag_id in said.getlist("tag") if tag_id]
    made = enrolments.make(store(), operator(request), uses=uses, lifetime=seconds * 1000, tag_ids=tag_ids)
    session[_MADE] = made.code
    return redirect(came_from(), 303)


@bp.post("/workers/enrolment/revoke")
def revoke_code() -> Response:
    enrolments.revoke(store(), request.form.get("enrolment", ""), operator(request))
    flash("The enrolment code lets in nobody any more; who is in stays in.", "ok")
    return redirect(came_from(), 303)


# -- putting out


@bp.get("/workers/<worker_id>/revoke")
def ask(worker_id: str) -> str:
    """Say what it would do to take a worker's credentials from it."""
    return render_template(
        "revoke.html",
        section="workers",
        w=store().worker(worker_id),
        again=AGAIN[store().settings.joining],
        here=url_for(".ask", worker_id=worker_id),
    )


AGAIN = {
    Joining.OPEN: "It can register again by itself, as new workers may join without being asked here.",
    Joining.APPROVAL: "If it registers again, somebody has to let it in.",
    Joining.CODE: "To register again it needs a new enrolment code.",
}


@bp.post("/workers/<worker_id>/revoke")
def revoke(worker_id: str) -> ResponseReturnValue:
    reason = " ".join(request.form.get("reason", "").split())[:500]
    name = store().worker(worker_id).name
    joining.revoke(store(), [worker_id], operator(request), reason)
    flash(f"{name} is out: its credentials are refused, and it stops.", "ok")
    return redirect(url_for("pages.workers"), 303)
