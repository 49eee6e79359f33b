"""How long a click may take: as measured on Flamenco's workers, and at once with ours."""

import pytest

from farmhand.manager.rules.promptness import within
from farmhand.manager.rules.workers import LastTask, Situation, Worker, situation
from farmhand.worker.wire import Request, Status, TaskStatus

NOW, LAZY = Request(Status.ASLEEP), Request(Status.ASLEEP, lazy=True)


def worker(status: Status = Status.AWAKE, *, pushes: bool = False, idle: bool = True, busy: bool = False) -> Worker:
    task = LastTask("t", "j", "frame-1", "job", TaskStatus.ACTIVE, 0, 1, True, 0, None) if busy else None
    return Worker("w", "node-1", status, True, idle=idle, pushes=pushes, task=task)


# The longest that was measured of an unmodified worker in that situation, in seconds.
@pytest.mark.parametrize(
    ("there", "wish", "measured"),
    [
        (worker(), NOW, 20.8),
        (worker(), LAZY, 20.5),
        (worker(busy=True), NOW, 13.8),
        (worker(Status.ASLEEP), NOW, 2.3),
    ],
)
def test_a_worker_that_asks_by_itself_took_no_longer_than_is_said(there: Worker, wish: Request, measured: float):
    said = within(there, wish)
    assert said is not None
    assert measured <= said <= measured * 2


@pytest.mark.parametrize(
    "there", [worker(pushes=True), worker(Status.ASLEEP, pushes=True), worker(pushes=True, busy=True)]
)
def test_one_that_keeps_a_request_open_hears_within_a_second(there: Worker):
    assert within(there, NOW) == 1


@pytest.mark.parametrize(
    ("there", "wish"),
    [(worker(busy=True), LAZY), (worker(busy=True, pushes=True), LAZY), (worker(Status.OFFLINE), NOW)],
)
def test_nothing_is_promised_of_a_task_that_is_waited_for_or_of_a_worker_that_is_away(there: Worker, wish: Request):
    assert within(there, wish) is None


def test_every_situation_has_an_answer():
    for status in (Status.STARTING, Status.AWAKE, Status.ASLEEP, Status.OFFLINE, Status.ERROR):
        there = worker(status)
        assert (within(there, NOW) is None) == (situation(there) in (Situation.OFFLINE, Situation.RESTARTING))
