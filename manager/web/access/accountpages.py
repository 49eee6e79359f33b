"""Your account: the password, the browsers that are signed in, whether single keys do something."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from ... import passwords
from ...rules.passwords import LONGEST, refuse_password
from ...rules.times import span
from ...storage import people, sessions, standing
from ...storage.people import Person
from ...storage.sessions import Session
from ..actions.outcome import Notice
from ..moments import Moment
from ..site import flashed, store
from . import loginpages
from .callers import Caller, Kind, caller
from .granting import words

bp = Blueprint("accountpages", __name__)

# The preference of who is no person; a year.
SHORTCUTS, LASTS = "shortcuts", 365 * 24 * 3600


@dataclass(frozen=True)
class BrowserRow:
    """A browser that is signed in. here: it is the one that asks."""

    id: str
    agent: str
    address: str
    seen: Moment
    since: Moment
    here: bool


@bp.get("/account")
def account() -> str:
    return _page(flashed())


@bp.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Take another password: this browser begins a new session, and all others are signed out."""
    me = person_who_asks()
    try:
        if refused := _refused(me):
            return _page([Notice("bad", f"{refused.text}. Nothing was changed.")]), refused.code
        kept = passwords.hashed(request.form.get("new", ""))
    except passwords.Busy as error:
        return _page([Notice("bad", f"{error}.".capitalize())]), 503
    mine = next((each for each in sessions.of_person(store(), me.id) if each.id == me.session), None)
    people.set_password(store(), me.id, kept, me.name)
    stays = mine is not None and mine.idle >= mine.ends_at - mine.made_at
    answered = loginpages.begin(me.id, url_for(".account"), way="new password", stays=stays)
    flash("Your password is changed. You are signed out everywhere else.", "ok")
    return answered


@dataclass(frozen=True)
class Refusal:
    text: str
    code: int = 400


def _refused(me: Caller) -> Refusal | None:
    """Say why the form's password is not taken; a wrong present one counts as a try to sign in. Raises Busy."""
    form, address = request.form, request.remote_addr or ""
    if pause := sessions.try_in(store(), me.name, address):
        return Refusal(f"Too many tries that failed. Wait {span(max(pause, 1000))}, then try again", 429)
    now, kept = form.get("now", ""), people.hash_of(store(), me.id)
    try:
        right = kept is not None and len(now) <= LONGEST and passwords.verify(kept, now)
    except passwords.Busy:
        sessions.untried(store(), me.name, address)
        raise
    if not right:
        return Refusal("The present password is another one")
    sessions.succeeded(store(), me.name, address)
    if wrong := refuse_password(form.get("new", ""), me.name):
        return Refusal(wrong)
    if form.get("new") != form.get("again"):
        return Refusal("The two new passwords are not the same; write them again")
    return None


@bp.post("/account/sessions")
def end_sessions() -> ResponseReturnValue:
    """Sign out one browser, or all but the one that asks."""
    me = person_who_asks()
    if "all" in request.form:
        sessions.end_all(store(), me.id, me.name, but=me.session)
        return _back("You are signed out everywhere else.")
    sessions.end(store(), me.id, request.form.get("session", ""), me.name)
    return _back("That browser is signed out.")


@bp.post("/account/shortcuts")
def set_shortcuts() -> ResponseReturnValue:
    """Keep whether single keys do something: with a person, and in the browser."""
    wanted, me = "on" in request.form, caller()
    if me.kind is Kind.PERSON:
        standing.set_shortcuts(store(), me.id, wanted=wanted)
    answered = _back(f"Single keys {'do something again' if wanted else 'do nothing any more'} on pages.")
    said = "on" if wanted else "off"
    answered.set_cookie(SHORTCUTS, said, LASTS, secure=request.is_secure, samesite="Lax")
    return answered


def person_who_asks() -> Caller:
    """Return who asks, if it is a person; raises Forbidden for all others."""
    me = caller()
    if me.kind is not Kind.PERSON:
        raise Forbidden("This is for people who have signed in. Nothing was changed")
    return me


def browser_rows(person_id: str, here: str = "") -> Sequence[BrowserRow]:
    now = store().clock()
    return [browser_row(each, now, here) for each in sessions.of_person(store(), person_id)]


def browser_row(it: Session, now: int, here: str) -> BrowserRow:
    return BrowserRow(
        it.id, named(it.agent), it.address, Moment(it.seen_at, now), Moment(it.made_at, now), it.id == here
    )


# What stands in a User-Agent, by what people call it; the first that is there counts, as they name each other.
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def named(agent: str) -> str:
    """Say which browser a User-Agent is of, as far as it lets one tell: "Firefox on Linux"."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    return f"{browser} on {system}" if browser and system else browser or agent[:60] or "Unknown browser"


def _page(notices: Sequence[Notice]) -> str:
    me = caller()
    person: Person | None = people.one(store(), me.id) if me.kind is Kind.PERSON else None
    return render_template(
        "account.html",
        section="account",
        tab="account",
        me=me,
        person=person,
        may_do=words(me.grants),
        browsers=browser_rows(me.id, me.session) if person else [],
        by=standing.issuers_of(store(), me.id) if person else [],
        notices=notices,
    )


def _back(text: str) -> Response:
    flash(text, "ok")
    return make_response(redirect(url_for(".account"), 303))
