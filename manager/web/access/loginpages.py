"""Signing in and out, and the page of a link by which somebody chooses a password."""

from contextlib import suppress

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ... import passwords
from ...rules.access import EVERYWHERE
from ...rules.passwords import LONGEST, refuse_name, refuse_password
from ...rules.tasks import Refused
from ...rules.times import span
from ...storage import people, sessions, standing
from ...storage.people import Person
from ...storage.sessions import Link
from ..actions.outcome import Notice
from ..site import flashed, store
from .access import SIGN_IN
from .callers import Kind, caller
from .origin import parts
from .sessioncookie import forget, keep, secret_of

bp = Blueprint("loginpages", __name__)

WELCOME = "/welcome"

_WRONG = "The name and the password do not go together."


@bp.get(SIGN_IN)
def sign_in() -> ResponseReturnValue:
    here = way_back(request.args.get("next", ""))
    if caller().kind in (Kind.PERSON, Kind.NOBODY_HAS_TO):
        return redirect(here, 303)
    return _form(here, flashed())


@bp.post(SIGN_IN)
def try_to_sign_in() -> ResponseReturnValue:
    """Sign somebody in, or say why not; again and again only after a while."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    here, address = way_back(request.form.get("next", "")), request.remote_addr or ""
    pause = sessions.try_in(store(), name, address)
    if pause:
        return _wait(here, name, pause)
    # As much is done for a name that nobody has, so that the time it takes does not tell.
    found = people.known(store(), name)
    kept = found.kept if found else None
    try:
        right = len(password) <= LONGEST and passwords.verify(kept, password)
    except passwords.Busy as error:
        sessions.untried(store(), name, address)
        return _form(here, [Notice("bad", f"{error}".capitalize())], name), 503, {"Retry-After": "1"}
    if not right or found is None or kept is None:
        whom, why = (f"person {found.name}", "wrong password") if found else ("", "unknown name")
        sessions.mistaken(store(), name, address, whom, why)
        return _form(here, [Notice("bad", _WRONG)], name), 401
    sessions.succeeded(store(), name, address)
    if passwords.outdated(kept):
        with suppress(passwords.Busy):  # another time
            people.rehash(store(), found.id, kept, passwords.hashed(password))
    return begin(found.id, here, way="password", stays="stay" in request.form)


def begin(person_id: str, here: str, *, way: str, stays: bool = False) -> Response:
    """Sign a person in, in a session of its own, and go to the page `here`. way: by what, as the audit log names it."""
    agent = request.headers.get("User-Agent", "")
    begun = sessions.begin(
        store(), person_id, request.remote_addr or "", agent, stays=stays, way=way, instead=secret_of(request)
    )
    session.clear()  # what the last one here was still to be told
    answered = make_response(redirect(here, 303))
    keep(answered, begun, stays=stays, is_https=request.is_secure)
    return answered


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    who = caller()
    if who.session:
        sessions.end(store(), who.id, who.session, who.name)
    session.clear()
    vouched = standing.issuers_of(store(), who.id)  # where they can sign out, too
    answered = make_response(redirect(url_for("oidcpages.signed_out") if vouched else SIGN_IN, 303))
    forget(answered, is_https=request.is_secure)
    return answered


def way_back(said: str) -> str:
    """Return the page to go to after signing in; of this manager, whatever was said."""
    own = said.startswith("/") and not said.startswith("//") and "\\" not in said and said.isprintable()
    return said if own and parts(said).path not in (SIGN_IN, "/sign-out") else url_for("pages.workers")


def _form(here: str, notices: list[Notice], name: str = "") -> str:
    said = store().settings
    days = f"{said.session_lifetime / 86_400:g}"
    shown = {"days": days, "host": request.host, "unclaimed": said.oidc is None and _unclaimed()}
    return render_template("login.html", next=here, notices=notices, name=name, **shown)


def _unclaimed() -> bool:
    with store().database.read() as connection:
        return not people.admins(connection)


def _wait(here: str, name: str, pause: int) -> ResponseReturnValue:
    told = f"Too many tries that failed. Wait {span(max(pause, 1000))}, then try again."
    return _form(here, [Notice("bad", told)], name), 429, {"Retry-After": str(-(-pause // 1000))}


# -- a link by which somebody chooses a password


@bp.get(f"{WELCOME}/<secret>")
def welcome(secret: str) -> ResponseReturnValue:
    """Show what a link is for. Looking does not use it up: programs that check mail look at links, too."""
    found = _link(secret)
    return _gone() if found is None else _choose(secret, found)


@bp.post(f"{WELCOME}/<secret>")
def choose(secret: str) -> ResponseReturnValue:
    """Take the password that was chosen, use the link up, and sign its person in."""
    found = _link(secret)
    if found is None:
        return _gone()
    person = _person(found)
    name, password = person.name if person else request.form.get("name", ""), request.form.get("password", "")
    wrong = refuse_name(name) or refuse_password(password, name)
    if wrong is None and password != request.form.get("again", ""):
        wrong = "The two passwords are not the same; write them again"
    if wrong is not None:
        return _choose(secret, found, Notice("bad", f"{wrong}."), name, 400)
    try:
        kept = passwords.hashed(password)
        person_id = _spend(secret, name, kept)
    except (Refused, passwords.Busy) as error:
        return _choose(secret, found, Notice("bad", f"{error}.".capitalize()), name, 409)
    return _gone() if person_id is None else private(begin(person_id, url_for("pages.workers"), way="link"))


def _spend(secret: str, name: str, kept: str) -> str | None:
    """Give the link's person the password and return their id; None where the link holds no more."""
    with store().database.write() as change:
        found = sessions.spend(change, secret)
        if found is None:
            return None
        if found.person_id is not None:
            people.set_password_within(change, found.person_id, kept, name)
            return found.person_id
        if people.admins(change.connection):  # by another link, or by another way in
            return None
        return people.add_within(change, name, EVERYWHERE, name.strip(), kept).id


def _link(secret: str) -> Link | None:
    with store().database.read() as connection:
        return sessions.link(connection, secret, store().clock())


def _person(found: Link) -> Person | None:
    return None if found.person_id is None else people.one(store(), found.person_id)


def _choose(secret: str, found: Link, notice: Notice | None = None, name: str = "", code: int = 200) -> Response:
    person = _person(found)
    shown = render_template("first.html", secret=secret, person=person, notices=[notice] if notice else [], name=name)
    return private(make_response(shown, code))


def _gone() -> Response:
    return private(make_response(render_template("link_gone.html"), 410))


def private(response: Response) -> Response:
    """Have the address of a page, which is a secret, told to nobody; no-referrer would hide our own forms' origin."""
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
