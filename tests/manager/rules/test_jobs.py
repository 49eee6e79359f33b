import pytest

from farmhand.manager.rules.jobs import after_task, check_alone, may_be_stuck, moves, wished
from farmhand.manager.rules.tasks import Refused, Step, Task
from farmhand.worker.wire import JobStatus as J
from farmhand.worker.wire import TaskStatus as T


@pytest.mark.parametrize(
    ("job", "tally", "changed", "expected"),
    [
        pytest.param(J.QUEUED, {T.QUEUED: 2, T.ACTIVE: 1}, T.ACTIVE, J.ACTIVE, id="work begins"),
        pytest.param(J.ACTIVE, {T.QUEUED: 2, T.ACTIVE: 1}, T.ACTIVE, None, id="work goes on"),
        pytest.param(J.ACTIVE, {T.QUEUED: 1, T.COMPLETED: 1}, T.COMPLETED, None, id="not all done"),
        pytest.param(J.ACTIVE, {T.COMPLETED: 2}, T.COMPLETED, J.COMPLETED, id="all done"),
        pytest.param(J.ACTIVE, {T.QUEUED: 10, T.FAILED: 1}, T.FAILED, None, id="a tenth may not be reached"),
        pytest.param(J.ACTIVE, {T.QUEUED: 9, T.FAILED: 1}, T.FAILED, J.FAILED, id="a tenth failed"),
        pytest.param(J.FAILED, {T.QUEUED: 1, T.CANCELED: 1}, T.QUEUED, J.QUEUED, id="one of a failed job again"),
        pytest.param(J.ACTIVE, {T.QUEUED: 1, T.CANCELED: 1}, T.CANCELED, None, id="something left to run"),
        pytest.param(J.COMPLETED, {T.QUEUED: 1, T.COMPLETED: 1}, T.QUEUED, J.QUEUED, id="one again"),
        pytest.param(J.ACTIVE, {T.QUEUED: 1, T.COMPLETED: 1}, T.QUEUED, None, id="queued again while active"),
        pytest.param(J.PAUSE_REQUESTED, {T.ACTIVE: 1, T.PAUSED: 1}, T.COMPLETED, None, id="one still runs"),
        pytest.param(J.PAUSE_REQUESTED, {T.PAUSED: 2, T.COMPLETED: 1}, T.COMPLETED, J.PAUSED, id="the last one ended"),
        pytest.param(J.PAUSE_REQUESTED, {T.PAUSED: 2}, T.PAUSED, J.PAUSED, id="the last one was let go of"),
        pytest.param(J.PAUSED, {T.PAUSED: 2}, T.PAUSED, None, id="paused already"),
    ],
)
def test_what_a_task_makes_of_its_job(job, tally, changed, expected):
    turn = after_task(job, tally, changed)
    assert (turn and turn.status) is expected


@pytest.mark.parametrize(
    ("tally", "changed", "expected"),
    [
        pytest.param({T.COMPLETED: 1, T.CANCELED: 1}, T.CANCELED, J.CANCELED, id="the last one was canceled"),
        pytest.param({T.COMPLETED: 1, T.CANCELED: 1}, T.COMPLETED, J.CANCELED, id="the last one ended well"),
        pytest.param({T.COMPLETED: 1, T.CANCELED: 1, T.QUEUED: 1}, T.COMPLETED, J.CANCELED, id="one waits in vain"),
        pytest.param({T.COMPLETED: 20, T.FAILED: 1}, T.COMPLETED, J.FAILED, id="one had failed"),
        pytest.param({T.COMPLETED: 20, T.FAILED: 1, T.QUEUED: 1}, T.FAILED, J.FAILED, id="one waits for what failed"),
        pytest.param({T.COMPLETED: 2}, T.COMPLETED, J.COMPLETED, id="all done"),
    ],
)
def test_a_job_of_which_nothing_more_can_run_ends(tally, changed, expected):
    turn = after_task(J.ACTIVE, tally, changed, stuck=True)
    assert turn.status is expected
    assert turn.step is (None if expected is J.COMPLETED else Step.CANCEL)


@pytest.mark.parametrize(
    ("tally", "may_be"),
    [
        ({T.FAILED: 1, T.QUEUED: 3}, True),
        ({T.CANCELED: 1}, True),
        ({T.QUEUED: 3, T.COMPLETED: 1}, False),
        ({T.FAILED: 1, T.ACTIVE: 1}, False),
        ({T.FAILED: 1, T.PAUSED: 1}, False),
    ],
)
def test_only_a_job_of_which_something_was_given_up_may_be_stuck(tally, may_be):
    assert may_be_stuck(tally) is may_be


