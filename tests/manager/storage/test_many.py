"""Many rows in one statement: what is asked of a farm takes no more of them than what is asked of four workers."""

from zoneinfo import ZoneInfo

import pytest
from counted import statements
from large_farm import fill

from farmhand.manager.rules.facts import Fact, Kind
from farmhand.manager.rules.schedules import Schedule
from farmhand.manager.rules.windows import read_window
from farmhand.manager.rules.workers import PLAIN
from farmhand.manager.storage import events, plans, schedules, tagging, tags
from farmhand.manager.storage.events import Told
from farmhand.manager.storage.schedules import Owner
from farmhand.manager.storage.tables import event
from farmhand.worker.wire import Request, Status

ALWAYS = Schedule(ZoneInfo("UTC"), (read_window("", "00:00", "24:00"),))
RESTART = Request(Status.RESTART)
TEN, MANY = 10, 80  # every ten workers of a large farm are alike


def planned(store, ids):
    plans.make(store, ids, RESTART, PLAIN, "kim")


def applied(store, ids):
    plans.apply(store, plans.make(store, ids, RESTART, PLAIN, "kim").token, "kim")


def asked_and_taken_back(store, ids):
    store.act(ids, RESTART, "kim")
    store.withdraw(ids, "kim")


def put_to_sleep_by_a_tag(store, ids):
    tag = tags.add(store, ids[0], "", "kim").id
    tagging.give(store, ids, tag, "kim")
    schedules.remove(store, schedules.add(store, Owner("tag", tag), ALWAYS, "kim").id, "kim")


@pytest.mark.parametrize("done", [planned, applied, asked_and_taken_back, put_to_sleep_by_a_tag])
def test_what_concerns_many_takes_as_many_statements_as_what_concerns_few(store, done):
    ids = fill(store, TEN + TEN + MANY)
    done(store, ids[:TEN])  # what is looked up once
    with statements(store) as few:
        done(store, ids[TEN : 2 * TEN])
    with statements(store) as many:
        done(store, ids[2 * TEN :])
    assert len(many) == len(few), "\n".join(many)


def test_events_told_together_are_numbered_on_in_their_order(store):
    ids = fill(store, 10)
    before = store.newest()
    with store.database.write() as change:
        first = events.append(change, Fact(Kind.WORKER_LOST, {"n": 0}), worker_id=ids[0])
        rest = events.append_all(
            change, [Told(Fact(Kind.WORKER_LOST, {"n": n, "of": "a\0b"}), ids[n]) for n in range(1, 10)]
        )
        last = events.append(change, Fact(Kind.WORKER_LOST, {"n": 10}), worker_id=ids[0])
    told = store.events_after(before)
    assert [it.seq for it in told] == [first, *rest, last] == sorted({first, *rest, last})
    assert [it.detail["n"] for it in told] == list(range(11))
    assert [it.worker_id for it in told] == [*ids, ids[0]]


def test_numbers_of_events_that_were_let_go_are_not_given_again(store):
    fill(store, 10)
    newest = store.newest()
    with store.database.write() as change:
        change.connection.execute(event.delete())
    with store.database.write() as change:
        (seq,) = events.append_all(change, [Told(Fact(Kind.WORKER_LOST, {}), None)])
    assert seq > newest
