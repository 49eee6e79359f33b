"""What every database has to do alike: tags, and who takes what."""

import pytest
from pretended import Pretended, awake, job, statuses

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.rules.tags import Tag
from farmhand.manager.rules.tasks import Command, Refused
from farmhand.manager.storage import tags
from farmhand.manager.storage.store import Missing, Store
from farmhand.worker.wire import JobStatus, TaskStatus

ECHO = Command("echo", {"message": "hello"})


def tagged(store: Store, tag: Tag | None, tasks: int = 1, type: str = "misc") -> str:
    drafts = tuple(DraftTask(f"Frame {n}", type, (ECHO,)) for n in range(tasks))
    return store.submit(Draft("tagged", "simple", 50, {}, {}, drafts, tag_id=tag and tag.id), "kim")


def takes(worker: Pretended) -> str | None:
    """Take a task, finish it, and say of which job it was."""
    work = worker.asks_for_work()
    if work is None:
        return None
    worker.finishes(work)
    return work.task.job_id


def test_tags_are_made_renamed_and_deleted(store):
    gpu = tags.add(store, " gpu ", "with a fast card", "kim")
    assert gpu == Tag(gpu.id, "gpu", "with a fast card")
    tags.rewrite(store, gpu.id, "cuda", "", "kim")
    assert tags.every(store) == [Tag(gpu.id, "cuda")] == [tags.one(store, gpu.id)]
    tags.remove(store, gpu.id, "kim")
    assert tags.every(store) == []
    for gone in (tags.one, lambda *it: tags.remove(*it, "kim"), lambda *it: tags.rewrite(*it, "x", "", "kim")):
        with pytest.raises(Missing):
            gone(store, gpu.id)
    told = [(event.kind, event.who) for event in store.events_after(0)]
    assert told == [(kind, "kim") for kind in (Kind.TAG_MADE, Kind.TAG_CHANGED, Kind.TAG_DELETED)]


def test_a_name_has_one_tag_at_a_time(store):
    gpu, cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    with pytest.raises(Refused, match='there is a tag "gpu" already'):
        tags.add(store, "gpu", "", "kim")
    with pytest.raises(Refused, match='there is a tag "gpu" already'):
        tags.rewrite(store, cpu.id, "gpu", "", "kim")
    tags.rewrite(store, cpu.id, "cpu", "another description", "kim")
    tags.remove(store, gpu.id, "kim")
    again = tags.add(store, "gpu", "", "kim")
    with pytest.raises(Refused, match="that of another tag"):
        tags.add(store, "other", "", "kim", gpu.id)
    assert [tag.id for tag in tags.every(store)] == [cpu.id, again.id]


def test_a_tagged_job_is_for_workers_with_the_tag_and_any_other_is_for_all(store):
    gpu = tags.add(store, "gpu", "", "kim")
    plain, able = awake(store, "plain"), awake(store, "able")
    tags.give(store, able.id, [gpu.id], "kim")
    for_gpu, for_all = tagged(store, gpu), tagged(store, None, tasks=2)
    assert [takes(plain) for _ in range(2)] == [for_all, for_all]
    assert [takes(able) for _ in range(2)] == [for_gpu, None]
    assert takes(able) is None
    assert tagged(store, None) == takes(able)


def test_only_idle_workers_with_the_tag_are_rung_for_a_tagged_job(store):
    gpu = tags.add(store, "gpu", "", "kim")
    plain, able = awake(store, "plain"), awake(store, "able")
    tags.give(store, able.id, [gpu.id], "kim")
    assert takes(able) is None
    before = store.newest()
    tagged(store, gpu)
    assert store.bell(able.id) > before
    assert store.bell(plain.id) <= before


def test_the_jobs_of_a_deleted_tag_wait_until_they_get_another_or_none(store):
    gpu, cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    worker = awake(store, "node-1")
    tags.give(store, worker.id, [gpu.id, cpu.id], "kim")
    one, two, done = tagged(store, gpu), tagged(store, gpu), tagged(store, gpu)
    store.set_job_status(done, JobStatus.CANCELED, "", "kim")
    tags.remove(store, gpu.id, "kim")
    assert tags.of_worker(store, worker.id) == [cpu]
    assert takes(worker) is None
    assert store.job(one).waits == 'waits: its tag "gpu" was deleted; give it another tag, or none'
    assert store.job(done).waits == ""
    assert tags.add(store, "gpu", "", "kim").id != gpu.id, "one of the same name is another tag"
    assert takes(worker) is None
    before = store.newest()
    tags.set_of_job(store, one, "kim", tag_id=cpu.id)
    assert store.bell(worker.id) > before
    tags.set_of_job(store, two, "kim")
    assert (store.job(one).tag, store.job(two).tag) == (cpu, None)
    assert (store.job(one).waits, store.job(two).waits) == ("", "")
    assert [takes(worker), takes(worker)] == [one, two]


def test_a_job_is_given_a_tag_that_exists_by_its_id_or_name(store):
    gpu = tags.add(store, "gpu", "", "kim")
    job_id = job(store)
    tags.set_of_job(store, job_id, "kim", name="gpu")
    assert store.job(job_id).tag == gpu
    for wrong in ({"name": "cpu"}, {"tag_id": job_id}):
        with pytest.raises(tags.Unknown, match="there is no tag"):
            tags.set_of_job(store, job_id, "kim", **wrong)
    assert store.job(job_id).tag == gpu
    with pytest.raises(Missing):
        tags.set_of_job(store, gpu.id, "kim")


def test_a_worker_keeps_what_it_is_at_work_on_and_is_rung_when_its_tags_change(store):
    gpu = tags.add(store, "gpu", "", "kim")
    worker = awake(store, "node-1")
    tags.give(store, worker.id, [gpu.id, "00000000-0000-0000-0000-000000000000"], "kim")
    assert tags.of_workers(store) == {worker.id: [gpu]}
    job_id = tagged(store, gpu)
    work = worker.asks_for_work()
    before = store.newest()
    tags.give(store, worker.id, [], "kim")
    assert store.bell(worker.id) > before
    worker.finishes(work)
    assert store.job(job_id).status is JobStatus.COMPLETED
    with pytest.raises(Missing):
        tags.give(store, gpu.id, [], "kim")


def test_capable_are_only_workers_with_the_tag(store):
    gpu = tags.add(store, "gpu", "", "kim")
    worker, other = awake(store, "node-1"), awake(store, "without the tag")
    tags.give(store, worker.id, [gpu.id], "kim")
    job_id = tagged(store, gpu, tasks=30)
    worker.fails()
    assert store.job(job_id).status is JobStatus.FAILED
    tags.give(store, other.id, [gpu.id], "kim")
    job_id = tagged(store, gpu, tasks=30)
    worker.fails()
    assert statuses(store, job_id).count(TaskStatus.SOFT_FAILED.value) == 1


def test_a_task_that_fails_after_its_tag_was_deleted_waits_for_who_gets_the_next(store):
    gpu, cpu = tags.add(store, "gpu", "", "kim"), tags.add(store, "cpu", "", "kim")
    worker, other = awake(store, "node-1"), awake(store, "node-2")
    tags.give(store, worker.id, [gpu.id], "kim")
    tags.give(store, other.id, [cpu.id], "kim")
    job_id = tagged(store, gpu)
    work = worker.asks_for_work()
    tags.remove(store, gpu.id, "kim")
    worker.finishes(work, TaskStatus.FAILED)
    assert statuses(store, job_id) == ["soft-failed"]
    assert takes(other) is None
    tags.set_of_job(store, job_id, "kim", name="cpu")
    assert takes(other) == job_id
