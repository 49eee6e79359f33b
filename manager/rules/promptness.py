"""How long a worker may take until it follows a request. Pure.

A worker that keeps a request open hears at once. A Flamenco worker asks at intervals of its own, which no manager can
shorten: 20 s without a task, 10 s with one, 3 s asleep, 60 s when it was refused, each give or take a tenth.
"""

from collections.abc import Mapping

from ...worker.wire import Request
from .workers import Situation, Worker, situation

# Seconds, of a worker that keeps a request open: the bell, and the end of a task's processes.
HEARS_AT_ONCE = 1

# Seconds, of one that asks by itself. With a task: until it asks whether to go on, then the 5 s until it asks for work.
ASKS: Mapping[Situation, int] = {
    Situation.STARTING: 4,
    Situation.IDLE: 22,
    Situation.BETWEEN: 22,
    Situation.BUSY: 17,
    Situation.ASLEEP: 4,
    Situation.LOST: 66,
}

# Those of whom it cannot be said: they are not there, or not let in.
_AWAY = frozenset({Situation.OFFLINE, Situation.RESTARTING, Situation.WAITING})


def within(worker: Worker, wish: Request) -> int | None:
    """Return the seconds that it may take; None where it waits for a task's end, or for a worker that is not there."""
    here = situation(worker)
    if here in _AWAY or (here is Situation.BUSY and wish.lazy):
        return None
    if worker.pushes:
        return HEARS_AT_ONCE
    return ASKS[here]
