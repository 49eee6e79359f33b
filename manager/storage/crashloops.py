"""Notices a worker that restarts again and again, when it signs on once more."""

from ..rules import crashloop
from ..rules.crashloop import Limit, Past
from . import events
from .database import Change

# So many events are looked at for each restart of the limit: it signs on, and perhaps somebody had asked.
_EACH = 4


def look(change: Change, worker_id: str, limit: Limit) -> None:
    """Append an event if the worker, which signed on in this transaction, is in a crash loop."""
    known = events.of_worker(change.connection, worker_id, _EACH * (limit.restarts + 1), None, crashloop.KINDS)
    past = [Past(event.at, event.kind, event.detail) for event in reversed(known)]
    fact = crashloop.looping(past, change.now, limit)
    if fact is not None:
        events.append(change, fact, worker_id=worker_id)
