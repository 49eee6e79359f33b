"""API tokens by calls: those of who calls; an admin sees and revokes everybody's."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from ...clock import timestamp
from ...rules.access import Need, Role
from ...rules.tokens import USUAL_DAYS
from ...storage import tokens
from ...storage.tokens import Token
from ..access.callers import caller
from ..access.tokenform import BadToken, Wanted, make, owner_of
from ..site import store
from .api import FARMHAND, NO_CONTENT, Problem, body, query

bp = Blueprint("token_api", __name__, url_prefix=f"{FARMHAND}/tokens")


@bp.get("")
def list_tokens() -> ResponseReturnValue:
    """List the caller's own tokens or, for an admin who asks for them, everybody's."""
    everybody = query().get("everybody", False)
    if everybody and not caller().may(Need.ADMIN).granted:
        raise Forbidden("everybody's tokens are for admins to see")
    owner = owner_of(store(), caller())
    found = tokens.every(store(), None if everybody else owner) if everybody or owner else []
    return jsonify(tokens=[token_json(token) for token in found])


@bp.post("")
def make_token() -> ResponseReturnValue:
    said, owner = body(), owner_of(store(), caller())
    if owner is None:
        raise Problem(409, "tokens belong to people, and nobody has signed in; sign in, or send a token")
    tags = tuple(tag.lower() for tag in said.get("tags", ()))
    wanted = Wanted(said["name"], Role(said["role"]), tags, said.get("days", USUAL_DAYS))
    try:
        made = make(store(), caller(), owner, wanted)
    except BadToken as error:
        raise Problem(400, str(error)) from None
    return jsonify({**token_json(made.token), "token": made.text})


@bp.delete("/<token_id>")
def revoke_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token: a person any of their own, a token itself, an admin each."""
    me, found = caller(), tokens.one(store(), token_id)
    if me.id not in (found.person_id, found.id) and not me.may(Need.ADMIN).granted:
        raise Forbidden("this token is somebody else's")
    tokens.revoke(store(), found.id, me.name)
    return NO_CONTENT


def token_json(it: Token) -> dict[str, object]:
    said: dict[str, object] = {
        "id": it.id,
        "name": it.name,
        "owner": it.owner,
        "begins": it.hint,
        "role": it.scope.role.value,
        "tags": list(it.scope.tags),
        "made_at": timestamp(it.made_at),
        "expires_at": timestamp(it.expires_at),
        "holds": it.holds(store().clock()),
    }
    if it.used_at is not None:
        said["used_at"], said["used_from"] = timestamp(it.used_at), it.used_from
    if it.revoked_at is not None:
        said["revoked_at"] = timestamp(it.revoked_at)
    return said
