"""What an agent may be asked, and how far a worker's restart can be relied on."""

from dataclasses import replace

import pytest

from farmhand.manager.rules.agents import (
    AWAY_MS,
    PATIENCE_MS,
    TICKET_MS,
    UNDERWAY_MS,
    Drill,
    Told,
    Trust,
    follow_drill,
    hangs,
    is_open,
    judge,
    kept_code,
    kept_run,
    refuse,
    refuse_drill,
    remedy,
    ticket_state,
)
from farmhand.manager.rules.attended import Attended, Ticket, Verb
from farmhand.manager.rules.facts import Fact, Kind
from farmhand.manager.rules.workers import LastTask, Pending, Worker
from farmhand.worker.wire import Request, Status, TaskStatus

NOW = 10_000_000
SERVICE = Attended(
    "a1", "node-7", "worker@1", heard_at=NOW, active="inactive", code=47, holds=True, why="it does", worker_code=47
)
OFFLINE = Worker("w1", "node-7-1", Status.OFFLINE, True, last_seen=NOW - 5, attended=SERVICE)
RUNNING = replace(OFFLINE, status=Status.AWAKE, idle=True, attended=replace(SERVICE, active="active"))
LOST = replace(RUNNING, status=Status.ERROR, lost_from=Status.AWAKE)
TASK = LastTask("t", "j", "a task", "a job", TaskStatus.ACTIVE, 0, 1, True, 1, None)


def pending(status: Status, asked: int, *, lazy: bool = False) -> Pending:
    return Pending("r1", Request(status, lazy), "kim", asked)


# -- what an agent may be asked


def test_a_worker_that_was_shut_down_can_be_started() -> None:
    assert refuse(OFFLINE, Verb.START, NOW) is None
    assert remedy(OFFLINE, NOW) is Verb.START


def test_a_lost_worker_can_be_restarted_though_it_does_not_answer() -> None:
    assert refuse(LOST, Verb.RESTART, NOW) is None
    assert remedy(LOST, NOW) is Verb.RESTART


def test_a_lost_worker_whose_service_has_ended_is_started() -> None:
    gone = replace(LOST, attended=replace(SERVICE, active="failed"))
    assert remedy(gone, NOW) is Verb.START


def test_a_worker_that_could_not_say_good_bye_is_started_before_it_counts_as_lost() -> None:
    assert remedy(replace(RUNNING, attended=replace(SERVICE, active="failed")), NOW) is Verb.START


@pytest.mark.parametrize(
    ("worker", "verb", "why"),
    [
        (RUNNING, Verb.START, "is running already: it is awake, idle"),
        (RUNNING, Verb.RESTART, "answers: ask it to restart by itself"),
        (OFFLINE, Verb.RESTART, "is not running: start it instead"),
        (replace(OFFLINE, attended=replace(SERVICE, active="active")), Verb.START, "is offline although its service"),
        (replace(OFFLINE, attended=None), Verb.START, "has no agent on its machine: start it there by hand, or run"),
        (replace(LOST, attended=None), Verb.RESTART, "has no agent on its machine: restart it there by hand, or run"),
        (
            replace(OFFLINE, attended=replace(SERVICE, heard_at=NOW - AWAY_MS - 1)),
            Verb.START,
            "its agent node-7 has not been heard of for 60 s",
        ),
        (replace(OFFLINE, attended=replace(SERVICE, trouble="no bus")), Verb.START, "does not see worker@1: no bus"),
    ],
)
def test_a_refusal_says_what_to_do(worker: Worker, verb: Verb, why: str) -> None:
    assert why in (refuse(worker, verb, NOW) or "")
    assert remedy(worker, NOW) is not verb


def test_a_worker_that_left_but_whose_process_hangs_can_be_restarted() -> None:
    hung = replace(OFFLINE, attended=replace(SERVICE, active="deactivating"))
    assert remedy(hung, NOW) is Verb.RESTART


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, False),
        ({"last_seen": NOW - PATIENCE_MS - 1}, True),
        ({"request": pending(Status.RESTART, NOW - PATIENCE_MS)}, False),
        ({"request": pending(Status.RESTART, NOW - PATIENCE_MS - 1)}, True),
        ({"request": pending(Status.RESTART, 0, lazy=True), "task": TASK}, False),
        ({"request": pending(Status.RESTART, 0, lazy=True)}, True),
        ({"request": pending(Status.RESTART, 0), "task": TASK}, True),
        ({"status": Status.ERROR}, True),
    ],
)
def test_who_hangs(changes: dict[str, object], answer: bool) -> None:
    assert hangs(replace(RUNNING, **changes), NOW) is answer


# -- tickets


TICKET = Ticket("t1", "a1", "worker@1", Verb.START, "w1", "kim", NOW, NOW + TICKET_MS)


