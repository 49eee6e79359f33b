"""People, for admins: who may sign in and what they may do; links by which they choose a password; sessions, tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from ...rules.passwords import refuse_name
from ...rules.tasks import Refused
from ...storage import people as kept
from ...storage import sessions, standing, tags, tokens
from ...storage.people import Person
from ...storage.standing import Standing
from ..actions.outcome import Notice
from ..moments import Moment
from ..site import flashed, store
from .accountpages import browser_rows
from .callers import caller
from .granting import ROLES, BadGrant, Chosen, chosen, read, words
from .tokenpages import token_rows

bp = Blueprint("peoplepages", __name__)

# Where a link that was just made, and whose it is, wait for that person's page, which shows it once.
_MADE = "link"


@dataclass(frozen=True)
class PersonRow:
    """A person in the list. by: how they sign in, in words."""

    id: str
    name: str
    may_do: str
    by: str
    seen: Moment | None
    off: bool
    me: bool


@bp.get("/people")
def people() -> str:
    return _list(flashed())


@bp.post("/people")
def add() -> ResponseReturnValue:
    """Make a person, and a link by which they choose a password."""
    form, name = request.form, request.form.get("name", "")
    try:
        if wrong := refuse_name(name):
            raise BadGrant(f"{wrong}.")
        made = kept.add(store(), name, read(form, tags.every(store())), caller().name)
    except (BadGrant, Refused) as error:
        return _list([_bad(error)], name), 400
    _make_link(made.id)
    return redirect(url_for(".person", person_id=made.id), 303)


@bp.get("/people/<person_id>")
def person(person_id: str) -> ResponseReturnValue:
    return _one(person_id, flashed())


@bp.post("/people/<person_id>/role")
def grant(person_id: str) -> ResponseReturnValue:
    """Say what a person may do; who was turned off is let in again."""
    try:
        standing.turn_on(store(), person_id, read(request.form, tags.every(store())), caller().name)
    except (BadGrant, Refused) as error:
        return _one(person_id, [_bad(error)], 400)
    return _back(person_id, "That is what they may do now. They have to sign in again.")


@bp.post("/people/<person_id>/link")
def link(person_id: str) -> ResponseReturnValue:
    """Make a link by which a person chooses a password: another one, where they have one."""
    _make_link(kept.one(store(), person_id).id)
    return redirect(url_for(".person", person_id=person_id), 303)


@bp.post("/people/<person_id>/sessions")
def end_sessions(person_id: str) -> ResponseReturnValue:
    """Sign out a person's browsers, one or all."""
    found, me = kept.one(store(), person_id), caller()
    if "session" in request.form:
        sessions.end(store(), found.id, request.form["session"], me.name)
        return _back(person_id, "That browser is signed out.")
    sessions.end_all(store(), found.id, me.name)
    return _back(person_id, f"{found.name} is signed out everywhere.")


@bp.post("/people/<person_id>/off")
def turn_off(person_id: str) -> ResponseReturnValue:
    """Let a person in no more."""
    try:
        standing.turn_off(store(), person_id, caller().name)
    except Refused as error:
        return _one(person_id, [_bad(error)], 409)
    return _back(person_id, "They are not let in any more: sessions, tokens and the password hold no more.")


def _make_link(person_id: str) -> None:
    secret = sessions.make_link(store(), person_id)
    session[_MADE] = [person_id, url_for("loginpages.welcome", secret=secret, _external=True)]


def _made_link(person_id: str) -> str:
    """Return the link that was made just now for a person, once; another's is shown on no page but theirs."""
    return session.pop(_MADE)[1] if session.get(_MADE, [""])[0] == person_id else ""


def _bad(error: Exception) -> Notice:
    text = str(error).rstrip(".")
    return Notice("bad", f"{text[:1].upper()}{text[1:]}. Nothing was changed.")


def _back(person_id: str, text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(url_for(".person", person_id=person_id), 303)


# -- what the pages show


def _list(notices: Sequence[Notice], name: str = "") -> str:
    now, stands = store().clock(), standing.all_of(store())
    found = [person_row(each, stands.get(each.id, Standing()), now) for each in kept.every(store())]
    return render_template(
        "people.html",
        section="farm",
        people=[row for row in found if not row.off] + [row for row in found if row.off],
        name=name,
        notices=notices,
        **_choices(Chosen()),
    )


def _one(person_id: str, notices: Sequence[Notice], code: int = 200) -> ResponseReturnValue:
    found, now = kept.one(store(), person_id), store().clock()
    stands = standing.all_of(store()).get(found.id, Standing())
    shown = render_template(
        "person.html",
        section="farm",
        p=person_row(found, stands, now),
        made=Moment(found.made_at, now),
        off=None if stands.off_at is None else Moment(stands.off_at, now),
        has_password=found.has_password,
        vouched=stands.by,
        browsers=browser_rows(found.id, caller().session),
        tokens=token_rows(tokens.every(store(), found.id)),
        link=_made_link(found.id),
        notices=notices,
        **_choices(chosen(found.grants)),
    )
    return shown, code


def _choices(now: Chosen) -> dict[str, object]:
    roles = {role.value: does for role, does in ROLES.items()}
    return {"roles": roles, "tags": tags.every(store()), "chosen": now}


def person_row(it: Person, stands: Standing, now: int) -> PersonRow:
    ways = [*stands.by, *(["password"] if it.has_password else [])]
    return PersonRow(
        id=it.id,
        name=it.name,
        may_do=words(it.grants),
        by=", ".join(ways) or "a link, not used yet",
        seen=None if it.signed_in_at is None else Moment(it.signed_in_at, now),
        off=stands.off_at is not None,
        me=it.id == caller().id,
    )
