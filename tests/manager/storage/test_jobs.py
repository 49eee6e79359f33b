"""What every database has to do alike: whole jobs, and their counters."""

from collections import Counter

import pytest
from pretended import awake, job, statuses, submit
from sqlalchemy import update

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.jobs import DraftTask
from farmhand.manager.rules.tasks import Command, Refused
from farmhand.manager.storage import calls, jobcare
from farmhand.manager.storage.tables import job as job_table
from farmhand.worker.wire import JobStatus, TaskStatus

ECHO = Command("echo", {"message": "hello"})


def test_cancelling_a_job_takes_it_from_its_workers(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=3)
    work = worker.asks_for_work()
    before = store.newest()
    store.set_job_status(job_id, JobStatus.CANCEL_REQUESTED, "wrong camera", "kim")
    assert store.job(job_id).status is JobStatus.CANCELED
    assert store.job(job_id).activity == "wrong camera"
    assert set(statuses(store, job_id)) == {"canceled"}
    assert store.bell(worker.id) > before
    assert not calls.may_run(store, store.worker(worker.id), work.task.id).granted
    assert worker.asks_for_work() is None
    told = [event.kind for event in store.events_after(before, 100) if event.worker_id == worker.id]
    assert told == [Kind.TASK_STATUS, Kind.WORKER_IDLE]
    with pytest.raises(Refused, match="canceled already"):
        store.set_job_status(job_id, JobStatus.CANCEL_REQUESTED, "", "kim")


def test_pausing_lets_the_running_task_finish(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=3)
    work = worker.asks_for_work()
    store.set_job_status(job_id, JobStatus.PAUSE_REQUESTED, "", "kim")
    assert store.job(job_id).status is JobStatus.PAUSE_REQUESTED
    assert calls.may_run(store, store.worker(worker.id), work.task.id).granted
    worker.finishes(work)
    assert store.job(job_id).status is JobStatus.PAUSED
    assert worker.asks_for_work() is None
    before = store.newest()
    store.set_job_status(job_id, JobStatus.QUEUED, "", "kim")
    assert store.bell(worker.id) > before
    assert worker.asks_for_work()


def test_a_task_let_go_of_while_its_job_pauses_is_paused(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=2)
    worker.asks_for_work()
    store.set_job_status(job_id, JobStatus.PAUSE_REQUESTED, "", "kim")
    worker.signs_off()
    assert set(statuses(store, job_id)) == {"paused"}
    assert store.job(job_id).status is JobStatus.PAUSED


def test_a_completed_job_queued_again_does_all_of_it_in_order(store):
    worker = awake(store, "node-1")
    job_id = submit(store, DraftTask("a", "misc", (ECHO,)), DraftTask("b", "misc", (ECHO,), needs=(0,)))
    for _ in range(2):
        names = []
        while work := worker.asks_for_work():
            names.append(work.task.name)
            worker.finishes(work)
        assert names == ["a", "b"]
        assert store.job(job_id).status is JobStatus.COMPLETED
        store.set_job_status(job_id, JobStatus.REQUEUEING, "", "kim")


