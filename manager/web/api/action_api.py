"""Our own calls that ask one thing of many workers, and take it back."""

from collections.abc import Sequence

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ...rules.actions import Answer
from ...storage import reach, requests
from ...storage.requests import Surprised
from ..access.access import parted
from ..access.origin import operator
from ..site import store
from .api import FARMHAND, body
from .terms import pending_json, read_expected, read_hold, read_wish

bp = Blueprint("action_api", __name__)


@bp.errorhandler(Surprised)
def surprised(error: Surprised) -> ResponseReturnValue:
    pending = [
        {
            "id": worker.id,
            "name": worker.name,
            "text": text,
            "request": worker.request and pending_json(worker.request),
        }
        for worker, text in error.surprises
    ]
    return jsonify(code=409, message=f"nothing was asked of any worker: {error}", pending=pending), 409


@bp.post(f"{FARMHAND}/workers/actions")
def act() -> ResponseReturnValue:
    """Ask one thing of many workers, in one transaction; each has its answer."""
    wish, terms = read_wish(body(), store().clock())
    said, hold = read_expected(body()), read_hold(body())
    mine, others = parted(ids())
    return answers([*requests.act(store(), mine, wish, operator(request), terms, said, hold), *others])


@bp.post(f"{FARMHAND}/workers/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take back what is pending on many workers, whatever it is, or these requests and no others."""
    if "requests" in body():
        return answers(_cancelled([each.lower() for each in body()["requests"]]))
    mine, others = parted(ids())
    return answers([*store().withdraw(mine, operator(request)), *others])


def _cancelled(request_ids: Sequence[str]) -> list[Answer]:
    with store().database.read() as connection:
        of = reach.of_requests(connection, request_ids)
    _, others = parted([*of.values()])
    spared = {answer.worker_id for answer in others}
    mine = [id for id in request_ids if of.get(id) not in spared]
    return [*requests.cancel(store(), mine, operator(request)), *others]


def ids() -> list[str]:
    return [each.lower() for each in body()["workers"]]


def answers(given: Sequence[Answer]) -> Response:
    return jsonify(
        accepted=sum(answer.accepted for answer in given),
        refused=sum(not answer.accepted for answer in given),
        workers=[
            {
                "id": answer.worker_id,
                "name": answer.name,
                "accepted": answer.accepted,
                "changed": answer.changed,
                "text": answer.text,
                "request": answer.request_id,
            }
            for answer in given
        ],
    )
