"""What a worker was over time, from its events. Pure; times are milliseconds since the epoch."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ...worker.wire import Status, TaskStatus
from .exits import Happening
from .facts import Kind


class Being(Enum):
    """What a worker is, as far as a chart tells them apart; in the order in which they lie on each other."""

    WORKING = "working"
    IDLE = "idle"
    ASLEEP = "asleep"
    STARTING = "starting"
    OFFLINE = "offline"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Span:
    being: Being
    begins: int
    ends: int


_STATUSES: Mapping[str, Being] = {
    Status.AWAKE.value: Being.IDLE,
    Status.ASLEEP.value: Being.ASLEEP,
    Status.STARTING.value: Being.STARTING,
    Status.OFFLINE.value: Being.OFFLINE,
    Status.RESTART.value: Being.OFFLINE,
    Status.ERROR.value: Being.ERROR,
}
_ALWAYS: Mapping[Kind, Being] = {
    Kind.WORKER_SIGNED_ON: Being.STARTING,
    Kind.WORKER_SIGNED_OFF: Being.OFFLINE,
    Kind.WORKER_LOST: Being.ERROR,
    Kind.WORKER_REGISTERED: Being.OFFLINE,
    Kind.TASK_STARTED: Being.WORKING,
}

# The kinds of events that this is read from.
TELLING = frozenset({*_ALWAYS, Kind.WORKER_STATUS, Kind.WORKER_BACK, Kind.TASK_STATUS})

# What of their details it is read from.
TOLD = ("to",)


def after(being: Being | None, event: Happening) -> Being | None:
    """Return what a worker is after an event; None where that is not known."""
    kind = event.kind
    if kind in _ALWAYS:
        return _ALWAYS[kind]
    if kind is Kind.WORKER_STATUS or kind is Kind.WORKER_BACK:
        return _STATUSES.get(str(event.detail.get("to")), being)
    if kind is Kind.TASK_STATUS and being in (Being.WORKING, None):
        return Being.WORKING if event.detail.get("to") == TaskStatus.ACTIVE.value else Being.IDLE
    return being


def spans(events: Iterable[Happening], begin: int, end: int) -> list[Span]:
    """Return what a worker was from `begin` to `end`, by its events, oldest first.

    What is told before `begin` says what it was then; without any such, the time until the first is left out.
    """
    found: list[Span] = []
    being: Being | None = None
    since = begin
    for event in events:
        if event.at >= end:
            break
        new = after(being, event)
        if new is being:
            continue
        if being is not None and event.at > since:
            found.append(Span(being, since, event.at))
        being, since = new, max(begin, event.at)
    if being is not None and end > since:
        found.append(Span(being, since, end))
    return found


Shares = Mapping[Being, int]


def shares(found: Sequence[Span], edges: Sequence[int]) -> Sequence[Shares]:
    """Return how long a worker was what between each two edges, in milliseconds; edges rise."""
    told: list[dict[Being, int]] = [{} for _ in edges[1:]]
    for span in found:
        at = max(0, bisect_right(edges, span.begins) - 1)
        while at < len(told) and edges[at] < span.ends:
            within = min(span.ends, edges[at + 1]) - max(span.begins, edges[at])
            if within > 0:
                told[at][span.being] = told[at].get(span.being, 0) + within
            at += 1
    return told
