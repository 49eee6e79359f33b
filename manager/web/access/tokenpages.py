"""API tokens on pages: a person's own, and all of them for admins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from ...rules.access import Need, Role
from ...rules.tokens import DAY_MS, USUAL_DAYS
from ...storage import tags, tokens
from ...storage.tokens import Token
from ..actions.outcome import Notice
from ..given import whole_number
from ..moments import Moment, span
from ..site import flashed, store
from .accountpages import person_who_asks
from .callers import Kind, caller
from .granting import ROLES, BadGrant, read_role
from .tokenform import BadToken, Wanted, make, roles_for

bp = Blueprint("tokenpages", __name__)

# Where a token that was just made waits for the next page, which shows it once.
_MADE = "token"

# How long a token may hold, as the form offers it: days and words.
LIFETIMES = ((7, "1 week"), (30, "30 days"), (USUAL_DAYS, f"{USUAL_DAYS} days"), (365, "1 year"))


@dataclass(frozen=True)
class TokenRow:
    """A token in a list. state: why it does not hold, or empty; ends: when it does no more."""

    id: str
    name: str
    owner: str
    hint: str
    may_do: str
    made: Moment
    used: Moment | None
    used_from: str
    state: str
    ends: str
    soon: bool


@bp.get("/account/tokens")
def mine() -> str:
    return _page(flashed())


@bp.post("/account/tokens")
def add() -> ResponseReturnValue:
    """Make a token, which the next page shows, once."""
    me, form = person_who_asks(), request.form
    try:
        days = whole_number(form.get("days", "")) or 0
        wanted = Wanted(form.get("name", ""), read_role(form.get("role", "")), tuple(form.getlist("tag")), days)
        made = make(store(), me, me.id, wanted)
    except (BadToken, BadGrant) as error:
        return _page([Notice("bad", f"{str(error).rstrip('.')}. No token was made.")], form.get("name", "")), 400
    session[_MADE] = made.text
    return redirect(url_for(".mine"), 303)


@bp.post("/account/tokens/revoke")
def revoke() -> ResponseReturnValue:
    """Revoke a token: one's own or, as an admin, anybody's."""
    me, found = person_who_asks(), tokens.one(store(), request.form.get("token", ""))
    if found.person_id != me.id and not me.may(Need.ADMIN).granted:
        raise Forbidden("This token is somebody else's. Nothing was changed")
    tokens.revoke(store(), found.id, me.name)
    flash(f"The token “{found.name}” is revoked.", "ok")
    return redirect(url_for(".all_of_them" if request.form.get("back") == "all" else ".mine"), 303)


@bp.get("/tokens")
def all_of_them() -> str:
    rows = token_rows(tokens.every(store()))
    return render_template("tokens.html", section="farm", tokens=rows, notices=flashed(), back="all", owners=True)


def token_rows(found: Sequence[Token]) -> list[TokenRow]:
    names, now = {tag.id: tag.name for tag in tags.every(store())}, store().clock()
    return [token_row(each, names, now) for each in found]


def token_row(it: Token, names: Mapping[str, str], now: int) -> TokenRow:
    limits = ", ".join(names.get(tag, "a deleted tag") for tag in it.scope.tags)
    state = "revoked" if it.revoked_at is not None else "" if it.holds(now) else "ended"
    return TokenRow(
        id=it.id,
        name=it.name,
        owner=it.owner,
        hint=it.hint,
        may_do=f"{it.scope.role.value} of {limits}" if limits else it.scope.role.value,
        made=Moment(it.made_at, now),
        used=None if it.used_at is None else Moment(it.used_at, now),
        used_from=it.used_from,
        state=state,
        ends=f"in {span(it.expires_at - now)}" if not state else Moment(it.expires_at, now).minute,
        soon=not state and it.expires_at - now < 7 * DAY_MS,
    )


def _page(notices: Sequence[Notice], name: str = "") -> str:
    me = caller()
    mine = tokens.every(store(), me.id) if me.kind is Kind.PERSON else []
    return render_template(
        "tokens.html",
        section="account",
        tab="tokens",
        tokens=token_rows(mine),
        made=session.pop(_MADE, ""),
        form=me.kind is Kind.PERSON,
        roles={role.value: ROLES[role] for role in roles_for(me.grants)},
        usual_role=Role.VIEWER.value,
        tags=_tags_for() if Role.OPERATOR in roles_for(me.grants) else [],
        lifetimes=LIFETIMES,
        usual=USUAL_DAYS,
        name=name,
        notices=notices,
        back="",
        owners=False,
        base_url=request.host_url,
    )


def _tags_for() -> list[object]:
    """Return the tags that a token of the caller's can be limited to."""
    return [tag for tag in tags.every(store()) if caller().may(Need.OPERATE, {tag.id}).granted]