def test_a_failed_job_queued_again_may_be_tried_by_those_who_failed_it(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    task = worker.fails()
    assert store.job(job_id).status is JobStatus.FAILED
    store.set_job_status(job_id, JobStatus.REQUEUEING, "", "kim")
    assert store.failed_by(task.id) == []
    assert worker.asks_for_work().task.id == task.id


def test_a_job_whose_last_task_waits_for_one_that_failed_ends(store):
    """One of twenty fails, which alone is too few to fail the job; the video will never have all of its frames."""
    one, two, three = (awake(store, name) for name in ("one", "two", "three"))
    frames = [DraftTask(f"frame {n}", "misc", (ECHO,)) for n in range(20)]
    job_id = submit(store, *frames, DraftTask("video", "misc", (ECHO,), needs=tuple(range(20))))
    bad = one.fails()
    two.fails()
    three.fails()
    assert store.task(bad.id).status is TaskStatus.FAILED
    while work := one.asks_for_work():
        assert store.job(job_id).status is JobStatus.ACTIVE
        one.finishes(work)
    assert store.job(job_id).status is JobStatus.FAILED
    assert store.job(job_id).activity == "1 of its 21 tasks failed, and nothing more can run"
    assert statuses(store, job_id)[-1] == "canceled"
    store.set_task_status(bad.id, TaskStatus.COMPLETED, "rendered by hand", "kim")
    store.set_job_status(job_id, JobStatus.REQUEUEING, "", "kim")
    one.finishes(one.asks_for_work())
    assert store.job(job_id).status is JobStatus.COMPLETED


def test_a_task_of_a_canceled_job_that_is_queued_again_is_done(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=2)
    store.set_job_status(job_id, JobStatus.CANCELED, "", "kim")
    store.set_task_status(store.tasks(job_id)[0].id, TaskStatus.QUEUED, "", "kim")
    assert store.job(job_id).status is JobStatus.QUEUED
    worker.finishes(worker.asks_for_work())
    assert statuses(store, job_id) == ["completed", "canceled"]
    assert store.job(job_id).status is JobStatus.CANCELED


def test_what_is_queued_already_is_counted_once(store):
    job_id = job(store, tasks=2)
    store.set_task_status(store.tasks(job_id)[0].id, TaskStatus.QUEUED, "", "kim")
    assert store.job(job_id).tally[TaskStatus.QUEUED] == 2


def test_a_task_that_is_paused_while_it_runs_is_taken_from_its_worker(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    work = worker.asks_for_work()
    before = store.newest()
    store.set_task_status(work.task.id, TaskStatus.PAUSED, "", "kim")
    assert store.bell(worker.id) > before
    assert not calls.may_run(store, store.worker(worker.id), work.task.id).granted
    assert worker.asks_for_work() is None
    assert store.job(job_id).status is JobStatus.ACTIVE


def test_a_deleted_job_leaves_only_its_events(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=2)
    work = worker.asks_for_work()
    worker.reports(work, 1, "a line")
    store.delete_job(job_id, "kim")
    assert store.jobs() == []
    assert not store.log_path(work.task).exists()
    assert not calls.may_run(store, store.worker(worker.id), work.task.id).granted
    assert store.worker(worker.id).task is None
    assert [event.kind for event in store.events_after(0, 1000) if event.job_id == job_id][-1] is Kind.JOB_DELETED


def test_jobs_are_listed_newest_first(store):
    for name in ("first", "second", "third"):
        job(store, name)
    assert [each.name for each in store.jobs(limit=2)] == ["third", "second"]


def test_a_tally_always_counts_what_is_there(store):
    """Go through most of what can happen to tasks, comparing the job's counters with its tasks each time."""
    one, two, three = (awake(store, name) for name in ("one", "two", "three"))
    job_id = job(store, tasks=40, steps=5)

    def agrees():
        found, tasks = store.job(job_id), store.tasks(job_id)
        counted = Counter(task.status for task in tasks)
        assert {status: number for status, number in found.tally.items() if number} == counted
        assert found.steps_completed == sum(task.steps_completed for task in tasks)

    work = one.asks_for_work()
    agrees()
    one.reports(work, 3)
    agrees()
    one.finishes(work)
    agrees()
    for worker in (one, two, one, two, three):
        worker.fails()
        agrees()
    three.reports(three.asks_for_work(), 2)
    three.signs_off()
    agrees()
    store.set_task_status(work.task.id, TaskStatus.QUEUED, "", "kim")
    agrees()
    for status in (JobStatus.PAUSED, JobStatus.QUEUED, JobStatus.CANCELED, JobStatus.QUEUED):
        store.set_job_status(job_id, status, "", "kim")
        agrees()


@pytest.mark.parametrize(
    ("stuck", "running", "expected"),
    [
        (JobStatus.CANCEL_REQUESTED, False, JobStatus.CANCELED),
        (JobStatus.CANCEL_REQUESTED, True, JobStatus.CANCELED),
        (JobStatus.REQUEUEING, False, JobStatus.QUEUED),
        (JobStatus.PAUSE_REQUESTED, False, JobStatus.PAUSED),
        (JobStatus.PAUSE_REQUESTED, True, JobStatus.PAUSE_REQUESTED),
    ],
)
def test_a_manager_that_starts_carries_through_what_was_asked_of_a_job(store, stuck, running, expected):
    """No manager of ours leaves a job like this; a database that was brought here may have such ones."""
    worker = awake(store, "node-1")
    job_id = job(store, tasks=2)
    if running:
        worker.asks_for_work()
    with store.database.write() as change:
        change.connection.execute(update(job_table).where(job_table.c.id == job_id).values(status=stuck.value))
    for _ in range(2):
        jobcare.resume(store)
        assert store.job(job_id).status is expected
