"""Who waits to be let in, who is, and enrolment codes: what operators' programs do at the door."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from ...clock import timestamp
from ...rules.joining import LIFETIME, Enrolment, refuse_code
from ...storage import enrolments, joining
from ...storage.joining import Guest
from ..access.origin import operator
from ..site import store
from .api import FARMHAND, NO_CONTENT, body

JOINING, ENROLMENTS = f"{FARMHAND}/joining", f"{FARMHAND}/enrolments"

bp = Blueprint("joining_api", __name__)


@bp.get(JOINING)
def show_joining() -> ResponseReturnValue:
    waiting = [_guest(each) for each in joining.waiting(store())]
    return jsonify(registration=store().settings.joining.value, waiting=waiting)


@bp.post(f"{JOINING}/let-in")
def let_in() -> ResponseReturnValue:
    return jsonify(names=joining.let_in(store(), body()["ids"], operator(request)))


@bp.post(f"{JOINING}/turn-away")
def turn_away() -> ResponseReturnValue:
    return jsonify(names=joining.turn_away(store(), body()["ids"], operator(request)))


@bp.post(f"{JOINING}/revoke")
def revoke() -> ResponseReturnValue:
    said = body()
    return jsonify(names=joining.revoke(store(), said["ids"], operator(request), said.get("reason", "")))


def _guest(it: Guest) -> dict[str, object]:
    return {
        **{name: getattr(it, name) for name in ("id", "kind", "name", "platform")},
        "ip_address": it.address,
        "registered_at": timestamp(it.since),
        **({} if it.last_seen is None else {"last_seen": timestamp(it.last_seen)}),
    }


# -- enrolment codes


@bp.get(ENROLMENTS)
def list_enrolments() -> ResponseReturnValue:
    return jsonify(enrolments=[_enrolment(each) for each in enrolments.known(store())])


@bp.post(ENROLMENTS)
def make_enrolment() -> ResponseReturnValue:
    """Answer the code, which is said here and never again."""
    said = body()
    made = enrolments.make(
        store(),
        operator(request),
        uses=said.get("uses", 1),
        lifetime=round(said.get("expires_in", LIFETIME / 1000) * 1000),
        tag_ids=said.get("tags", ()),
    )
    return jsonify(code=made.code, **_enrolment(made.enrolment))


@bp.delete(f"{ENROLMENTS}/<enrolment_id>")
def revoke_enrolment(enrolment_id: str) -> ResponseReturnValue:
    enrolments.revoke(store(), enrolment_id, operator(request))
    return NO_CONTENT


def _enrolment(it: Enrolment) -> dict[str, object]:
    return {
        "id": it.id,
        "hint": it.hint,
        "made_at": timestamp(it.made_at),
        "made_by": it.made_by,
        "expires_at": timestamp(it.expires_at),
        "uses": it.uses,
        "used": it.used,
        "tags": list(it.tags),
        "open": refuse_code(it, store().clock()) is None,
    }
