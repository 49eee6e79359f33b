"""What can be undone for some seconds, and what comes of it when nobody does."""

from dataclasses import replace

import pytest

from farmhand.manager.rules import actions, dues
from farmhand.manager.rules.holding import as_held, held_until
from farmhand.manager.rules.workers import PLAIN, LastTask, Pending, Terms, Worker
from farmhand.worker.wire import Request, Status, TaskStatus

NOW, HOLD = 1_000_000, 10_000
RESTART, LAZY = Request(Status.RESTART), Request(Status.RESTART, lazy=True)
TASK = LastTask("t", "j", "frame", "film", TaskStatus.ACTIVE, 0, 1, active=True, started_at=0, ended_at=None)
BUSY = Worker("b", "busy", Status.AWAKE, True, task=TASK)
IDLE = Worker("i", "idle", Status.AWAKE, True, idle=True)


def asked(worker, wish=RESTART, hold=HOLD, terms=PLAIN):
    held, with_terms = as_held(worker, wish, terms, hold, NOW)
    return actions.ask(worker, held, id="r", by="kim", now=NOW, terms=with_terms)


@pytest.mark.parametrize(
    ("worker", "wish", "hold", "is_held"),
    [
        pytest.param(BUSY, RESTART, HOLD, True, id="it would abort a task"),
        pytest.param(BUSY, Request(Status.OFFLINE), HOLD, True, id="so would a Shut Down"),
        pytest.param(BUSY, LAZY, HOLD, False, id="after the task nothing is aborted"),
        pytest.param(IDLE, RESTART, HOLD, False, id="an idle worker loses nothing"),
        pytest.param(BUSY, RESTART, 0, False, id="nobody wants to wait"),
        pytest.param(BUSY, Request(Status.AWAKE), HOLD, False, id="nobody minds to be awake"),
        pytest.param(
            replace(BUSY, request=Pending("p", RESTART, "kim", 0)), RESTART, HOLD, False, id="it is immediate already"
        ),
        pytest.param(replace(BUSY, request=Pending("p", LAZY, "kim", 0)), RESTART, HOLD, True, id="now instead"),
    ],
)
def test_only_what_aborts_a_task_is_held(worker, wish, hold, is_held):
    assert as_held(worker, wish, PLAIN, hold, NOW)[1].held is is_held


def test_what_is_held_says_so_keeps_its_terms_and_can_be_undone():
    result = asked(BUSY, terms=Terms(until=None, reason="new driver"))
    assert result.answer.text == ("aborts its task, which is queued again, and restarts, in 10 s unless that is undone")
    pending = result.moved.worker.request
    assert pending.terms.reason == "new driver"
    assert held_until(pending) == NOW + HOLD
    assert result.moved.facts[0].detail["held"] is True


def test_it_is_immediate_when_its_time_is_up_and_then_not_to_be_undone():
    held = asked(BUSY).moved.worker
    assert dues.due_at(held) == NOW + HOLD
    before = dues.come_due(held, "x", NOW + HOLD - 1).worker
    assert before == held
    after = dues.come_due(held, "x", NOW + HOLD)
    assert after.worker.request.wish == RESTART
    assert held_until(after.worker.request) is None
    assert after.facts[0].detail["held"] is True


def test_a_second_click_does_not_put_it_off():
    held = asked(BUSY).moved.worker
    final = dues.come_due(held, "x", NOW + HOLD).worker
    wish, terms = as_held(final, RESTART, PLAIN, HOLD, NOW + HOLD)
    again = actions.ask(final, wish, id="s", by="kim", now=NOW + HOLD, terms=terms)
    assert again.answer.changed is False
    assert again.moved.worker == final
