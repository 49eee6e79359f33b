"""What is old goes, a little at a time: events, and jobs that have ended if that is wished for.

The audit log is a table of its own and stays. Of the events the newest stays whatever its age: who follows them by
their numbers begins there.
"""

from sqlalchemy import delete, func, select

from ..rules.jobs import ENDED
from .store import Missing, Store
from .tables import event, job

# Rows in one transaction, which others wait for.
BATCH = 1000

_ENDED = [status.value for status in ENDED]


def prune(store: Store) -> int:
    """Delete a batch of events that are too old, and one such job; return how many rows and jobs that were."""
    return _prune_events(store) + _prune_job(store)


def _prune_events(store: Store) -> int:
    cutoff = _cutoff(store, store.settings.keep_events)
    if cutoff is None:
        return 0
    with store.database.look() as connection:
        oldest = connection.execute(select(event.c.at).order_by(event.c.seq).limit(1)).scalar()
    if oldest is None or oldest >= cutoff:
        return 0
    newest = select(func.max(event.c.seq)).scalar_subquery()
    old = select(event.c.seq).where(event.c.at < cutoff, event.c.seq < newest).order_by(event.c.seq).limit(BATCH)
    with store.database.write(alone=False) as change:
        return change.connection.execute(delete(event).where(event.c.seq.in_(old.scalar_subquery()))).rowcount


def _prune_job(store: Store) -> int:
    cutoff = _cutoff(store, store.settings.keep_jobs)
    if cutoff is None:
        return 0
    query = select(job.c.id).where(job.c.status.in_(_ENDED), job.c.updated_at < cutoff).order_by(job.c.number).limit(1)
    with store.database.look() as connection:
        found = connection.execute(query).scalar()
    if found is None:
        return 0
    try:
        store.delete_job(found, "")
    except Missing:  # another manager was quicker
        return 0
    return 1


def _cutoff(store: Store, kept: float) -> int | None:
    """Return what is older than which is too old, None where everything is kept."""
    return store.clock() - round(kept * 1000) if kept else None
