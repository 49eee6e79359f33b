"""Which click a page's toast follows: the address names the events that it made."""

import re
from dataclasses import replace

from ..storage.store import Store
from .toast import Following, begin, follow

# Beyond so many events the toast is of no interest any more.
PAGE, LIMIT = 1000, 10_000


def read_following(store: Store, span: str) -> Following | None:
    """Return how far the requests have come that were made by the events "first-last"; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", span)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2])
    following, seq = None, first - 1
    while seq < first + LIMIT:
        events = store.events_after(seq, PAGE)
        if not events:
            return following
        if following is None:
            following = begin(event for event in events if event.seq <= last)
        if following is None:
            return None
        following = replace(following, span=span)
        following = follow(following, events)
        seq = events[-1].seq
    return None