@pytest.mark.parametrize(
    ("changes", "after", "state", "open"),
    [
        ({}, 0, "waiting", True),
        ({}, TICKET_MS - 1, "waiting", True),
        ({}, TICKET_MS, "expired", False),
        ({"taken_at": NOW}, TICKET_MS, "taken", True),
        ({"taken_at": NOW}, UNDERWAY_MS, "taken", False),
        ({"taken_at": NOW, "outcome": "done"}, 1, "done", False),
        ({"outcome": "refused"}, 1, "refused", False),
    ],
)
def test_the_life_of_a_ticket(changes: dict[str, object], after: int, state: str, open: bool) -> None:
    ticket = replace(TICKET, **changes)
    assert ticket_state(ticket, NOW + after) == state
    assert is_open(ticket, NOW + after) is open


# -- the restart


@pytest.mark.parametrize(
    ("worker", "trust", "why"),
    [
        (RUNNING, Trust.VERIFIED, "worker@1: it does"),
        (replace(RUNNING, attended=replace(SERVICE, holds=False, why="it stays down")), Trust.BROKEN, "it stays down"),
        (replace(RUNNING, attended=None), Trust.CLAIMED, "no agent on its machine"),
        (replace(RUNNING, can_restart=False), Trust.NONE, "without a restart code"),
        (replace(RUNNING, attended=replace(SERVICE, worker_code=48)), Trust.CLAIMED, "what exit code 48 does"),
        (replace(RUNNING, attended=replace(SERVICE, same_run=False)), Trust.CLAIMED, "is not of the run of worker@1"),
        (replace(RUNNING, attended=replace(SERVICE, heard_at=0)), Trust.CLAIMED, "not been heard of for 166 min"),
        (replace(RUNNING, attended=replace(SERVICE, trouble="no bus")), Trust.CLAIMED, "does not see worker@1: no bus"),
    ],
)
def test_how_far_a_restart_can_be_relied_on(worker: Worker, trust: Trust, why: str) -> None:
    found = judge(worker, NOW)
    assert found.trust is trust
    assert why in found.why


# -- what workers say


@pytest.mark.parametrize("said", [None, "", "0" * 31, "0" * 33, "X" * 32, "A" * 32, 5, ["0" * 32]])
def test_a_run_that_makes_no_sense_is_none(said: object) -> None:
    assert kept_run(said) is None
    assert kept_run("0123456789abcdef" * 2) == "0123456789abcdef" * 2


@pytest.mark.parametrize("said", [None, True, -1, 2**32, 47.0, "47"])
def test_a_restart_code_that_makes_no_sense_is_none(said: object) -> None:
    assert kept_code(said) is None
    assert kept_code(47) == 47


# -- the drill


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"status": Status.ASLEEP}, None),
        ({"idle": False}, None),
        ({"task": TASK}, "is awake, busy: a drill is for a worker that is idle or asleep"),
        ({"status": Status.OFFLINE}, "is offline"),
        ({"status": Status.ERROR}, "is lost"),
        ({"can_restart": False}, "cannot restart"),
        ({"request": pending(Status.ASLEEP, NOW)}, "has a change pending"),
    ],
)
def test_a_drill_is_for_an_idle_worker(changes: dict[str, object], why: str | None) -> None:
    refusal = refuse_drill(replace(RUNNING, **changes))
    assert refusal is None if why is None else why in (refusal or "")


DRILL = Drill("r1", "kim", 1_000)


def told(at: int, kind: Kind, request: str = "r1") -> Told:
    return Told(at, Fact(kind, {"request": request}))


@pytest.mark.parametrize(
    ("events", "state", "gap"),
    [
        ([], "under way", None),
        ([told(1_100, Kind.WORKER_SIGNED_OFF)], "not back", None),
        ([told(99_000, Kind.WORKER_SIGNED_OFF)], "under way", None),
        ([told(1_100, Kind.WORKER_SIGNED_OFF), told(1_900, Kind.REQUEST_DONE)], "done", 800),
        ([told(1_100, Kind.WORKER_SIGNED_OFF), told(1_900, Kind.REQUEST_DONE, "other")], "not back", None),
        ([told(1_900, Kind.REQUEST_DONE)], "done", None),
        ([told(1_100, Kind.REQUEST_WITHDRAWN)], "withdrawn", None),
        ([told(1_100, Kind.WORKER_LOST), told(90_000, Kind.REQUEST_DONE)], "done", 88_900),
    ],
)
def test_a_drill_is_told_by_the_events(events: list[Told], state: str, gap: int | None) -> None:
    found = follow_drill(DRILL, events, 100_000)
    assert (found.state, found.gap) == (state, gap)
