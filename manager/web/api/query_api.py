"""Our own calls that look: workers as the Workers page filters them, and what became of a request."""

from collections.abc import Sequence
from urllib.parse import urlencode

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from ...clock import timestamp
from ...rules.facts import Kind
from ...rules.tags import Tag
from ...rules.workers import Worker
from ...storage import finding, tags
from ...storage.events import Event
from ...storage.store import Missing
from ..site import store
from ..workers.rows import row
from .api import FARMHAND, query
from .jobjson import tag_json
from .operator_api import summary
from .selection import read_query

bp = Blueprint("query_api", __name__, url_prefix=f"{FARMHAND}/workers")

# What becomes of a request, by the event that tells of it.
STATES = {
    Kind.REQUEST_MADE: "pending",
    Kind.REQUEST_SEEN: "seen",
    Kind.REQUEST_ESCALATED: "pending",
    Kind.REQUEST_DONE: "done",
    Kind.REQUEST_WITHDRAWN: "withdrawn",
}
_ENDED = frozenset({"done", "withdrawn", "replaced"})

# Workers in one answer; ten thousand of them would be some megabytes.
MOST = 1000

# So many events of a worker's requests are looked at.
_FAR = 1000


@bp.get("")
def find_workers() -> ResponseReturnValue:
    now, said = store().clock(), query()
    after, limit = said.pop("after", None), said.pop("limit", MOST)
    ids = finding.following(store(), read_query(said), after, limit + 1)
    shown, rest = ids[:limit], ids[limit:]
    there, given = {it.id: it for it in store().workers(shown)}, tags.of_workers(store(), shown)
    found = [_found(there[id], given.get(id, ()), now) for id in shown if id in there]
    return jsonify(workers=found, next=_page_after(shown[-1]) if rest else None)


def _page_after(worker_id: str) -> str:
    """Return the address of this call that goes on after a worker."""
    asked = urlencode({**request.args.to_dict(flat=False), "after": worker_id}, doseq=True)
    return f"{url_for('.find_workers')}?{asked}"


def _found(worker: Worker, given: Sequence[Tag], now: int) -> dict[str, object]:
    shown = row(worker, now)
    return {
        **summary(worker),
        "state": shown.state.name,
        "doing": shown.task.title if shown.task else shown.note,
        "ip_address": worker.address,
        "platform": worker.platform,
        "tags": [tag_json(tag) for tag in given],
    }


@bp.get("/<worker_id>/requests/<request_id>")
def show_request(worker_id: str, request_id: str) -> ResponseReturnValue:
    store().worker(worker_id)
    events = [
        event
        for event in reversed(store().worker_events(worker_id, _FAR, kinds=STATES.keys()))
        if request_id in (event.detail["request"], event.detail.get("replaces"))
    ]
    if not events or events[0].detail["request"] != request_id:
        raise Missing(f"there is no request {request_id}, or it was long ago")
    made, last = events[0], events[-1]
    state = _state(last, request_id)
    ended = {"ended_at": timestamp(last.at), "ended_by": last.who} if state in _ENDED else {}
    return jsonify(
        id=request_id,
        status=made.detail["status"],
        is_lazy=last.detail["lazy"] if state != "replaced" else made.detail["lazy"],
        by=made.who,
        at=timestamp(made.at),
        state=state,
        **ended,
    )


def _state(last: Event, request_id: str) -> str:
    return STATES[last.kind] if last.detail["request"] == request_id else "replaced"
