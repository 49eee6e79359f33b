"""Rolling actions on every database: what one manager wrote down, another goes on with."""

import pytest
from pretended import awake, job

from farmhand.manager.due import mind
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.rollouts import Command, Refused, Rollout, Stage, State
from farmhand.manager.storage import rollouts
from farmhand.manager.storage.store import Missing
from farmhand.worker.wire import Request, Status

RESTART = Request(Status.RESTART)
NOBODY = "00000000-0000-0000-0000-000000000000"


def made(store, *workers, wish=RESTART, at_once=1, **more):
    rollout = Rollout("", wish, "kim", at_once, **{"canary": False, "patience": 60_000, "watch": 10_000, **more})
    return rollouts.make(store, [worker.id for worker in workers], rollout)


def stages(store, rollout_id):
    return [turn.stage.value for turn in rollouts.one(store, rollout_id)[1]]


def state(store, rollout_id):
    return rollouts.one(store, rollout_id)[0].state


def asked(store, *workers):
    return [store.worker(worker.id).request is not None for worker in workers]


def farm(store, number=3):
    return [awake(store, f"node-{n}") for n in range(number)]


def test_one_after_the_other_until_all_are_back(store, clock):
    workers = farm(store)
    it = made(store, *workers, reason="new driver")
    for worker in workers:
        mind(store)
        assert asked(store, *workers) == [each is worker for each in workers]
        clock.passes(1)
        worker.signs_off()
        mind(store)
        assert asked(store, *workers) == [each is worker for each in workers]
        clock.passes(4)
        worker.sign_on()
        worker.becomes(Status.AWAKE)
    mind(store)
    clock.passes(10)
    mind(store)
    assert (state(store, it), stages(store, it)) == (State.DONE, ["done"] * 3)
    assert rollouts.open_ids(store) == []
    first = rollouts.one(store, it)[1][0]
    assert (first.back_at - first.down_at, first.down_at - first.asked_at) == (4000, 1000)
    [request] = store.worker_events(workers[0].id, kinds=[Kind.REQUEST_MADE])
    assert (request.who, request.detail["reason"]) == (f"rolling action {it[:8]} of kim", "new driver")


def test_a_canary_is_watched_and_another_manager_goes_on(store, clock):
    workers = farm(store)
    it = made(store, *workers, at_once=3, canary=True)
    mind(store)
    workers[0].restarts()
    assert mind(store) == clock.now + 10_000
    assert stages(store, it) == ["back", "waiting", "waiting"]
    clock.passes(10)
    again = rollouts.look(store, it)
    assert again == clock.now + 60_000
    assert stages(store, it) == ["done", "asked", "asked"]
    before = store.newest()
    assert rollouts.look(store, it) == again
    assert store.newest() == before, "looking again does nothing twice"


def test_it_halts_is_gone_on_with_and_ends(store, clock, caplog):
    workers = farm(store)
    it = made(store, *workers)
    mind(store)
    workers[0].signs_off()
    mind(store)
    clock.passes(60)
    mind(store)
    rollout, _ = rollouts.one(store, it)
    assert (rollout.state, rollout.why) == (State.HALTED, "node-0 did not come back within 1 min")
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"rolling action {it} is halted: node-0 did not come back within 1 min"
    ]
    rollouts.command(store, it, Command.RESUME, "sam")
    mind(store)
    assert stages(store, it) == ["left", "asked", "waiting"]
    for worker in workers[1:]:
        worker.restarts()
        mind(store)
    clock.passes(10)
    mind(store)
    assert state(store, it) is State.DONE
    told = [event.detail["to"] for event in store.events_after(0) if event.kind is Kind.ROLLOUT_STATUS]
    assert told == ["halted", "running", "done"]


def test_who_was_not_listening_calls_nobody_late(store, clock):
    workers = farm(store)
    it = made(store, *workers)
    mind(store)
    workers[0].signs_off()
    mind(store)
    clock.passes(3600)
    assert mind(store, since=clock.now) == clock.now + 60_000
    workers[0].sign_on()
    workers[0].becomes(Status.AWAKE)
    mind(store)
    assert stages(store, it) == ["back", "asked", "waiting"]


def test_a_pause_and_a_cancel(store):
    workers = farm(store)
    it = made(store, *workers)
    rollouts.command(store, it, Command.PAUSE, "kim")
    mind(store)
    assert asked(store, *workers) == [False, False, False]
    rollouts.command(store, it, Command.RESUME, "kim")
    mind(store)
    assert asked(store, *workers) == [True, False, False]
    rollouts.command(store, it, Command.CANCEL, "kim")
    mind(store)
    assert asked(store, *workers) == [False, False, False]
    assert stages(store, it) == ["skipped"] * 3
    assert rollouts.open_ids(store) == []
    with pytest.raises(Refused, match="canceled cannot be paused"):
        rollouts.command(store, it, Command.PAUSE, "kim")


def test_after_the_task_with_a_deadline(store, clock):
    workers = farm(store, 2)
    job(store, tasks=1)
    assert workers[0].asks_for_work()
    made(store, *workers, wish=Request(Status.RESTART, lazy=True), deadline=20_000)
    assert mind(store) == clock.now + 20_000
    clock.passes(20)
    mind(store)
    assert not store.worker(workers[0].id).request.wish.lazy
    assert store.worker(workers[0].id).request.by.startswith("rolling action")


def test_many_who_must_be_left_out_do_not_stop_it(store, clock):
    *gone, last = farm(store, rollouts.SPARE + 3)
    for worker in gone:
        worker.signs_off()
    it = made(store, *gone, last)
    assert mind(store) == clock.now, "there are more to look at"
    mind(store)
    assert stages(store, it) == ["skipped"] * len(gone) + ["asked"]


def test_the_list_counts(store):
    workers = farm(store)
    it = made(store, *workers)
    mind(store)
    [overview] = rollouts.every(store)
    assert overview.rollout.id == it
    assert overview.stages == {Stage.ASKED: 1, Stage.WAITING: 2}


def test_what_is_missing_is_named(store):
    with pytest.raises(Missing, match=NOBODY):
        rollouts.one(store, NOBODY)
    with pytest.raises(Missing, match=NOBODY):
        rollouts.command(store, NOBODY, Command.PAUSE, "kim")
    with pytest.raises(Missing, match=NOBODY):
        rollouts.make(store, [NOBODY], Rollout("", RESTART, "kim", 1))


def test_a_worker_that_is_removed_is_left_out(store):
    workers = farm(store)
    it = made(store, *workers)
    mind(store)
    store.delete_worker(workers[0].id, "kim")
    mind(store)
    assert stages(store, it) == ["skipped", "asked", "waiting"]
