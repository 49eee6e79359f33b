"""What is old goes, and everything else goes on as if it were still there."""

from dataclasses import replace

import pytest
from pretended import ask, awake, job
from sqlalchemy import func, select
from stores import beside

from farmhand.manager.app import create_app
from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage import chain, retention
from farmhand.manager.storage.tables import event
from farmhand.worker.wire import JobStatus, Status

DAY = 24 * 3600


@pytest.fixture
def keeping(store):
    """The store, whose events are kept for ten days, and ended jobs for twenty."""
    store.settings = replace(store.settings, keep_events=10 * DAY, keep_jobs=20 * DAY)
    return store


def left(store):
    with store.database.read() as connection:
        return connection.execute(select(func.count()).select_from(event)).scalar_one()


def everything_old_goes(store):
    while retention.prune(store):
        pass


def test_nothing_goes_before_its_time(keeping, clock):
    awake(keeping, "node-1")
    clock.passes(9 * DAY)
    before = left(keeping)
    assert retention.prune(keeping) == 0
    assert left(keeping) == before


def test_what_is_kept_for_ever_stays(store, clock):
    store.settings = replace(store.settings, keep_events=0.0)
    awake(store, "node-1")
    clock.passes(10_000 * DAY)
    assert retention.prune(store) == 0


def test_old_events_go_in_small_steps_and_new_ones_stay(keeping, clock, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    for n in range(4):
        awake(keeping, f"node-{n}")
    clock.passes(11 * DAY)
    young = awake(keeping, "node-4")
    assert retention.prune(keeping) == 3
    everything_old_goes(keeping)
    assert {each.worker_id for each in keeping.events_after(0)} == {young.id}


def test_the_newest_stays_so_that_numbers_go_on(keeping, clock):
    awake(keeping, "node-1")
    newest = keeping.newest()
    clock.passes(11 * DAY)
    everything_old_goes(keeping)
    assert keeping.newest() == newest
    with beside(keeping) as again:
        awake(again, "node-2")
        assert [each.seq for each in again.events_after(0)][:2] == [newest, newest + 1]


def test_pages_and_what_is_pending_go_on_without_what_told_of_them(keeping, clock):
    worker = awake(keeping, "node-1")
    job_id = job(keeping)
    work = worker.asks_for_work()
    ask(keeping, Status.RESTART, worker, lazy=True)
    clock.passes(11 * DAY)
    everything_old_goes(keeping)
    client = create_app(keeping).test_client()
    for path in ("/workers", f"/workers/{worker.id}", "/jobs", f"/jobs/{job_id}", f"/tasks/{work.task.id}/log"):
        assert client.get(path).status_code in (200, 404), path
    worker.finishes(work)
    assert worker.learns() is Status.RESTART
    worker.restarts()
    assert Kind.REQUEST_DONE in {each.kind for each in keeping.worker_events(worker.id)}
    assert client.get(f"/workers/{worker.id}").status_code == 200


def test_the_audit_log_stays(keeping, clock):
    ask(keeping, Status.ASLEEP, awake(keeping, "node-1"))
    clock.passes(11 * DAY)
    everything_old_goes(keeping)
    with keeping.database.read() as connection:
        assert chain.head(connection).seq > 0


def test_jobs_that_have_ended_go_with_their_files_and_others_stay(keeping, clock):
    worker = awake(keeping, "node-1")
    ended, running = job(keeping, tasks=1), job(keeping)
    work = worker.asks_for_work()
    worker.reports(work, 1, "a line")
    worker.finishes(work)
    assert keeping.job(ended).status is JobStatus.COMPLETED
    folder = keeping.files.folder(ended)
    assert folder.exists()
    clock.passes(21 * DAY)
    everything_old_goes(keeping)
    assert [each.id for each in keeping.jobs()] == [running]
    assert not folder.exists()
