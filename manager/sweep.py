"""Notices who has been silent for too long. One thread, which sleeps until the next one could have been."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from .storage import leases
from .storage.store import Store

log = logging.getLogger(__name__)

# Signs of life are on disk after this many seconds.
WRITE_EVERY = 5.0


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
    delay = 0.0
    while not stopping.wait(delay):
        delay = longest
        try:
            store.flush()
            due = sweep(store)
        except SQLAlchemyError as error:
            log.error("nobody's silence could be noticed, trying again in %g s: %s", delay, error)
            continue
        if due is not None:
            delay = min(longest, max(0.0, (due - store.clock()) / 1000))


def sweep(store: Store) -> int | None:
    """Give up whoever has been silent for too long; return when the next will have been (milliseconds), or None."""
    now = store.clock()
    workers, tasks = leases.deadlines(store)
    for worker_id in [id for id, at in workers.items() if at <= now]:
        name = leases.lose(store, worker_id)
        if name is not None:
            log.warning("worker %s is lost: it has been silent for too long; its task is queued again", name)
    for task_id in [id for id, at in tasks.items() if at <= now]:
        name = leases.give_up(store, task_id)
        if name is not None:
            log.warning("task %s timed out: its worker said nothing of it for too long", name)
    return min((at for at in (*workers.values(), *tasks.values()) if at > now), default=None)
