"""Who is let in, waits, is turned away or put out, on both databases."""

import contextlib

import pytest
from stores import DIALECTS, opened

from farmhand.manager.config import Settings
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.joining import FROM_ONE, UNHEARD, Full, Joining
from farmhand.manager.rules.tasks import Refused
from farmhand.manager.rules.workers import Announcement, Situation, situation
from farmhand.manager.storage import agents, calls, enrolments, joining, tags
from farmhand.manager.storage.door import NotAdmitted
from farmhand.manager.storage.store import Missing
from farmhand.worker.wire import Request, Status

SECRET = "s3cret" * 10


@pytest.fixture(params=DIALECTS)
def by(request, tmp_path, clock):
    """Return a function that opens a store where workers get in by a way."""
    with contextlib.ExitStack() as stack:

        def open_by(way):
            settings = Settings(without_login=True, registration=way)
            return stack.enter_context(opened(request.param, tmp_path / "data", clock, settings))

        yield open_by


def register(store, name="node-1", address="10.0.0.1", code=""):
    return calls.register(store, calls.Registration(name, SECRET, "linux", ("misc",), address, code))


def sign_on(store, worker_id, name="node-1"):
    return calls.sign_on(store, worker_id, Announcement(name, "1", ("misc",), True, "10.0.0.1"))


def kinds(store):
    return [event.kind for event in store.events_after(0)]


def test_where_registration_is_open_a_worker_is_in(by):
    store = by(Joining.OPEN)
    assert sign_on(store, register(store)) is Status.AWAKE
    assert joining.waiting(store) == []


def test_by_approval_a_worker_waits_asleep_and_is_woken_when_it_is_let_in(by):
    store = by(Joining.APPROVAL)
    worker_id = register(store)
    assert sign_on(store, worker_id) is Status.ASLEEP
    calls.report_status(store, worker_id, Status.ASLEEP)
    assert situation(store.worker(worker_id)) is Situation.WAITING
    assert [(guest.kind, guest.name, guest.address) for guest in joining.waiting(store)] == [
        ("worker", "node-1", "10.0.0.1")
    ]
    bell = store.bell(worker_id)
    assert joining.let_in(store, [worker_id], "kim") == ["node-1"]
    assert store.bell(worker_id) > bell
    assert calls.wanted_status(store, store.worker(worker_id)) is Status.AWAKE
    assert joining.waiting(store) == []
    assert joining.let_in(store, [worker_id], "kim") == []


def test_one_that_is_let_in_while_it_is_off_starts_awake(by):
    store = by(Joining.APPROVAL)
    worker_id = register(store)
    sign_on(store, worker_id)
    calls.report_status(store, worker_id, Status.ASLEEP)
    calls.sign_off(store, worker_id)
    joining.let_in(store, [worker_id], "kim")
    assert sign_on(store, worker_id) is Status.AWAKE


def test_who_waits_gets_no_task_though_it_says_that_it_is_awake(by):
    store = by(Joining.APPROVAL)
    worker_id = register(store)
    sign_on(store, worker_id)
    calls.report_status(store, worker_id, Status.AWAKE)
    assert calls.fetch(store, store.worker(worker_id)) == calls.StatusFirst(Status.ASLEEP)
    assert calls.wanted_status(store, store.worker(worker_id)) is Status.ASLEEP


def test_nothing_is_asked_of_one_who_waits(by):
    store = by(Joining.APPROVAL)
    worker_id = register(store)
    (answer,) = store.act([worker_id], Request(Status.AWAKE), "kim")
    assert (answer.accepted, answer.text) == (False, "wants to join: let it in first")


def test_one_turned_away_is_refused_and_told_why(by):
    store = by(Joining.APPROVAL)
    worker_id = register(store)
    assert joining.turn_away(store, [worker_id], "kim") == ["node-1"]
    assert store.authenticate(worker_id, SECRET) is None
    assert joining.farewell(store, worker_id, SECRET) == (
        "somebody at the manager revoked these credentials: it was not let in"
    )
    assert joining.farewell(store, worker_id, "another secret") == ""
    assert joining.waiting(store) == []
    assert Kind.WORKER_REVOKED in kinds(store)


def test_one_who_is_in_is_not_turned_away(by):
    store = by(Joining.OPEN)
    worker_id = register(store)
    assert joining.turn_away(store, [worker_id], "kim") == []
    assert store.authenticate(worker_id, SECRET) is not None


def test_revoking_rings_so_that_the_worker_asks_and_is_refused(by):
    store = by(Joining.OPEN)
    worker_id = register(store)
    sign_on(store, worker_id)
    before = store.newest()
    assert joining.revoke(store, [worker_id], "kim", "stolen") == ["node-1"]
    assert store.bells(before) == {worker_id: store.newest()}
    assert joining.farewell(store, worker_id, SECRET).endswith(": stolen")
    assert joining.revoke(store, [worker_id], "kim") == []


