"""When a worker restarts again and again, and nobody asked for it. Pure; times are milliseconds since the epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .facts import Fact, Kind

# The kinds of events that `looping` looks at.
KINDS = frozenset({Kind.WORKER_SIGNED_ON, Kind.REQUEST_DONE, Kind.TICKET_MADE, Kind.WORKER_LOOPS})


@dataclass(frozen=True)
class Limit:
    """So many restarts within such a time (milliseconds) are a crash loop."""

    restarts: int = 5
    within: int = 10 * 60_000


@dataclass(frozen=True)
class Past:
    """One event of a worker."""

    at: int
    kind: Kind
    detail: Mapping[str, object]


def looping(past: Sequence[Past], now: int, limit: Limit) -> Fact | None:
    """Say so if a worker is in a crash loop, given its last events, the oldest first.

    A restart is a sign-on but the first of all. Somebody asked for it where a request to restart is done with it, or
    where it was shut down, or a ticket made to start or restart it, since the sign-on before. What was said once is
    said again when the time of the limit has passed.
    """
    restarts: list[int] = []
    asked = False
    for index, event in enumerate(past):
        if event.kind is Kind.WORKER_SIGNED_ON:
            first = event.detail.get("incarnation") == 1
            if not (first or asked or _done(past, index)):
                restarts.append(event.at)
            asked = False
        elif event.kind is Kind.WORKER_LOOPS:
            if now - event.at < limit.within:
                return None
        else:
            asked = asked or event.kind is Kind.TICKET_MADE or event.detail.get("status") == "offline"
    recent = [at for at in restarts if now - at < limit.within]
    if len(recent) < limit.restarts:
        return None
    return Fact(Kind.WORKER_LOOPS, {"restarts": len(recent), "within": limit.within})


def _done(past: Sequence[Past], index: int) -> bool:
    """Say whether the sign-on at a place did what a request to restart wanted, which is told after it."""
    for event in past[index + 1 :]:
        if event.kind is Kind.WORKER_SIGNED_ON:
            return False
        if event.kind is Kind.REQUEST_DONE and event.detail.get("status") == "restart":
            return True
    return False
