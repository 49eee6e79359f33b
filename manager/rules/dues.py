"""What the farm does about a wish by itself, and when: a deadline comes, a rest is over. Pure."""

from dataclasses import replace

from ...worker.wire import Request, Status
from . import actions
from .facts import Fact, Kind
from .workers import Moved, Pending, Terms, Worker, naming


def due_at(worker: Worker) -> int | None:
    """Return when something about the worker comes due, or None."""
    times = [_deadline(worker.request), _pending_end(worker.request), _end(worker)]
    return min((at for at in times if at is not None), default=None)


def come_due(worker: Worker, id: str, now: int, *, sleeps: bool = False) -> Moved:
    """Do what is due; a request that this makes gets the id. Two managers that notice it do it once.

    sleeps: its sleep schedule has it asleep now, and wakes it when that is over.
    """
    pending = worker.request
    if pending and _is_over(_pending_end(pending), now):
        return actions.withdraw(worker, why="its time is over").moved
    if pending and _is_over(_deadline(pending), now):
        return _escalate(worker, pending)
    if _is_over(_end(worker), now):
        return _wake(worker, id, now, sleeps=sleeps)
    return Moved(worker)


def _deadline(pending: Pending | None) -> int | None:
    return pending.terms.deadline if pending and pending.wish.lazy else None


def _pending_end(pending: Pending | None) -> int | None:
    return pending.terms.until if pending else None


def _end(worker: Worker) -> int | None:
    """Return until when the worker rests. A restart comes first: after it, it sleeps on."""
    restarts = worker.request is not None and worker.request.wish.status is Status.RESTART
    return worker.wished.until if worker.wished and not restarts else None


def _is_over(at: int | None, now: int) -> bool:
    return at is not None and at <= now


def _escalate(worker: Worker, pending: Pending) -> Moved:
    """Make it immediate. Whose it is, since when and why stays; that it is immediate the worker has yet to see."""
    final = replace(pending.terms, held=False)
    hurried = replace(pending, wish=replace(pending.wish, lazy=False), seen_at=None, terms=final)
    held = {"held": True} if pending.terms.held else {}
    fact = Fact(Kind.REQUEST_ESCALATED, {**naming(hurried), "deadline": pending.terms.deadline, **held})
    return Moved(replace(worker, request=hurried), (fact,))


def _wake(worker: Worker, id: str, now: int, *, sleeps: bool) -> Moved:
    """Wake who was to sleep until now, unless something else has been asked since."""
    wished = worker.wished
    assert wished is not None, "an end is one of a wish"
    rested = replace(worker, wished=replace(wished, until=None))
    if sleeps or worker.request is not None or wished.status is Status.OFFLINE:
        return Moved(rested)
    reason = f"{actions.asker(wished.by)} had sent it to sleep until now"
    return actions.ask(rested, Request(Status.AWAKE), id=id, by="", now=now, terms=Terms(reason=reason)).moved


# An agent that cannot be reached when a worker's rest is over is asked again after this long, in milliseconds.
ANEW = 60_000


def starts(worker: Worker, now: int) -> bool:
    """Say whether the worker was shut down until now, and still is: then its agent is to start it."""
    rests = worker.status is Status.OFFLINE and worker.wished is not None and worker.wished.status is Status.OFFLINE
    return rests and worker.request is None and _is_over(_end(worker), now)


def put_off(worker: Worker, now: int) -> Moved:
    """Leave it shut down for a while longer."""
    return Moved(replace(worker, wished=worker.wished and replace(worker.wished, until=now + ANEW)))
