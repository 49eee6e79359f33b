"""Our own calls about the audit log: its rows, and whether it is whole. Admins only: needs.py."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ...rules.auditing import as_json
from ...rules.chain import Broken, Head, read_head
from ...storage import audit
from ..audit.auditpages import read
from ..site import store
from .api import FARMHAND, Problem, query

bp = Blueprint("audit_api", __name__, url_prefix=f"{FARMHAND}/audit")


@bp.get("")
def list_audit() -> ResponseReturnValue:
    said = query()
    found = audit.newest_first(store().database, read(said), said.get("before"), said.get("limit", 100))
    head = audit.head(store().database)
    return jsonify(head=str(head), rows=[as_json(entry) for entry in found])


@bp.get("/verify")
def verify_audit() -> ResponseReturnValue:
    found = audit.verify(store().database, _known(query().get("head")), store().settings.audit_key())
    if isinstance(found, Broken):
        return jsonify(whole=False, broken=vars(found))
    return jsonify(whole=True, head=str(found.head), unsealed=found.unsealed)


def _known(text: str | None) -> Head | None:
    try:
        return None if text is None else read_head(text)
    except ValueError as error:
        raise Problem(400, str(error)) from None
