"""When a person is asked before an action is done, and why."""

from dataclasses import replace

import pytest

from farmhand.manager.rules.confirming import FEW, Verdict, verdict
from farmhand.manager.rules.plan import Farm, plan
from farmhand.manager.rules.workers import LastTask, Terms, Worker
from farmhand.worker.wire import Request, Status, TaskStatus

NOW = 1_000_000
RESTART, LAZY = Request(Status.RESTART), Request(Status.RESTART, lazy=True)
SLEEP, WAKE = Request(Status.ASLEEP), Request(Status.AWAKE)
TASK = LastTask("t", "j", "frame", "film", TaskStatus.ACTIVE, 0, 1, active=True, started_at=0, ended_at=None)
IDLE = Worker("i", "idle", Status.AWAKE, True, idle=True)
BUSY = Worker("b", "busy", Status.AWAKE, True, task=TASK)
ASLEEP = Worker("s", "asleep", Status.ASLEEP, True)


def said(wish, *kinds, farm=100, named=True, **terms):
    workers = [replace(kind, id=str(n)) for n, kind in enumerate(kinds)]
    awake = sum(worker.status is Status.AWAKE for worker in workers)
    made = plan(workers, wish, Terms(**terms), farm=Farm(farm, awake), by="kim", now=NOW)
    return verdict(made, named=named, share=0.25)


@pytest.mark.parametrize(
    ("wish", "kinds", "asks"),
    [
        pytest.param(RESTART, [IDLE], False, id="one idle worker, now"),
        pytest.param(RESTART, [BUSY], True, id="one busy worker, now"),
        pytest.param(LAZY, [BUSY] * 3, False, id="three after their tasks: the fewest clicks"),
        pytest.param(LAZY, [BUSY] * FEW, False, id="a few after their tasks"),
        pytest.param(LAZY, [BUSY] * (FEW + 1), True, id="more than a few after their tasks"),
        pytest.param(SLEEP, [IDLE, IDLE], True, id="several idle workers, now"),
        pytest.param(RESTART, [ASLEEP, ASLEEP], False, id="a few sleeping workers restart: nobody misses them"),
        pytest.param(WAKE, [ASLEEP] * FEW, False, id="a few wake up"),
        pytest.param(WAKE, [ASLEEP] * (FEW + 1), True, id="many wake up"),
        pytest.param(RESTART, [replace(IDLE, can_restart=False)], False, id="nobody can: the answer says so"),
    ],
)
def test_who_is_asked(wish, kinds, asks):
    assert said(wish, *kinds).asks is asks, said(wish, *kinds).reason


def test_a_deadline_that_may_abort_is_asked_about_and_a_far_one_is_not():
    soon = said(LAZY, BUSY, deadline=NOW + 1)
    assert soon == Verdict(True, "1 task may not be finished by the deadline")
    steady = replace(BUSY, task=replace(TASK, steps_completed=1, steps_total=2))
    assert not said(LAZY, steady, deadline=NOW + 10 * NOW).asks


def test_a_query_is_always_shown_first():
    assert said(LAZY, IDLE, named=False) == Verdict(True, "nobody has picked these workers one by one")


@pytest.mark.parametrize(
    ("workers", "farm", "typed"),
    [(26, 100, True), (25, 100, False), (11, 11, True), (10, 10, False), (3000, 10_000, True)],
)
def test_only_a_large_share_of_the_farm_is_confirmed_by_typing(workers, farm, typed):
    found = said(RESTART, *[BUSY] * workers, farm=farm)
    assert (found.asks, found.typed) == (True, typed)
    assert not said(LAZY, *[BUSY] * workers, farm=farm).typed
    assert not said(RESTART, *[IDLE] * workers, farm=farm).typed
