"""Silence: who is given up and when, on a clock that the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from polling import until
from pretended import SECRET, awake, job, register
from sqlalchemy import text
from stores import DIALECTS, Clock, beside, fresh, opened

from farmhand.manager.config import Settings
from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage import calls, leases
from farmhand.manager.storage.store import Store
from farmhand.manager.sweep import sweep, sweeping
from farmhand.worker.wire import Status, TaskStatus


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with opened(request.param, tmp_path, clock, Settings(without_login=True)) as store:
        yield store


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
    assert sweep(store) == clock.steady() + 100
    assert status(store, worker) is Status.AWAKE
    clock.passes(0.1)
    sweep(store)
    assert status(store, worker) is Status.ERROR
    [task] = store.tasks(job_id)
    assert (task.status, "timed out" in task.activity) == (TaskStatus.QUEUED, True)
    assert store.failed_by(task.id) == []


def test_a_worker_that_keeps_a_request_open_is_missed_sooner(store, clock):
    worker = awake(store, "node-1")
    store.saw(store.authenticate(worker.id, SECRET), 0)
    clock.passes(15)
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
    assert not calls.may_run(store, store.worker(worker.id), work.task.id).granted
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


def test_a_manager_that_was_away_gives_everybody_time(store, clock):
    worker = awake(store, "node-1")
    speaks(store, worker)
    store.close()
    clock.passes(3600)
    with beside(store) as again:
        assert sweep(again) == clock.steady() + 60_000
        assert status(again, worker) is Status.AWAKE
        clock.passes(60)
        sweep(again)
        assert status(again, worker) is Status.ERROR


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
        assert calls.may_run(store, store.worker(worker.id), work.task.id).granted
        sweep(store)
    assert [task.status for task in store.tasks(job_id)] == [TaskStatus.ACTIVE]


def test_the_thread_notices_by_itself_and_ends(tmp_path):
    store = Store(tmp_path, Settings(worker_timeout=0.2, without_login=True))
    worker = awake(store, "node-1")
    with sweeping(store):
        until(lambda: status(store, worker) is Status.ERROR, "the worker to be missed", seconds=10)
    store.close()


def test_the_thread_goes_on_when_the_database_was_away_for_a_moment(tmp_path, caplog):
    store = Store(tmp_path, Settings(worker_timeout=0.2, without_login=True))
    worker = awake(store, "node-1")
    with store.database.write() as change:
        change.connection.execute(text("ALTER TABLE capability RENAME TO elsewhere"))
    with sweeping(store):
        until(lambda: "trying again" in caplog.text, "the trouble to be told", seconds=10)
        with store.database.write() as change:
            change.connection.execute(text("ALTER TABLE elsewhere RENAME TO capability"))
        until(lambda: status(store, worker) is Status.ERROR, "the worker to be missed", seconds=10)
    store.close()


def test_a_clock_that_somebody_sets_makes_nobody_silent(store, clock):
    worker = awake(store, "node-1")
    clock.passes(30)
    clock.is_set(24 * 3600)
    sweep(store)
    assert status(store, worker) is Status.AWAKE
    clock.is_set(-48 * 3600)
    clock.passes(30)
    sweep(store)
    assert status(store, worker) is Status.ERROR


def test_a_worker_whose_connection_broke_is_missed_soon(store, clock):
    worker = awake(store, "node-1")
    store.saw(store.authenticate(worker.id, SECRET), 0)
    store.seen.hung_up(worker.id)
    clock.passes(4.9)
    sweep(store)
    assert status(store, worker) is Status.AWAKE
    clock.passes(0.1)
    sweep(store)
    assert status(store, worker) is Status.ERROR


def test_a_worker_whose_connection_broke_has_time_once_it_is_heard_again(store, clock):
    worker = awake(store, "node-1")
    store.saw(store.authenticate(worker.id, SECRET), 0)
    store.seen.hung_up(worker.id)
    clock.passes(4)
    speaks(store, worker)
    clock.passes(14)
    sweep(store)
    assert status(store, worker) is Status.AWAKE


def test_what_another_manager_has_heard_counts(store, clock):
    worker = awake(store, "node-1")
    with beside(store) as other:
        sweep(other)
        for _ in range(4):
            clock.passes(30)
            speaks(store, worker)
            store.flush()
            sweep(other)
            sweep(store)
        assert status(other, worker) is Status.AWAKE
        clock.passes(60)
        sweep(other)
    assert status(store, worker) is Status.ERROR


def test_what_another_manager_wrote_a_moment_ago_is_looked_at_again_before_a_worker_is_lost(store, clock):
    worker = awake(store, "node-1")
    with beside(store) as other:
        sweep(other)
        clock.passes(60)
        speaks(store, worker)
        store.flush()
        assert leases.lose(other, worker.id) is None


def test_an_older_sign_of_life_does_not_replace_a_later_one(store, clock):
    worker = awake(store, "node-1")
    with beside(store) as other:
        speaks(store, worker)
        clock.passes(5)
        speaks(other, worker)
        other.flush()
        store.flush()
        assert other.worker(worker.id).last_seen == clock.now
    with beside(store) as third:
        assert third.worker(worker.id).last_seen == clock.now


def test_a_manager_that_stood_still_gives_everybody_time(tmp_path, caplog):
    store = fresh(tmp_path, Settings(worker_timeout=8.0, without_login=True))
    with sweeping(store):
        worker = awake(store, "node-1")
        passed = store.steady
        until(lambda: store.seen._heard, "the first look", seconds=5)
        store.steady = lambda: passed() + 3600_000
        store.seen._steady = store.steady
        until(lambda: "stood still" in caplog.text, "the gap to be noticed", seconds=10)
        assert status(store, worker) is Status.AWAKE
    store.close()
