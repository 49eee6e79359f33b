"""What an action would do, and what counts as a change of it."""

from dataclasses import replace

import pytest

from farmhand.manager.rules.attended import Attended
from farmhand.manager.rules.plan import Abort, Capacity, Farm, Fate, TagCapacity, changes, plan, totals
from farmhand.manager.rules.workers import LastTask, Pending, Terms, Worker
from farmhand.worker.wire import Request, Status, TaskStatus

NOW = 1_000_000
MINUTE = 60_000
RESTART, AFTER_TASK = Request(Status.RESTART), Request(Status.RESTART, lazy=True)

TASK = LastTask(
    "t", "j", "frame 1", "film", TaskStatus.ACTIVE, 3, 4, active=True, started_at=NOW - 6 * MINUTE, ended_at=None
)
IDLE = Worker("i", "idle", Status.AWAKE, True, idle=True)
BUSY = Worker("b", "busy", Status.AWAKE, True, task=TASK)
BEGINNER = Worker("b", "busy", Status.AWAKE, True, task=replace(TASK, started_at=NOW - 1000))
ASLEEP = Worker("s", "asleep", Status.ASLEEP, True)
STUCK = Worker("x", "stuck", Status.AWAKE, False)
FARM = [IDLE, BUSY, ASLEEP, STUCK]


def planned(wish, *workers, by="kim", **terms):
    return plan(workers or FARM, wish, Terms(**terms), farm=Farm(4, 3), by=by, now=NOW)


def test_everybody_is_told_apart():
    found = planned(Request(Status.ASLEEP))
    assert [step.fate for step in found.steps] == [Fate.ASKED, Fate.ASKED, Fate.UNCHANGED, Fate.ASKED]
    restarts = planned(RESTART)
    assert [step.fate for step in restarts.steps] == [Fate.ASKED, Fate.ASKED, Fate.ASKED, Fate.REFUSED]
    assert "--restart-exit-code" in restarts.steps[3].text


def test_an_abort_costs_the_time_since_the_task_began():
    loss = planned(RESTART).steps[1].loss
    assert (loss.abort, loss.lost, loss.percent, loss.remaining) == (Abort.NOW, 6 * MINUTE, 75, 2 * MINUTE)
    sums = totals(planned(RESTART).steps)
    assert (sums.asked, sums.refused, sums.aborted, sums.lost, sums.at_risk) == (3, 1, 1, 6 * MINUTE, 0)


def test_nobody_can_tell_by_a_tasks_first_steps_when_it_ends():
    worker = replace(BUSY, task=replace(TASK, steps_completed=2, steps_total=100))
    (step,) = planned(AFTER_TASK, worker, deadline=NOW + 1000 * MINUTE).steps
    assert (step.loss.remaining, step.loss.abort) == (None, Abort.AT_DEADLINE)


@pytest.mark.parametrize(
    ("steps", "deadline", "abort", "lost"),
    [
        pytest.param(3, None, Abort.NEVER, 0, id="it is waited for"),
        pytest.param(3, NOW + 2 * MINUTE, Abort.NEVER, 0, id="it should be finished by then"),
        pytest.param(3, NOW + MINUTE, Abort.AT_DEADLINE, 7 * MINUTE, id="it will not be finished by then"),
        pytest.param(0, NOW + MINUTE, Abort.AT_DEADLINE, 7 * MINUTE, id="nobody can tell"),
    ],
)
def test_what_a_deadline_puts_at_risk(steps, deadline, abort, lost):
    worker = replace(BUSY, task=replace(TASK, steps_completed=steps))
    found = planned(AFTER_TASK, worker, deadline=deadline)
    assert (found.steps[0].loss.abort, found.steps[0].loss.lost) == (abort, lost)
    assert totals(found.steps).at_risk == (abort is Abort.AT_DEADLINE)


@pytest.mark.parametrize(
    ("status", "capacity"),
    [
        (Status.ASLEEP, Capacity(3, 0, 0)),
        (Status.OFFLINE, Capacity(3, 0, 0)),
        (Status.AWAKE, Capacity(3, 4, 0)),
        (Status.RESTART, Capacity(3, 3, 2)),
    ],
)
def test_what_becomes_of_the_farms_capacity(status, capacity):
    assert planned(Request(status)).capacity == capacity


