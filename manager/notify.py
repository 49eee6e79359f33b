"""Tells people of events: one thread makes the messages, and one for each target delivers them.

Of several managers each does this; a message is in one's hands at a time.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from . import mail, post
from .post import Unsent
from .rules import messages
from .storage import outbox
from .storage.store import Store
from .targets import Notices, Target, Webhook

log = logging.getLogger(__name__)

# Events are looked at at most once in so many seconds, and messages at least.
PACE, LONGEST = 1.0, 5.0


@contextmanager
def notifying(store: Store) -> Iterator[None]:
    """Tell people of events as long as the block runs."""
    notices = store.settings.notices
    stopping, bells = threading.Event(), [threading.Event() for _ in range(len(notices.to) + 1)]
    gathering, *waiting = bells

    def ring() -> None:
        for bell in waiting:
            bell.set()

    steps: list[Callable[[], int | None]] = [_gathering(store, ring)]
    steps += [_delivering(store, target) for target in notices.to]
    threads = [
        threading.Thread(target=_run, args=(store, step, bell, stopping), name="notices", daemon=True)
        for step, bell in zip(steps, bells, strict=True)
    ]
    unlisten = store.listen(lambda _seq: gathering.set())
    for thread in threads if notices.to else ():
        thread.start()
    try:
        yield
    finally:
        unlisten()
        stopping.set()
        for bell in bells:
            bell.set()
        for thread in threads if notices.to else ():
            thread.join(timeout=post.ALL)


def _run(store: Store, step: Callable[[], int | None], bell: threading.Event, stopping: threading.Event) -> None:
    """Take step after step; each returns when the next is due (milliseconds since the epoch), or None."""
    while not stopping.is_set():
        bell.clear()
        delay = LONGEST
        try:
            due = step()
        except SQLAlchemyError as error:
            log.error("nobody could be told of events, trying again in %g s: %s", delay, error)
            due = None
        if due is not None:
            delay = min(delay, max(0.0, (due - store.clock()) / 1000))
        bell.wait(delay)
        stopping.wait(min(PACE, delay))


def _gathering(store: Store, ring: Callable[[], None]) -> Callable[[], int | None]:
    since = 0

    def step() -> int | None:
        nonlocal since
        looked = outbox.gather(store, store.settings.notices.topics, since)
        since = looked.seq
        if looked.made:
            ring()
        return looked.due

    return step


def _delivering(store: Store, target: Target) -> Callable[[], int | None]:
    def step() -> int | None:
        while (due := outbox.claim(store, target.name)) is not None:
            deliver(store, target, due)
        return outbox.next_due(store, target.name)

    return step


def deliver(store: Store, target: Target, it: outbox.Delivery) -> None:
    """Try a message that was claimed, and note what came of it."""
    try:
        outbox.delivered(store, it, send(store.settings.notices, target, it.id, it.message, store.clock()))
    except Unsent as error:
        again = outbox.failed(store, it, str(error), random.random(), for_good=error.gone)
        words = "it is tried again" if again else "it is given up; the Notices page can try it again"
        log.warning("notices: %s was not told (%s): %s; %s", target.name, it.summary, error, words)


def send(notices: Notices, target: Target, id: str, message: Mapping[str, Any], now: int) -> str:
    """Send a message to a target and say how it went; now: milliseconds since the epoch. Raises Unsent."""
    try:
        if isinstance(target, Webhook):
            content = messages.body(message, target.form)
            headers = messages.signed(id, now // 1000, content, target.secret())
            return f"it answered {post.post(target.url, content, headers, notices.allow)}"
        assert notices.smtp is not None, "the settings say so"
        return mail.send(notices.smtp, target, id, message, now / 1000)
    except (OSError, ValueError) as error:  # a file with a secret
        raise Unsent(f"its secret cannot be read: {type(error).__name__}") from None
