"""What is asked about the farm as a whole."""

from sqlalchemy import select

from ...worker.wire import JobStatus, Status
from . import tables
from .store import Store


def statuses(store: Store) -> tuple[set[JobStatus], set[Status]]:
    """Return the statuses that any job has, and those that any worker has."""
    with store.database.read() as connection:
        jobs = connection.execute(select(tables.job.c.status).distinct()).scalars()
        # A removed worker is offline, and that alone makes no difference.
        workers = connection.execute(select(tables.worker.c.status).distinct()).scalars()
        return set(map(JobStatus, jobs)), set(map(Status, workers))
