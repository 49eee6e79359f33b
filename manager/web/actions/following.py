"""Which click a page's toast follows: the address names the events that it made."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from ...rules.facts import Kind
from ...storage import events
from ...storage.events import Event
from ...storage.store import Store
from .toast import TELLING, Following, begin, follow

# Beyond so many events the toast is of no interest any more: a restart of ten thousand workers makes half as many.
LIMIT = 200_000

# So many are read at a time.
PAGE = 5000


def read_following(store: Store, span: str) -> Following | None:
    """Return how far the requests have come that were made by the events "first-last"; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", span)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    newest = store.newest()
    if newest >= first + LIMIT:
        return None
    following = begin(_told(store, {Kind.REQUEST_MADE}, first - 1, min(last, newest)))
    if following is None:
        return None
    return replace(follow(following, _told(store, TELLING, first - 1, newest)), span=span)


def _told(store: Store, kinds: Collection[Kind], seq: int, until: int) -> Iterator[Event]:
    """Yield the events of these kinds after `seq` that are not beyond `until`."""
    while seq < until:
        with store.database.read() as connection:
            some = events.of_kinds(connection, kinds, seq, until, PAGE)
        yield from some
        seq = some[-1].seq if len(some) == PAGE else until
