"""Holds back for some seconds what would abort a task, so that a person who clicked wrongly can undo it. Pure.

What is held is asked at once, as if it had time until the task is finished, and becomes immediate when its time is up:
dues.py does that, as it does for any deadline. So a hold survives a restart of the manager, and any of several managers
may end it; meanwhile the worker takes no new task, which would be aborted too; and a task that is finished in these
seconds is not lost.
"""

from dataclasses import replace

from ...worker.wire import Request, Status
from .workers import Pending, Terms, Worker


def as_held(worker: Worker, wish: Request, terms: Terms, hold: int, now: int) -> tuple[Request, Terms]:
    """Return what is asked of this worker instead, for so many milliseconds; the same where nothing would be aborted.

    Nothing is held that is immediate already: that would put it off.
    """
    if hold <= 0 or wish.lazy or wish.status is Status.AWAKE or not worker.busy or _is_immediate(worker.request, wish):
        return wish, terms
    return replace(wish, lazy=True), replace(terms, deadline=now + hold, held=True)


def _is_immediate(pending: Pending | None, wish: Request) -> bool:
    return pending is not None and pending.wish == wish


def held_until(pending: Pending | None) -> int | None:
    """Return when a request that can be undone becomes immediate, or None where it is none of these."""
    if pending is None or not pending.terms.held or not pending.wish.lazy:
        return None
    return pending.terms.deadline
