"""Reads one page of the list of workers: what is to be shown, and nothing of the other thousands."""

from ..storage import finding, tags
from ..storage.store import Store
from .listing import Found, View, page_of, totals
from .rows import row


def found(store: Store, view: View) -> Found:
    """Return what a view shows now."""
    now = store.clock()
    with store.database.read() as connection:
        farm = totals(finding.tally(connection), now)
        matching = finding.count(connection, view.filters, now) if view.filters else farm.workers
        ids = finding.ids(connection, view.filters, now, view.sort, *_cut(page_of(view, matching)))
        those = finding.load(connection, store, ids, now)
    return Found(
        rows=[row(one, now, beside, farm.usual_version) for one, beside in those],
        matching=matching,
        totals=farm,
        tags=[tag.name for tag in tags.every(store)],
    )


def listed(store: Store, view: View) -> list[str]:
    """Return the ids of a view's rows, in order."""
    now = store.clock()
    with store.database.read() as connection:
        matching = finding.count(connection, view.filters, now) if view.page > 1 else 0
        return finding.ids(connection, view.filters, now, view.sort, *_cut(page_of(view, matching)))


def _cut(view: View) -> tuple[int, int]:
    return (view.page - 1) * view.size, view.size
