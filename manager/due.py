"""Does what comes due of requests and rolling actions, at its time, and when something has happened that it waits for.

One thread, which sleeps until then. Of several managers each does this, and each step is one transaction: what one has
done, the others find done.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from .storage import edges, requests, rest, rollouts
from .storage.store import Store

log = logging.getLogger(__name__)

# What happens within this many seconds is looked at together; on a large farm in so many times as long as a look takes,
# but no longer than a while.
PACE, SHARE, WHILE = 0.2, 4, 1.0

# It looks after this many seconds even if it has heard nothing: another manager may have gone in the middle of a step.
LONGEST = 5.0

# When the next thing comes due, what then does it and returns the workers concerned, and what is said of them.
DUES = (
    (requests.next_due, requests.come_due, "what was asked of it has come due"),
    (edges.next_due, edges.come_due, "its sleep schedule asks it to sleep, or to wake up"),
    (rest.next_due, rest.come_due, "it gets tasks again"),
)


@contextmanager
def minding(store: Store) -> Iterator[None]:
    """Do what comes due as long as the block runs."""
    bell, stopping = threading.Event(), threading.Event()
    unlisten = store.listen(lambda _seq: bell.set())
    thread = threading.Thread(target=_run, args=(store, bell, stopping), name="due", daemon=True)
    thread.start()
    try:
        yield
    finally:
        unlisten()
        stopping.set()
        bell.set()
        thread.join()


def _run(store: Store, bell: threading.Event, stopping: threading.Event) -> None:
    since = store.clock()
    while not stopping.is_set():
        bell.clear()
        began, delay = time.monotonic(), LONGEST
        try:
            due = mind(store, since)
        except SQLAlchemyError as error:
            log.error("what is due could not be done, trying again in %g s: %s", delay, error)
            stopping.wait(delay)
            continue
        took = time.monotonic() - began
        if due is not None:
            delay = min(delay, max(0.0, (due - store.clock()) / 1000))
        bell.wait(delay)
        stopping.wait(min(WHILE, max(PACE, SHARE * took)))


def mind(store: Store, since: int = 0) -> int | None:
    """Do what is due; return when the next will be (milliseconds since the epoch), or None.

    since: when this manager began to hear of workers; nobody is late who could not be heard of.
    """
    times = [rollouts.look(store, rollout_id, since) for rollout_id in rollouts.open_ids(store)]
    for next_due, come_due, words in DUES:
        due = next_due(store)
        if due is not None and due <= store.clock():
            for worker in come_due(store):
                log.info("worker %s: %s", worker.name, words)
            due = next_due(store)
        times.append(due)
    return min((at for at in times if at is not None), default=None)
