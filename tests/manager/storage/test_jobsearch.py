"""How jobs and tasks are found, on both databases."""

import pytest
from pretended import awake, job

from farmhand.manager.storage import jobcare, jobsearch, tags
from farmhand.manager.storage.jobsearch import JobFilters, TaskFilters
from farmhand.worker.wire import JobStatus, TaskStatus

DAY = 24 * 3600


def names(store, sort="submitted", down=False, offset=0, limit=100, **filters):
    found = jobsearch.find(store, JobFilters(**filters), sort=sort, down=down, offset=offset, limit=limit)
    return [each.name for each in found.jobs]


def test_jobs_are_found_by_what_they_are(store):
    first, second = job(store, "Shot A_010"), job(store, "shot b%020")
    store.set_job_priority(second, 90, "kim")
    store.set_job_status(first, JobStatus.CANCELED, "", "kim")
    gpu = tags.add(store, "gpu", "", "kim")
    tags.set_of_job(store, second, "kim", tag_id=gpu.id)
    assert names(store, text="SHOT") == ["Shot A_010", "shot b%020"]
    assert names(store, text="%") == ["shot b%020"]
    assert names(store, text="_0") == ["Shot A_010"]
    assert names(store, text=first[:8].upper()) == ["Shot A_010"]
    assert names(store, statuses=frozenset({JobStatus.CANCELED})) == ["Shot A_010"]
    assert names(store, tag="gpu") == ["shot b%020"]
    assert names(store, type="no such type") == []
    assert names(store, sort="priority", down=True)[0] == "shot b%020"


def test_pages_and_counts(store):
    for number in range(5):
        job(store, f"job {number}")
    store.set_job_status(job(store, "other"), JobStatus.CANCELED, "", "kim")
    found = jobsearch.find(
        store, JobFilters("job", frozenset({JobStatus.QUEUED})), sort="name", down=False, offset=2, limit=2
    )
    assert [each.name for each in found.jobs] == ["job 2", "job 3"]
    assert (found.matching, found.total, found.counts) == (5, 6, {JobStatus.QUEUED: 5})
    gpu, _cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    tags.set_of_job(store, found.jobs[0].id, "kim", tag_id=gpu.id)
    tagged = jobsearch.find(store, JobFilters(tag="gpu"), sort="name", down=False, offset=0, limit=2)
    assert (tagged.matching, tagged.counts) == (1, {JobStatus.QUEUED: 1})


def test_what_a_worker_did_in_a_job_is_found_though_another_has_it_now(store):
    one, other = awake(store, "node-1"), awake(store, "node-2")
    job_id = job(store, tasks=3)
    work = one.asks_for_work()
    one.signs_off()
    assert other.asks_for_work().task.id == work.task.id
    done = jobsearch.tasks_of(store, job_id, TaskFilters(worker_id=one.id), offset=0, limit=10, most_cells=10)
    assert [each.id for each in done.tasks] == [work.task.id]
    assert done.workers == {one.id: "node-1", other.id: "node-2"}
    assert sorted(done.cells, key=str) == sorted([TaskStatus.ACTIVE, *[TaskStatus.QUEUED] * 2], key=str)


def test_of_many_tasks_the_failed_and_active_ones_come_first(store):
    job_id = job(store, tasks=4)
    store.set_task_status(store.tasks(job_id)[2].id, TaskStatus.COMPLETED, "", "kim")
    busy = awake(store, "node-1").asks_for_work()
    found = jobsearch.tasks_of(store, job_id, TaskFilters(), offset=0, limit=2, most_cells=3)
    assert (found.tasks[0].id, found.matching, found.cells) == (busy.task.id, 4, [])
    queued = TaskFilters(frozenset({TaskStatus.QUEUED}))
    assert jobsearch.tasks_of(store, job_id, queued, offset=0, limit=9, most_cells=0).matching == 2


def test_failed_tasks_are_queued_again_and_forgiven(store):
    job_id = job(store, tasks=20)
    node, _other = awake(store, "node-1"), awake(store, "node-2")
    work = node.asks_for_work()
    node.finishes(work, TaskStatus.FAILED)
    assert jobsearch.failures(store, job_id) == {work.task.id: [(node.id, "node-1", store.clock())]}
    assert jobsearch.failures(store, job(store, "another")) == {}
    store.set_task_status(work.task.id, TaskStatus.FAILED, "", "kim")
    assert jobcare.requeue_failed(store, job_id, "kim") == 1
    assert store.task(work.task.id).status is TaskStatus.QUEUED
    assert jobsearch.failures(store, job_id) == {}
    assert jobcare.requeue_failed(store, job_id, "kim") == 0


def test_old_jobs_are_those_that_have_ended(store, clock):
    ended, going = job(store, "ended"), job(store, "going")
    store.set_job_status(ended, JobStatus.CANCELED, "", "kim")
    clock.passes(40 * DAY)
    recent = job(store, "recent")
    store.set_job_status(recent, JobStatus.CANCELED, "", "kim")
    before = clock.now - 30 * DAY * 1000
    old = jobsearch.old(store, before)
    assert ([each.name for each in old.first], old.jobs, old.tasks > 0) == (["ended"], 1, True)
    assert jobcare.remove_old(store, before, "kim") == 1
    assert {each.id for each in store.jobs()} == {going, recent}


@pytest.mark.parametrize("sort", list(jobsearch.ORDERS))
def test_every_order_is_one(store, sort):
    job(store, "one")
    job(store, "two")
    assert sorted(names(store, sort=sort)) == ["one", "two"]
    assert sorted(names(store, sort=sort, down=True)) == ["one", "two"]
