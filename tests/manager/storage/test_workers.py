"""What every database has to do alike: workers and what is asked of them."""

import pytest
from polling import until
from pretended import SECRET, ask, awake, job, register
from sqlalchemy import select

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.workers import Situation, situation
from farmhand.manager.storage.store import Missing
from farmhand.manager.storage.tables import worker as worker_table
from farmhand.worker.wire import Request, Status, TaskStatus

NOBODY = "00000000-0000-0000-0000-000000000000"


def kinds(store, worker):
    return [event.kind for event in reversed(store.worker_events(worker.id))]


def test_a_worker_is_known_from_its_registration_on(store, clock):
    worker = register(store, "node-1")
    found = store.worker(worker.id)
    assert (found.name, found.status, found.last_seen) == ("node-1", Status.OFFLINE, None)
    assert found.task_types == ("misc",)
    assert found.registered_at == clock.now
    assert kinds(store, worker) == [Kind.WORKER_REGISTERED]


def test_the_same_name_twice_is_two_workers(store):
    first, second = register(store, "node-1"), register(store, "node-1")
    assert first.id != second.id
    assert len(store.workers()) == 2


def test_workers_are_listed_by_name(store):
    for name in ("node-2", "node-10", "node-1"):
        register(store, name)
    assert [worker.name for worker in store.workers()] == ["node-1", "node-10", "node-2"]


def test_credentials_open_the_door_to_one_worker(store):
    worker = register(store, "node-1")
    assert store.authenticate(worker.id, SECRET).id == worker.id
    assert store.authenticate(worker.id, SECRET + "x") is None
    assert store.authenticate(worker.id, "") is None
    assert store.authenticate(NOBODY, SECRET) is None


def test_the_secret_itself_is_not_kept(store):
    register(store, "node-1")
    with store.database.read() as connection:
        rows = connection.execute(select(worker_table)).all()
    assert SECRET not in str(rows)


def test_signing_on_and_off(store):
    worker = register(store, "node-1")
    assert worker.sign_on() is Status.AWAKE
    assert store.worker(worker.id).status is Status.STARTING
    worker.becomes(Status.AWAKE)
    assert store.worker(worker.id).status is Status.AWAKE
    worker.signs_off()
    found = store.worker(worker.id)
    assert (found.status, found.request, found.incarnation) == (Status.OFFLINE, None, 1)
    assert kinds(store, worker)[1:] == [Kind.WORKER_SIGNED_ON, Kind.WORKER_STATUS, Kind.WORKER_SIGNED_OFF]


def test_a_worker_that_left_asleep_starts_asleep(store):
    worker = awake(store, "node-1")
    worker.becomes(Status.ASLEEP)
    worker.signs_off()
    assert worker.sign_on() is Status.ASLEEP


def test_an_action_from_the_click_to_the_confirmation(store, clock):
    worker = awake(store, "node-1")
    [answer] = store.act([worker.id], Request(Status.ASLEEP, lazy=True), "kim")
    pending = store.worker(worker.id).request
    assert (pending.id, pending.by, pending.at, pending.seen_at) == (answer.request_id, "kim", clock.now, None)
    clock.passes(1)
    assert worker.asks_for_work() is None
    assert store.worker(worker.id).request.seen_at == clock.now
    clock.passes(1)
    worker.becomes(Status.ASLEEP)
    assert store.worker(worker.id).request is None
    assert kinds(store, worker)[-4:] == [Kind.REQUEST_MADE, Kind.REQUEST_SEEN, Kind.WORKER_STATUS, Kind.REQUEST_DONE]
    made, *_, done = store.worker_events(worker.id)[3::-1]
    assert (made.who, done.who, done.detail["took"]) == ("kim", "", 2000)


def test_one_refusal_does_not_keep_the_others_from_acting(store):
    able, unable = awake(store, "able"), awake(store, "unable", can_restart=False)
    answers = store.act([able.id, unable.id, NOBODY], Request(Status.RESTART), "kim")
    assert [(answer.name, answer.accepted) for answer in answers] == [
        ("able", True),
        ("unable", False),
        (NOBODY, False),
    ]
    assert store.worker(able.id).request is not None
    assert store.worker(unable.id).request is None


def test_a_worker_named_twice_is_asked_once(store):
    worker = awake(store, "node-1")
    assert len(store.act([worker.id, worker.id], Request(Status.ASLEEP), "kim")) == 1


def test_a_request_can_be_taken_back(store):
    worker = awake(store, "node-1")
    ask(store, Status.OFFLINE, worker)
    [answer] = store.withdraw([worker.id], "sam")
    assert answer.changed
    assert worker.learns() is None
    assert store.worker_events(worker.id, 1)[0].who == "sam"


