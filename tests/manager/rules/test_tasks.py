from dataclasses import replace

import pytest

from farmhand.manager.rules.tasks import (
    CLAIMABLE,
    LIFE,
    Refused,
    Step,
    Task,
    Thresholds,
    after,
    failed,
    may_run,
    refuse_report,
    refuse_work,
    requeued,
    wished,
)
from farmhand.manager.rules.workers import Pending, Worker
from farmhand.worker.wire import JobStatus, Request, Status, TaskStatus

WORKER = Worker("w1", "node-1", Status.AWAKE, True)
TASK = Task("t1", "j1", 0, "frame 1", "misc", 50, TaskStatus.ACTIVE, "", 0, 1, 0, worker_id="w1", attempt=2)

# The status that follows each step; - cannot happen.
TABLE = """
             HAND_OUT  COMPLETE   SOFT_FAIL    FAIL    REQUEUE  CANCEL    PAUSE
queued       active    completed  -            failed  queued   canceled  paused
soft-failed  active    completed  -            failed  queued   canceled  paused
active       -         completed  soft-failed  failed  queued   canceled  paused
completed    -         -          -            -       queued   -         -
failed       -         completed  -            -       queued   -         -
canceled     -         completed  -            -       queued   -         -
paused       -         completed  -            failed  queued   canceled  -
"""


def cells():
    header, *rows = (line.split() for line in TABLE.strip().splitlines())
    for status, *marks in rows:
        for step, mark in zip(header, marks, strict=True):
            yield TaskStatus(status), Step[step], None if mark == "-" else TaskStatus(mark)


@pytest.mark.parametrize(("status", "step", "expected"), list(cells()))
def test_the_life_of_a_task(status, step, expected):
    if expected is None:
        with pytest.raises(Refused, match=f"a task that is {status.value} cannot be {step.value}"):
            after(status, step)
    else:
        assert after(status, step) is expected


def test_the_table_above_is_whole():
    assert {(status, step) for status, step, _ in cells()} == {(status, step) for status in TaskStatus for step in Step}
    assert LIFE.keys() == set(TaskStatus)


def test_only_what_waits_is_handed_out():
    assert {TaskStatus.QUEUED, TaskStatus.SOFT_FAILED} == CLAIMABLE


@pytest.mark.parametrize("job", list(JobStatus))
def test_a_task_let_go_of_is_queued_unless_its_job_is_paused(job):
    paused = job in (JobStatus.PAUSED, JobStatus.PAUSE_REQUESTED)
    assert requeued(job) is (TaskStatus.PAUSED if paused else TaskStatus.QUEUED)


def test_nobody_can_make_a_task_active():
    with pytest.raises(Refused, match="what can be asked for is queued, completed, failed, canceled, paused"):
        wished(TaskStatus.QUEUED, TaskStatus.ACTIVE)


PENDING = Pending("r1", Request(Status.ASLEEP), "kim", 0)


@pytest.mark.parametrize(
    ("worker", "task", "reason", "status_change"),
    [
        pytest.param(WORKER, TASK, "", False, id="it may"),
        pytest.param(replace(WORKER, request=PENDING), TASK, "worker status change requested", True, id="immediately"),
        pytest.param(
            replace(WORKER, request=replace(PENDING, wish=Request(Status.ASLEEP, lazy=True))),
            TASK,
            "",
            False,
            id="after the task",
        ),
        pytest.param(WORKER, None, "the task is unknown", False, id="deleted"),
        pytest.param(WORKER, replace(TASK, worker_id="w2"), "assigned to another worker", False, id="another's"),
        pytest.param(WORKER, replace(TASK, status=TaskStatus.CANCELED), "the task is canceled", False, id="canceled"),
    ],
)
def test_may_a_worker_keep_running_its_task(worker, task, reason, status_change):
    permission = may_run(worker, task)
    assert permission.granted is (reason == "")
    assert reason in permission.reason
    assert permission.status_change is status_change


@pytest.mark.parametrize(
    ("task", "attempt", "refusal"),
    [
        pytest.param(TASK, None, None, id="its own"),
        pytest.param(TASK, 2, None, id="its own, this attempt"),
        pytest.param(TASK, 1, "this is a report of attempt 1", id="an earlier attempt"),
        pytest.param(replace(TASK, worker_id="w2"), None, "not assigned to you", id="another's"),
        pytest.param(replace(TASK, worker_id=None), None, "not assigned to you", id="nobody's"),
        pytest.param(replace(TASK, status=TaskStatus.QUEUED), None, "it is no longer yours", id="queued again"),
        pytest.param(replace(TASK, status=TaskStatus.COMPLETED), None, "it is no longer yours", id="done already"),
    ],
)
def test_which_reports_come_too_late(task, attempt, refusal):
    found = refuse_report(WORKER, task, attempt)
    assert (found is None) if refusal is None else (refusal in found)


@pytest.mark.parametrize("status", list(Status))
def test_only_a_worker_that_is_awake_gets_work(status):
    assert (refuse_work(replace(WORKER, status=status)) is None) is (status is Status.AWAKE)


# by_worker, workers, others -> status, blocked, job fails; three and three being the thresholds.
@pytest.mark.parametrize(
    ("by_worker", "workers", "others", "status", "block", "job_fails"),
    [
        pytest.param(1, 1, 4, TaskStatus.SOFT_FAILED, False, False, id="another may try"),
        pytest.param(1, 2, 1, TaskStatus.SOFT_FAILED, False, False, id="the last one may try"),
        pytest.param(1, 3, 9, TaskStatus.FAILED, False, False, id="three workers failed it"),
        pytest.param(3, 1, 4, TaskStatus.QUEUED, True, False, id="it is the worker, not the task"),
        pytest.param(3, 3, 4, TaskStatus.QUEUED, True, False, id="the worker is judged before the task"),
        pytest.param(1, 1, 0, TaskStatus.FAILED, False, True, id="nobody else could do it"),
        pytest.param(3, 1, 0, TaskStatus.FAILED, True, True, id="nobody is left"),
    ],
)
def test_what_follows_from_a_failure(by_worker, workers, others, status, block, job_fails):
    verdict = failed(Thresholds(3, 3), by_worker=by_worker, workers=workers, others=others)
    assert (verdict.status, verdict.block, verdict.job_fails) == (status, block, job_fails), verdict.reason
