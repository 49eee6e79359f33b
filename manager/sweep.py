"""Notices who has been silent for too long. One thread, which sleeps until the next one could have been."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from .storage import leases, retention, samples
from .storage.store import Store

log = logging.getLogger(__name__)

# Signs of life are written down, for other managers as well, after so many seconds.
WRITE_EVERY = 2.0

# Who is later than it wanted by more than this, asleep or waiting for the database, may not have heard everybody.
OVERSLEPT = 2.0


@contextmanager
def sweeping(store: Store) -> Iterator[None]:
    """Watch over a store as long as the block runs."""
    stopping = threading.Event()
    thread = threading.Thread(target=_run, args=(store, stopping), name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _run(store: Store, stopping: threading.Event) -> None:
    settings = store.settings
    # Whoever appears while this sleeps cannot be silent for too long before it wakes.
    longest = min(settings.worker_timeout, settings.push_timeout, settings.task_timeout, WRITE_EVERY)
    delay, slept_at = 0.0, store.steady()
    while not stopping.wait(delay):
        try:
            store.flush()
            if store.steady() - slept_at > (delay + OVERSLEPT) * 1000:
                log.warning("this manager stood still, or has too much to do; everybody has time anew to be heard")
                leases.start_over(store)
            due = sweep(store)
            retention.prune(store)
            samples.take(store)
        except SQLAlchemyError as error:
            log.error("nobody's silence could be noticed, trying again in %g s: %s", longest, error)
            due = None
        store.swept_at = slept_at = store.steady()
        delay = longest if due is None else min(longest, max(0.0, (due - slept_at) / 1000))


def sweep(store: Store) -> int | None:
    """Give up whoever has been silent for too long; return when the next will have been (steady clock), or None."""
    now = store.steady()
    due = leases.deadlines(store)
    for worker_id in [id for id, at in due.workers.items() if at <= now]:
        name = leases.lose(store, worker_id)
        if name is not None:
            log.warning("worker %s is lost: it was silent for too long; if it had a task, that is queued again", name)
    for task_id in [id for id, at in due.tasks.items() if at <= now]:
        name = leases.give_up(store, task_id)
        if name is not None:
            log.warning("task %s timed out: its worker said nothing of it for too long", name)
    return min((at for at in (*due.workers.values(), *due.tasks.values()) if at > now), default=None)