def test_capacity_is_told_by_tag_where_it_falls():
    farm = Farm(9, 5, {"gpu": 4, "cpu": 3}, {"i": ["gpu"], "b": ["gpu", "cpu"], "s": ["cpu"], "x": ["cpu"]})
    found = plan(FARM, RESTART, Terms(), farm=farm, by="kim", now=NOW).capacity
    assert found.tags == (TagCapacity("cpu", 3, 2), TagCapacity("gpu", 4, 2))
    assert (found.before, found.during, found.after) == (5, 3, 5)
    assert plan(FARM, Request(Status.AWAKE), Terms(), farm=farm, by="kim", now=NOW).capacity.tags == ()


def test_totals_name_the_longest_loss_and_how_long_the_last_task_takes():
    longer = replace(BUSY, id="l", name="longer", task=replace(TASK, started_at=NOW - 30 * MINUTE, steps_completed=1))
    silent = replace(BUSY, id="q", name="silent", task=replace(TASK, steps_completed=0))
    sums = totals(planned(RESTART, BUSY, longer, silent).steps)
    assert (sums.longest[0].name, sums.longest[1].lost, sums.longest[1].percent) == ("longer", 30 * MINUTE, 25)
    assert (sums.remaining, sums.unknown) == (90 * MINUTE, 1)
    waits = totals(planned(AFTER_TASK, BUSY, IDLE).steps)
    assert (waits.longest, waits.remaining) == (None, 2 * MINUTE)


BROKEN = Attended(
    "a",
    "agent",
    "worker.service",
    heard_at=NOW,
    code=47,
    worker_code=47,
    holds=False,
    why="Restart=no",
    attested_at=NOW,
)


def test_a_worker_that_would_not_come_back_is_left_out_of_a_restart_with_the_reason():
    lost = replace(IDLE, attended=BROKEN)
    step = planned(RESTART, lost).steps[0]
    assert (step.fate, step.text) == (Fate.REFUSED, "would not come back: worker.service: Restart=no")
    assert planned(Request(Status.ASLEEP), lost).steps[0].fate is Fate.ASKED
    assert planned(RESTART, replace(IDLE, attended=replace(BROKEN, holds=True))).steps[0].fate is Fate.ASKED


PENDING = Pending("r0", Request(Status.ASLEEP), "sam", 0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(IDLE, IDLE, "", id="nothing happened"),
        pytest.param(BUSY, replace(BUSY, task=replace(TASK, steps_completed=4)), "", id="its task went on"),
        pytest.param(BUSY, replace(IDLE, id="b"), "", id="its task is finished: nothing to abort"),
        pytest.param(IDLE, replace(BUSY, id="i"), "is now at another task", id="it has a task now"),
        pytest.param(BUSY, replace(BUSY, task=replace(TASK, id="u")), "", id="the next task of its job, no dearer"),
        pytest.param(
            BEGINNER, replace(BUSY, task=replace(TASK, id="u")), "is now at another task", id="a dearer task of its job"
        ),
        pytest.param(
            BUSY, replace(BUSY, task=replace(TASK, id="u", job_id="k")), "is now at another task", id="another job's"
        ),
        pytest.param(IDLE, replace(IDLE, request=PENDING), "restarts now, instead of Send", id="somebody else asked"),
        pytest.param(IDLE, replace(IDLE, can_restart=False), "cannot restart", id="it cannot any more"),
        pytest.param(IDLE, replace(IDLE, status=Status.OFFLINE), "is offline", id="it left"),
        pytest.param(IDLE, None, "is not known here any more", id="it was removed"),
    ],
)
def test_what_counts_as_a_change(before, after, said):
    today = [after] if after else []
    found = changes(
        planned(RESTART, before).steps, plan(today, RESTART, Terms(), farm=Farm(4, 3), by="kim", now=NOW).steps
    )
    assert [each.text.startswith(said) for each in found] == ([True] if said else [])
