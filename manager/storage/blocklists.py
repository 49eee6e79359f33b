"""Which workers get no more tasks of a type in a job, because they failed too many of them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select

from ..rules.facts import Fact, Kind
from . import events, workers
from .store import Store
from .tables import blocklist, worker


@dataclass(frozen=True)
class Blocked:
    worker_id: str
    worker_name: str
    task_type: str


def of_job(store: Store, job_id: str) -> list[Blocked]:
    """Return a job's blocklist, by the workers' names; raises Missing."""
    store.job(job_id)
    query = (
        select(blocklist.c.worker_id, worker.c.name, blocklist.c.task_type)
        .join(worker, worker.c.id == blocklist.c.worker_id)
        .where(blocklist.c.job_id == job_id)
        .order_by(worker.c.name, blocklist.c.task_type)
    )
    with store.database.read() as connection:
        return [Blocked(row.worker_id, row.name, row.task_type) for row in connection.execute(query)]


def lift(store: Store, job_id: str, entries: Collection[tuple[str, str]], by: str) -> None:
    """Let workers (by id) try tasks of a type again; entries that are not on the list are let pass. Raises Missing."""
    listed = {(each.worker_id, each.task_type): each for each in of_job(store, job_id)}
    lifted = [listed[entry] for entry in entries if entry in listed]
    if not lifted:
        return
    with store.database.write() as change:
        for each in lifted:
            this = blocklist.c.worker_id == each.worker_id, blocklist.c.task_type == each.task_type
            change.connection.execute(delete(blocklist).where(blocklist.c.job_id == job_id, *this))
        fact = Fact(Kind.JOB_CHANGED, {"unblocked": [f"{each.worker_name}: {each.task_type}" for each in lifted]})
        events.append(change, fact, job_id=job_id, who=by)
        for worker_id in {each.worker_id for each in lifted}:
            workers.ring(change, worker_id)
