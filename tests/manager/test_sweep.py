"""Silence: who is given up and when, on a clock that the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from polling import until
from pretended import SECRET, awake, job, register
from sqlalchemy import text
from stores import Clock, fresh

from farmhand.manager.config import Settings
from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage import calls
from farmhand.manager.storage.store import Store
from farmhand.manager.sweep import sweep, sweeping
from farmhand.worker.wire import Status, TaskStatus


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = fresh(tmp_path, Settings(), clock)
    yield store
    store.close()


def speaks(store, worker):
    assert store.authenticate(worker.id, SECRET)


def status(store, worker):
    return store.worker(worker.id).status


def test_a_silent_worker_is_lost_and_its_task_is_queued(store, clock):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    speaks(store, worker)
    worker.asks_for_work()
    clock.passes(59.9)
    assert sweep(store) == clock.now + 100
    assert status(store, worker) is Status.AWAKE
    clock.passes(0.1)
    sweep(store)
    assert status(store, worker) is Status.ERROR
    [task] = store.tasks(job_id)
    assert (task.status, "timed out" in task.activity) == (TaskStatus.QUEUED, True)
    assert store.failed_by(task.id) == []


def test_a_worker_that_keeps_a_request_open_is_missed_sooner(store, clock):
    worker = awake(store, "node-1")
    store.saw(worker.id, 0)
    clock.passes(35)
    sweep(store)
    assert status(store, worker) is Status.ERROR


def test_a_lost_worker_is_back_at_its_first_call(store, clock):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    clock.passes(61)
    sweep(store)
    speaks(store, worker)
    assert status(store, worker) is Status.AWAKE
    assert store.worker_events(worker.id, 1)[0].kind is Kind.WORKER_BACK
    assert not calls.may_run(store, worker.id, work.task.id).granted
    assert worker.asks_for_work().task.attempt == 2


def test_whoever_speaks_is_not_lost(store, clock):
    worker = awake(store, "node-1")
    for _ in range(5):
        clock.passes(50)
        speaks(store, worker)
        sweep(store)
    assert status(store, worker) is Status.AWAKE


def test_a_worker_that_left_is_not_lost(store, clock):
    gone, never_came = awake(store, "gone"), register(store, "never came")
    gone.signs_off()
    clock.passes(3600)
    assert sweep(store) is None
    assert {status(store, gone), status(store, never_came)} == {Status.OFFLINE}


def test_a_manager_that_was_away_gives_everybody_time(store, clock, tmp_path):
    worker = awake(store, "node-1")
    speaks(store, worker)
    store.close()
    clock.passes(3600)
    again = Store(tmp_path, Settings(), clock)
    assert sweep(again) == clock.now + 60_000
    assert status(again, worker) is Status.AWAKE
    clock.passes(60)
    sweep(again)
    assert status(again, worker) is Status.ERROR
    again.close()


def test_a_silent_task_is_a_failure_of_its_worker(store, clock):
    worker, other = awake(store, "node-1"), awake(store, "other")
    job_id = job(store, tasks=1)
    work = worker.asks_for_work()
    for _ in range(12):
        clock.passes(50)
        speaks(store, worker)
        speaks(store, other)
        sweep(store)
    assert [task.status for task in store.tasks(job_id)] == [TaskStatus.SOFT_FAILED]
    assert [each.name for each in store.failed_by(work.task.id)] == ["node-1"]
    assert status(store, worker) is Status.AWAKE
    assert other.asks_for_work().task.id == work.task.id


def test_a_task_that_is_asked_about_does_not_time_out(store, clock):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    work = worker.asks_for_work()
    for _ in range(20):
        clock.passes(50)
        speaks(store, worker)
        assert calls.may_run(store, worker.id, work.task.id).granted
        sweep(store)
    assert [task.status for task in store.tasks(job_id)] == [TaskStatus.ACTIVE]


def test_the_thread_notices_by_itself_and_ends(tmp_path):
    store = Store(tmp_path, Settings(worker_timeout=0.2))
    worker = awake(store, "node-1")
    with sweeping(store):
        until(lambda: status(store, worker) is Status.ERROR, "the worker to be missed", seconds=10)
    store.close()


def test_the_thread_goes_on_when_the_database_was_away_for_a_moment(tmp_path, caplog):
    store = Store(tmp_path, Settings(worker_timeout=0.2))
    worker = awake(store, "node-1")
    with store.database.write() as change:
        change.connection.execute(text("ALTER TABLE capability RENAME TO elsewhere"))
    with sweeping(store):
        until(lambda: "trying again" in caplog.text, "the trouble to be told", seconds=10)
        with store.database.write() as change:
            change.connection.execute(text("ALTER TABLE elsewhere RENAME TO capability"))
        until(lambda: status(store, worker) is Status.ERROR, "the worker to be missed", seconds=10)
    store.close()
