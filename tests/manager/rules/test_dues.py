"""What the farm does by itself about a wish: escalate, wake, give up."""

from dataclasses import replace

import pytest

from farmhand.manager.rules.dues import ANEW, come_due, due_at, put_off, starts
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.workers import Announcement, LastWish, Pending, Terms, Worker, report, sign_off, sign_on
from farmhand.worker.wire import Request, Status

AWAKE = Worker("w", "node-1", Status.AWAKE, True)
LAZY = Pending("r1", Request(Status.ASLEEP, lazy=True), "kim", 0, seen_at=5, terms=Terms(deadline=100, reason="heat"))
SLEEPS = replace(AWAKE, status=Status.ASLEEP, wished=LastWish("r1", Status.ASLEEP, "kim", 0, "heat", until=200))


def kinds(moved):
    return [fact.kind for fact in moved.facts]


def test_nothing_is_due_of_what_has_no_terms():
    assert due_at(AWAKE) is None
    assert due_at(replace(AWAKE, request=replace(LAZY, terms=Terms()))) is None


def test_a_deadline_makes_the_same_request_immediate_once():
    waiting = replace(AWAKE, request=LAZY)
    assert due_at(waiting) == 100
    assert come_due(waiting, "new", 99).worker == waiting
    moved = come_due(waiting, "new", 100)
    assert moved.worker.request == replace(LAZY, wish=Request(Status.ASLEEP), seen_at=None)
    assert kinds(moved) == [Kind.REQUEST_ESCALATED]
    assert due_at(moved.worker) is None
    assert come_due(moved.worker, "new", 101).facts == ()


def test_who_was_to_sleep_until_now_is_woken_by_the_farm():
    assert due_at(SLEEPS) == 200
    moved = come_due(SLEEPS, "new", 200)
    pending = moved.worker.request
    assert (pending.id, pending.wish.status, pending.by) == ("new", Status.AWAKE, "")
    assert pending.terms.reason == "kim had sent it to sleep until now"
    assert due_at(moved.worker) is None
    woken = report(moved.worker, Status.AWAKE, 210).worker
    assert woken.wished == replace(SLEEPS.wished, until=None)


@pytest.mark.parametrize(
    ("wish", "by", "woken"),
    [
        pytest.param(Request(Status.OFFLINE), "sam", False, id="somebody asked for something else"),
        pytest.param(Request(Status.ASLEEP), "sleep schedule", False, id="its schedule says otherwise"),
        pytest.param(Request(Status.RESTART), "sam", True, id="after a restart it sleeps on, until then"),
    ],
)
def test_what_is_pending_when_the_sleep_is_over(wish, by, woken):
    other = Pending("r2", wish, by, 150)
    moved = come_due(replace(SLEEPS, request=other), "new", 200)
    assert moved.worker.request == other
    assert (due_at(replace(moved.worker, request=None)) == 200) is woken


def test_a_worker_that_left_asleep_starts_awake_when_its_sleep_is_over():
    gone = sign_off(SLEEPS, 150).worker
    assert come_due(gone, "new", 200).worker.request.wish.status is Status.AWAKE


def test_who_was_shut_down_until_now_is_started_by_its_agent():
    off = replace(AWAKE, status=Status.OFFLINE, wished=LastWish("r1", Status.OFFLINE, "kim", 0, until=200))
    assert due_at(off) == 200
    assert not starts(off, 199)
    assert starts(off, 200)
    assert due_at(come_due(off, "new", 200).worker) is None
    assert due_at(put_off(off, 200).worker) == 200 + ANEW
    back = replace(off, status=Status.AWAKE)
    assert not starts(back, 200)
    assert come_due(back, "new", 200).worker.request is None


def test_what_a_person_has_it_become_ends_the_sleep():
    asked = Pending("r2", Request(Status.AWAKE), "sam", 150)
    woken = report(replace(SLEEPS, request=asked), Status.AWAKE, 160).worker
    assert woken.wished == LastWish("r2", Status.AWAKE, "sam", 150)
    assert due_at(woken) is None


def test_a_restart_leaves_what_a_person_had_it_become():
    asked = Pending("r2", Request(Status.RESTART), "sam", 150)
    said = Announcement("node-1", "0.1", (), True, "")
    assert sign_on(replace(SLEEPS, request=asked), said, 160).worker.wished == SLEEPS.wished


def test_what_the_farm_does_keeps_who_asked_and_why():
    asked = Pending("r2", Request(Status.AWAKE), "sleep schedule", 150)
    assert report(replace(SLEEPS, request=asked), Status.AWAKE, 160).worker.wished == replace(SLEEPS.wished, until=None)


def test_a_sleep_that_is_over_before_it_begins_is_withdrawn():
    late = replace(AWAKE, request=replace(LAZY, terms=Terms(until=100)))
    moved = come_due(late, "new", 100)
    assert moved.worker.request is None
    assert kinds(moved) == [Kind.REQUEST_WITHDRAWN]
    assert moved.facts[0].detail["why"] == "its time is over"
