"""What is counted for metrics, on both kinds of databases."""

import pytest
from pretended import ask, awake, job, register
from sqlalchemy import text

from farmhand.manager.instruments import Instruments, watch_database
from farmhand.manager.storage import lately, tags
from farmhand.manager.storage.lately import Happened, Lately, What
from farmhand.manager.storage.tally import count
from farmhand.worker.wire import Request, Status, TaskStatus


def counted(store):
    with store.database.read() as connection:
        return count(connection, store.clock())


def test_an_empty_farm_has_none_of_anything(store):
    found = counted(store)
    assert (found.workers, found.jobs, found.ready, found.pending) == ({}, {}, {}, {})
    assert set(found.tasks.values()) == {0}


def test_what_is_there_is_counted_by_its_status(store, clock):
    first, second = awake(store, "node-1"), awake(store, "node-2", can_restart=False)
    register(store, "node-3")
    store.delete_worker(register(store, "node-4").id, "kim")
    tag = tags.add(store, "gpu", "", "kim")
    tags.give(store, first.id, [tag.id], "kim")
    job(store, tasks=3)
    first.asks_for_work()
    ask(store, Status.ASLEEP, second, lazy=True)
    clock.passes(60)
    found = counted(store)
    assert found.workers == {"awake": 2, "offline": 1}
    assert (found.waiting, found.not_restartable) == (0, 2)
    assert found.tagged == {("gpu", "awake"): 1}
    assert found.pending == {"asleep": (1, clock() - 60_000)}
    assert found.jobs == {"active": 1}
    assert (found.tasks["active"], found.tasks["queued"], found.ready) == (1, 2, {"misc": 2})
    assert found.newest_event == store.newest()


def test_the_largest_tags_are_counted_and_no_more(store):
    worker = awake(store, "node-1")
    made = [tags.add(store, f"tag-{n:02}", "", "kim").id for n in range(60)]
    tags.give(store, worker.id, made, "kim")
    assert len(counted(store).tagged) == 50


# -- what has happened


@pytest.fixture
def followed(store):
    return Lately(store)


def test_what_happened_before_is_not_counted(store):
    worker = awake(store, "node-1")
    job(store)
    worker.finishes(worker.asks_for_work())
    assert Lately(store).happened() == []


def test_a_task_is_counted_with_its_time_once(store, clock, followed):
    worker = awake(store, "node-1")
    job(store)
    work = worker.asks_for_work()
    clock.passes(90)
    worker.finishes(work)
    ends = [Happened(What.TASK_ENDED, "completed", 90)]
    assert [one for one in followed.happened() if one.what is What.TASK_ENDED] == ends
    assert followed.happened() == []
    worker.finishes(worker.asks_for_work(), TaskStatus.FAILED)
    assert [one.label for one in followed.happened()] == ["failed"]


def test_a_request_is_timed_to_where_it_is_known_and_to_where_it_is_done(store, clock, followed):
    worker = awake(store, "node-1")
    ask(store, Status.ASLEEP, worker)
    clock.passes(2)
    worker.learns()
    clock.passes(3)
    worker.becomes(Status.ASLEEP)
    assert followed.happened()[1:] == [
        Happened(What.REQUEST_SEEN, "asleep", 2),
        Happened(What.REQUEST_DONE, "asleep", 5),
    ]


def test_a_request_that_was_pending_before_is_timed_as_well(store, clock):
    worker = awake(store, "node-1")
    ask(store, Status.ASLEEP, worker)
    followed = Lately(store)
    clock.passes(2)
    worker.learns()
    assert followed.happened() == [Happened(What.REQUEST_SEEN, "asleep", 2)]


def test_what_is_more_than_is_read_at_a_time_is_read_in_turns(store, followed, monkeypatch):
    monkeypatch.setattr(lately, "BATCH", 2)
    for n in range(5):
        awake(store, f"node-{n}")
    assert followed.happened().count(Happened(What.SIGNED_ON)) == 5


def test_a_request_that_is_replaced_is_forgotten(store, followed):
    worker = awake(store, "node-1")
    for status in (Status.ASLEEP, Status.OFFLINE, Status.ASLEEP):
        store.act([worker.id], Request(status, lazy=True), "kim")
    followed.happened()
    assert len(followed._made) == 1


# -- this process


def test_transactions_are_measured_by_whether_they_write(store):
    found = Instruments()
    watch_database(store.database.engine, found)

    def measured():
        samples = [sample for metric in found.transactions.collect() for sample in metric.samples]
        return {each.labels["kind"]: each.value for each in samples if each.name.endswith("_count")}

    with store.database.look() as connection:
        connection.execute(text("SELECT 1"))
    with store.database.read() as connection:
        connection.execute(text("SELECT 1"))
    assert measured() == {"read": 2, "write": 0}
    with store.database.write() as change:
        change.connection.execute(text("SELECT 1"))
    assert measured() == {"read": 2, "write": 1}