def test_a_worker_that_is_removed_hears_of_it_at_once_as_well(by):
    store = by(Joining.OPEN)
    worker_id = register(store)
    before = store.newest()
    store.delete_worker(worker_id, "kim")
    assert store.bells(before) == {worker_id: store.newest()}


# -- codes


def test_a_code_lets_in_as_many_as_it_says_and_gives_its_tags(by):
    store = by(Joining.CODE)
    gpu = tags.add(store, "gpu", "", "kim")
    made = enrolments.make(store, "kim", uses=2, tag_ids=[gpu.id])
    first, second = register(store, "a", code=made.code), register(store, "b", code=made.code.lower().replace("-", " "))
    assert [tag.name for tag in tags.of_worker(store, first)] == ["gpu"]
    assert sign_on(store, second) is Status.AWAKE
    with pytest.raises(NotAdmitted, match="was used already; have one made"):
        register(store, "c", code=made.code)
    assert [(each.used, each.uses, each.tags) for each in enrolments.known(store)] == [(2, 2, ("gpu",))]


def test_a_code_is_kept_as_a_hash_alone(by):
    store = by(Joining.CODE)
    made = enrolments.make(store, "kim")
    with store.database.read() as connection:
        kept = str([tuple(row) for row in connection.exec_driver_sql("SELECT * FROM enrolment")])
        told = str([tuple(row) for row in connection.exec_driver_sql("SELECT * FROM event")])
    assert len(made.code.replace("-", "")) == 32
    for text in (kept, told):
        assert made.code not in text
        assert made.code.replace("-", "") not in text


def test_without_a_code_the_refusal_says_what_to_do(by):
    store = by(Joining.CODE)
    with pytest.raises(NotAdmitted, match=r"needs an enrolment code; have one made .* --enrolment-code-file"):
        register(store)
    with pytest.raises(NotAdmitted, match="there is no such enrolment code"):
        register(store, code="0" * 32)
    assert store.workers() == []


def test_an_expired_and_a_revoked_code_let_nobody_in(by, clock):
    store = by(Joining.CODE)
    old, gone = enrolments.make(store, "kim"), enrolments.make(store, "kim")
    enrolments.revoke(store, gone.enrolment.id, "kim")
    with pytest.raises(NotAdmitted, match="was revoked"):
        register(store, code=gone.code)
    with pytest.raises(Refused, match="was revoked"):
        enrolments.revoke(store, gone.enrolment.id, "kim")
    clock.passes(15 * 60)
    with pytest.raises(NotAdmitted, match="has expired"):
        register(store, code=old.code)
    with pytest.raises(Missing):
        enrolments.revoke(store, "none", "kim")


def test_by_approval_a_code_lets_in_at_once_and_a_bad_one_lets_wait(by):
    store = by(Joining.APPROVAL)
    made = enrolments.make(store, "kim")
    assert not store.worker(register(store, code=made.code)).waiting
    assert store.worker(register(store, code=made.code)).waiting


# -- strangers


def test_strangers_cannot_fill_the_list(by, clock):
    store = by(Joining.APPROVAL)
    first = register(store, "first")
    for number in range(1, FROM_ONE):
        register(store, f"n{number}")
    with pytest.raises(Full):
        register(store, "one too many at once")
    register(store, "from elsewhere", address="10.0.0.2")
    clock.passes(UNHEARD / 1000)
    register(store, "later")
    assert len(joining.waiting(store)) == FROM_ONE + 1
    with pytest.raises(Missing):
        store.worker(first)


# -- agents


def enrol(store, code=""):
    return agents.enrol(store, agents.Enrolment("a-1", "linux", "1", SECRET, "0" * 64, "10.0.0.1", code))


def test_an_agent_waits_too_and_what_it_sees_counts_once_it_is_in(by):
    store = by(Joining.APPROVAL)
    run = "0" * 32
    made = enrolments.make(store, "kim")
    worker_id = register(store, code=made.code)
    calls.sign_on(store, worker_id, Announcement("node-1", "1", ("misc",), True, "", invocation=run))
    agent_id = enrol(store)
    seen = agents.Seen("worker@1", run, "active", "running", "success", 0, "", 47, holds=True, why="")
    agents.report(store, agent_id, "farmhand", "", [seen])
    assert store.worker(worker_id).attended is None
    assert joining.let_in(store, [agent_id], "kim") == ["a-1"]
    attended = store.worker(worker_id).attended
    assert attended is not None
    assert attended.agent_id == agent_id
    joining.revoke(store, [agent_id], "kim", "moved")
    assert agents.authenticate(store, agent_id, SECRET) is None
    assert joining.farewell(store, agent_id, SECRET).endswith(": moved")
    assert store.worker(worker_id).attended is None


def test_an_agent_needs_a_code_where_workers_do(by):
    store = by(Joining.CODE)
    with pytest.raises(NotAdmitted):
        enrol(store)
    assert agents.authenticate(store, enrol(store, enrolments.make(store, "kim").code), SECRET) is not None