def test_a_deleted_worker_is_gone_and_its_task_is_queued(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    worker.asks_for_work()
    store.delete_worker(worker.id, "kim")
    assert store.workers() == []
    assert store.authenticate(worker.id, SECRET) is None
    assert [task.status for task in store.tasks(job_id)] == [TaskStatus.QUEUED]
    with pytest.raises(Missing, match=worker.id):
        store.worker(worker.id)


def test_what_is_missing_is_named(store):
    for look in (store.worker, store.job, store.task):
        with pytest.raises(Missing, match=NOBODY):
            look(NOBODY)


def test_busy_between_tasks_and_idle(store):
    worker = awake(store, "node-1")

    def where():
        return situation(store.worker(worker.id))

    assert where() is Situation.IDLE
    job(store, tasks=1)
    work = worker.asks_for_work()
    assert where() is Situation.BUSY
    worker.finishes(work)
    assert where() is Situation.BETWEEN
    worker.asks_for_work()
    assert where() is Situation.IDLE


# -- bells


def test_the_bell_rings_for_a_request_and_for_its_withdrawal(store):
    asked, other = awake(store, "asked"), awake(store, "other")
    before = store.bell(asked.id)
    ask(store, Status.ASLEEP, asked)
    rung = store.bell(asked.id)
    assert rung > before
    store.withdraw([asked.id], "kim")
    assert store.bell(asked.id) > rung
    assert store.bell(other.id) == 0


def test_a_worker_has_seen_a_request_when_it_has_heard_its_bell(store):
    worker = awake(store, "node-1")
    store.saw(store.worker(worker.id), store.bell(worker.id))
    ask(store, Status.ASLEEP, worker)
    store.saw(store.worker(worker.id), store.bell(worker.id) - 1)
    assert store.worker(worker.id).request.seen_at is None
    store.saw(store.worker(worker.id), store.bell(worker.id))
    assert store.worker(worker.id).request.seen_at is not None


def test_new_work_rings_only_for_idle_workers_that_could_take_it(store):
    idle, asleep, busy, leaving = (awake(store, name) for name in ("idle", "asleep", "busy", "leaving"))
    ask(store, Status.OFFLINE, leaving)
    job(store, tasks=1)
    assert busy.asks_for_work()
    asleep.becomes(Status.ASLEEP)
    idle.asks_for_work()
    before = store.newest()
    job(store, tasks=1)
    assert {name.name: store.bell(name.id) > before for name in (idle, asleep, busy, leaving)} == {
        "idle": True,
        "asleep": False,
        "busy": False,
        "leaving": False,
    }


def test_one_task_does_not_wake_the_whole_farm(store):
    workers = {awake(store, f"node-{number}").id for number in range(10)}
    before = store.newest()
    job(store, tasks=1)
    rung = store.bells(before)
    assert len(rung) == 2
    assert rung.keys() <= workers
    assert all(store.bell(id) == bell > before for id, bell in rung.items())


def test_a_task_that_is_taken_away_rings_for_its_worker(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    work = worker.asks_for_work()
    before = store.newest()
    store.set_task_status(work.task.id, TaskStatus.CANCELED, "", "kim")
    assert store.bell(worker.id) > before
    assert store.job(job_id).status.value == "canceled"


# -- events


def test_listeners_hear_of_every_commit_once_it_is_there_to_read(store):
    heard = []
    stop = store.listen(lambda seq: heard.append((seq, store.newest())))
    worker = register(store, "node-1")
    worker.sign_on()
    until(lambda: heard and max(heard)[0] == store.newest(), "the listener to hear of the newest")
    assert all(seq <= newest for seq, newest in heard)
    stop()
    count = len(heard)
    worker.becomes(Status.AWAKE)
    assert len(heard) == count


def test_events_follow_each_other_without_a_hole(store):
    worker = awake(store, "node-1")
    all_of_them = store.events_after(0)
    assert [event.seq for event in all_of_them] == list(range(1, store.newest() + 1))
    assert store.events_after(all_of_them[1].seq) == all_of_them[2:]
    assert store.events_after(0, limit=2) == all_of_them[:2]
    assert [event.seq for event in store.worker_events(worker.id, 1, before=3)] == [2]


# -- signs of life


def test_signs_of_life_are_written_down_now_and_then(store, clock):
    worker = awake(store, "node-1")
    store.authenticate(worker.id, SECRET)
    assert store.worker(worker.id).last_seen == clock.now
    assert store.seen.take_unwritten() == {worker.id: clock.now}
    clock.passes(3)
    store.authenticate(worker.id, SECRET)
    store.flush()
    assert store.seen.take_unwritten() == {}
    store.seen.at.clear()
    assert store.worker(worker.id).last_seen == clock.now