def test_a_failed_job_cancels_what_is_left_of_it():
    turn = after_task(J.ACTIVE, {T.QUEUED: 1, T.FAILED: 1}, T.FAILED)
    assert turn.step is Step.CANCEL
    assert "1 of its 2 tasks failed" in turn.reason


@pytest.mark.parametrize(
    ("job", "tally", "wish", "expected"),
    [
        pytest.param(J.ACTIVE, {T.ACTIVE: 1, T.QUEUED: 1}, J.CANCEL_REQUESTED, J.CANCELED, id="cancel"),
        pytest.param(
            J.ACTIVE, {T.ACTIVE: 1, T.QUEUED: 1}, J.PAUSE_REQUESTED, J.PAUSE_REQUESTED, id="pause a running one"
        ),
        pytest.param(J.QUEUED, {T.QUEUED: 2}, J.PAUSED, J.PAUSED, id="pause one that waits"),
        pytest.param(J.PAUSED, {T.PAUSED: 2}, J.QUEUED, J.QUEUED, id="go on"),
        pytest.param(J.PAUSE_REQUESTED, {T.PAUSED: 1, T.ACTIVE: 1}, J.QUEUED, J.ACTIVE, id="go on while one runs"),
        pytest.param(J.ACTIVE, {T.ACTIVE: 1, T.QUEUED: 1}, J.FAILED, J.FAILED, id="give it up"),
        pytest.param(J.COMPLETED, {T.COMPLETED: 2}, J.REQUEUEING, J.QUEUED, id="all of it again"),
        pytest.param(J.CANCELED, {T.COMPLETED: 2}, J.REQUEUEING, J.COMPLETED, id="nothing was left"),
    ],
)
def test_what_an_operator_makes_of_a_job(job, tally, wish, expected):
    assert wished(job, tally, wish).status is expected


@pytest.mark.parametrize(
    ("job", "wish", "message"),
    [
        (J.COMPLETED, J.CANCEL_REQUESTED, "the job is completed already"),
        (J.FAILED, J.PAUSE_REQUESTED, "the job is failed already"),
        (J.QUEUED, J.ACTIVE, "nobody can make a job active"),
    ],
)
def test_what_an_operator_cannot_make_of_a_job(job, wish, message):
    with pytest.raises(Refused, match=message):
        wished(job, {}, wish)


@pytest.mark.parametrize(
    ("job", "step", "expected"),
    [
        pytest.param(
            J.ACTIVE,
            Step.CANCEL,
            {T.QUEUED: T.CANCELED, T.SOFT_FAILED: T.CANCELED, T.ACTIVE: T.CANCELED, T.PAUSED: T.CANCELED},
            id="cancel all that is not over",
        ),
        pytest.param(J.ACTIVE, Step.PAUSE, {T.QUEUED: T.PAUSED, T.SOFT_FAILED: T.PAUSED}, id="let the running finish"),
        pytest.param(
            J.FAILED,
            Step.REQUEUE,
            {T.SOFT_FAILED: T.QUEUED, T.FAILED: T.QUEUED, T.CANCELED: T.QUEUED, T.PAUSED: T.QUEUED},
            id="keep what is completed",
        ),
        pytest.param(
            J.COMPLETED,
            Step.REQUEUE,
            {
                T.COMPLETED: T.QUEUED,
                T.SOFT_FAILED: T.QUEUED,
                T.FAILED: T.QUEUED,
                T.CANCELED: T.QUEUED,
                T.PAUSED: T.QUEUED,
            },
            id="a completed job does all of it again",
        ),
    ],
)
def test_which_tasks_go_with_their_job(job, step, expected):
    assert moves(job, step) == expected


@pytest.mark.parametrize(
    ("job", "blockers", "refused"),
    [(J.FAILED, 2, True), (J.CANCELED, 1, True), (J.FAILED, 0, False), (J.ACTIVE, 2, False), (J.PAUSED, 2, False)],
)
def test_a_task_is_not_queued_alone_where_nothing_would_come_of_it(job, blockers, refused):
    task = Task("t", "j", 0, "video", "misc", 50, T.CANCELED, "", 0, 1, 0, blockers=blockers, job_status=job)
    if refused:
        with pytest.raises(Refused, match=f"its job is {job.value}, and it needs {blockers} other"):
            check_alone(task)
    else:
        check_alone(task)
