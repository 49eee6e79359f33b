"""What is done with jobs beside their work: pictures, clearing up, and what a manager that starts finds unfinished."""

from sqlalchemy import select

from ...worker.wire import JobStatus, TaskStatus
from ..rules import jobs as job_rules
from ..rules.facts import Fact, Kind
from ..rules.jobs import Job
from . import events, flow, jobs, jobsearch, tasks
from .store import Store
from .tables import job


def last_pictured(store: Store) -> Job | None:
    """Return the job of which the farm's newest picture is, or None."""
    with store.database.read() as connection:
        return jobs.last_pictured(connection)


def remove_older(store: Store, at: int, by: str) -> int:
    """Delete the jobs of which nothing has changed after a time (milliseconds since the epoch); return how many."""
    with store.database.read() as connection:
        found = [each.id for each in jobs.idle_since(connection, at)]
    for job_id in found:
        store.delete_job(job_id, by)
    return len(found)


def remove_old(store: Store, at: int, by: str) -> int:
    """Delete the jobs that have ended, and of which nothing has changed after a time; return how many."""
    found = jobsearch.old_ids(store, at)
    for job_id in found:
        store.delete_job(job_id, by)
    return len(found)


def requeue_failed(store: Store, job_id: str, by: str) -> int:
    """Queue the failed tasks of a job again, whoever failed them; return how many. Raises Missing, Refused."""
    store.job(job_id)
    with store.database.write() as change:
        ids = jobsearch.failed_ids(change.connection, job_id)
        tasks.forgive(change, task_ids=ids)
        for task_id in ids:
            found = tasks.load(change.connection, task_id)
            assert found is not None, "it was found in this transaction"
            job_rules.check_alone(found)
            flow.conclude(change, found, TaskStatus.QUEUED, "queued again on request", by)
    return len(ids)


def note_picture(store: Store, job_id: str) -> None:
    """Tell that the pictures of a job are new; those of a job that is gone by now are removed."""
    with store.database.write() as change:
        kept = jobs.set_picture(change, job_id)
        if kept:
            events.append(change, Fact(Kind.JOB_PICTURE), job_id=job_id)
    if not kept:
        store.files.remove_job(job_id)


_UNFINISHED = (JobStatus.CANCEL_REQUESTED, JobStatus.PAUSE_REQUESTED, JobStatus.REQUEUEING)


def resume(store: Store) -> None:
    """Do again what was asked of jobs and not carried through: for a manager that starts."""
    stuck = select(job.c.id).where(job.c.status.in_([status.value for status in _UNFINISHED]))
    with store.database.write() as change:
        for job_id in change.connection.execute(stuck).scalars().all():
            found = jobs.load(change.connection, job_id)
            assert found is not None, "it was found in this transaction"
            turn = job_rules.wished(found.status, found.tally, found.status)
            if turn.status is not found.status:
                flow.turn_job(change, found, turn)
