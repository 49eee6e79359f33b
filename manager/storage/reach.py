"""What tags the things have that somebody wants to act on: by them an operator may be limited."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, select

from ..rules.access import FARM, Grant, Need, may
from .tables import job, schedule, task, turn, worker, worker_tag


def spared(connection: Connection, grants: Sequence[Grant], worker_ids: Collection[str]) -> Mapping[str, str]:
    """Return which of these workers may not be acted on with these grants, and why; completes "NAME ..."."""
    if may(grants, Need.OPERATE, FARM).granted:
        return {}
    tags = of_workers(connection, worker_ids)
    asked = {id: may(grants, Need.OPERATE, tags.get(id, FARM)) for id in worker_ids}
    return {id: f"is left out: you {said.reason}" for id, said in asked.items() if not said.granted}


def of_workers(connection: Connection, worker_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Return the ids of the tags of these workers; one without any is left out."""
    found: dict[str, set[str]] = {}
    query = select(worker_tag.c.worker_id, worker_tag.c.tag_id).where(worker_tag.c.worker_id.in_(list(worker_ids)))
    for worker_id, tag_id in connection.execute(query):
        found.setdefault(worker_id, set()).add(tag_id)
    return {id: frozenset(tags) for id, tags in found.items()}


def of_worker(connection: Connection, worker_id: str) -> frozenset[str]:
    return of_workers(connection, [worker_id]).get(worker_id, FARM)


def of_job(connection: Connection, job_id: str) -> frozenset[str]:
    """Return the tag of a job, as a set; none where any worker takes it."""
    return _one(connection.execute(select(job.c.tag_id).where(job.c.id == job_id)).scalar())


def of_task(connection: Connection, task_id: str) -> frozenset[str]:
    query = select(job.c.tag_id).join(task, task.c.job_id == job.c.id).where(task.c.id == task_id)
    return _one(connection.execute(query).scalar())


def of_schedule(connection: Connection, schedule_id: str) -> frozenset[str]:
    """Return the tag that a schedule is for, or those of its worker."""
    found = connection.execute(select(schedule).where(schedule.c.id == schedule_id)).first()
    if found is None:
        return FARM
    return _one(found.tag_id) if found.worker_id is None else of_worker(connection, found.worker_id)


def of_requests(connection: Connection, request_ids: Collection[str]) -> Mapping[str, str]:
    """Return the ids of the workers of which these requests are pending, by theirs."""
    query = select(worker.c.request_id, worker.c.id).where(worker.c.request_id.in_(list(request_ids)))
    return {request_id: worker_id for request_id, worker_id in connection.execute(query)}  # noqa: C416


def in_rollout(connection: Connection, rollout_id: str) -> Sequence[str]:
    """Return the ids of the workers of a rolling action."""
    return connection.execute(select(turn.c.worker_id).where(turn.c.rollout_id == rollout_id)).scalars().all()


def _one(tag_id: str | None) -> frozenset[str]:
    return FARM if tag_id is None else frozenset({tag_id})
