"""What comes due by itself: on a clock that the test moves, and once by the thread."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from polling import until
from pretended import awake, job
from stores import DIALECTS, Clock, beside, opened

from farmhand.manager.config import Settings
from farmhand.manager.due import mind, minding
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.rollouts import AWAY, Rollout, Stage, State
from farmhand.manager.rules.workers import Terms
from farmhand.manager.storage import calls, requests, rollouts
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status

LAZY_SLEEP = Request(Status.ASLEEP, lazy=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with opened(request.param, tmp_path, clock) as store:
        yield store


def act(store, worker, wish, by="kim", **terms):
    requests.act(store, [worker.id], wish, by, Terms(**terms))


def kinds(store, worker):
    return [event.kind for event in store.worker_events(worker.id)]


def test_a_deadline_makes_it_immediate_once_and_rings(store, clock):
    worker = awake(store, "node-1")
    job(store)
    work = worker.asks_for_work()
    deadline = clock.now + 20 * 60_000
    act(store, worker, LAZY_SLEEP, deadline=deadline, reason="heat")
    worker.learns()
    assert mind(store) == deadline
    assert calls.may_run(store, store.worker(worker.id), work.task.id).granted
    clock.passes(20 * 60)
    bell = store.bell(worker.id)
    assert mind(store) is None
    assert store.bell(worker.id) > bell
    assert not calls.may_run(store, store.worker(worker.id), work.task.id).granted
    mind(store)
    assert kinds(store, worker).count(Kind.REQUEST_ESCALATED) == 1
    pending = store.worker(worker.id).request
    assert (pending.by, pending.terms.reason, pending.wish.lazy) == ("kim", "heat", False)


def test_two_managers_escalate_once(store, clock):
    worker = awake(store, "node-1")
    act(store, worker, LAZY_SLEEP, deadline=clock.now + 1000)
    clock.passes(1)
    assert [it.id for it in requests.come_due(store)] == [worker.id]
    assert requests.come_due(store) == []


def test_a_worker_is_woken_when_it_was_to_sleep_until_now(store, clock):
    worker = awake(store, "node-1")
    act(store, worker, Request(Status.ASLEEP), until=clock.now + 3_600_000, reason="quiet hour")
    worker.becomes(Status.ASLEEP)
    assert mind(store) == clock.now + 3_600_000
    clock.passes(3600)
    assert mind(store) is None
    assert worker.learns() is Status.AWAKE
    made = store.worker_events(worker.id, 1, kinds=[Kind.REQUEST_MADE])[0]
    assert (made.who, made.detail["reason"]) == ("", "kim had sent it to sleep until now")
    worker.becomes(Status.AWAKE)
    last = store.worker(worker.id).wished
    assert (last.by, last.reason, last.until) == ("kim", "quiet hour", None)


def test_what_came_due_while_the_manager_was_away_is_done_when_it_is_back(tmp_path, clock):
    first = Store(tmp_path, Settings(without_login=True), clock)
    worker = awake(first, "node-1")
    act(first, worker, LAZY_SLEEP, deadline=clock.now + 60_000)
    first.close()
    clock.passes(3600)
    second = Store(tmp_path, Settings(without_login=True), clock)
    mind(second)
    assert not second.worker(worker.id).request.wish.lazy
    second.close()


def test_a_deleted_worker_is_due_for_nothing(store, clock):
    worker = awake(store, "node-1")
    act(store, worker, LAZY_SLEEP, deadline=clock.now + 1000)
    store.delete_worker(worker.id, "kim")
    clock.passes(1)
    assert mind(store) is None


def test_the_thread_keeps_a_deadline_that_was_set_while_it_slept(tmp_path):
    store = Store(tmp_path, Settings(without_login=True))
    worker = awake(store, "node-1")
    with minding(store):
        act(store, worker, LAZY_SLEEP, deadline=store.clock() + 300)
        began = store.clock()
        until(lambda: not store.worker(worker.id).request.wish.lazy, "the deadline", seconds=5, pause=0.01)
        assert 250 <= store.clock() - began < 1500
    store.close()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_managers_roll_and_never_take_one_place_too_many(dialect, tmp_path):
    with opened(dialect, tmp_path) as store, beside(store) as other, minding(store), minding(other):
        workers = {worker.id: worker for worker in (awake(store, f"node-{n}") for n in range(6))}
        rollout = Rollout("", Request(Status.RESTART), "kim", 2, canary=False, watch=100)
        it = rollouts.make(store, list(workers), rollout)

        def works_off_what_is_asked() -> bool:
            rollout, turns = rollouts.one(store, it)
            assert sum(turn.stage in AWAY for turn in turns) <= 2
            for turn in turns:
                if turn.stage is Stage.ASKED and store.worker(turn.worker_id).request is not None:
                    workers[turn.worker_id].restarts()
            return rollout.state is State.DONE

        until(works_off_what_is_asked, "the end of the rolling restart")
        made = [event for event in store.events_after(0) if event.kind is Kind.REQUEST_MADE]
        assert len(made) == len(workers), "each is asked once"
        assert [store.worker(id).incarnation for id in workers] == [2] * 6
