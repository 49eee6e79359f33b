"""Reads one page of the list of workers: what is to be shown, and nothing of the other thousands."""

from collections.abc import Sequence

from ...storage import finding, tags
from ...storage.finding import Named
from ...storage.store import Store
from .listing import SHORT, Found, View, page_of, totals
from .rows import Row, row


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


def picked_elsewhere(store: Store, picked: Sequence[str], rows: Sequence[Row]) -> list[Named]:
    """Return which workers are selected that are none of these rows. picked: the beginnings of their ids."""
    here = {one.id[:SHORT] for one in rows}
    away = [beginning for beginning in picked if beginning not in here]
    if not away:
        return []
    with store.database.read() as connection:
        return finding.begun(connection, away, SHORT)


def listed(store: Store, view: View) -> list[str]:
    """Return the ids of a view's rows, in order."""
    now = store.clock()
    with store.database.read() as connection:
        matching = finding.count(connection, view.filters, now) if view.page > 1 else 0
        return finding.ids(connection, view.filters, now, view.sort, *_cut(page_of(view, matching)))


def _cut(view: View) -> tuple[int, int]:
    return (view.page - 1) * view.size, view.size
