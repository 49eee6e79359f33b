"""What the pages say about jobs and tasks."""

from dataclasses import replace

import pytest

from farmhand.manager.rules.jobs import Job
from farmhand.manager.rules.tasks import Task
from farmhand.manager.web.jobs import jobrows
from farmhand.manager.web.jobs.jobrows import BUTTONS, JOB_STATES, TASK_STATES, job_row, task_row
from farmhand.worker.wire import JobStatus, TaskStatus

NOW = 1_795_401_126_000
TALLY = {TaskStatus.COMPLETED: 199, TaskStatus.ACTIVE: 1}
JOB = Job("j", 1, "Shot", "simple", 50, JobStatus.ACTIVE, "", {}, {}, "kim", NOW - 90_000, NOW - 30_000, 0, 0, TALLY)
TASK = Task("t", "j", 0, "Frame 1", "misc", 50, TaskStatus.ACTIVE, "Rendering", 3, 10, NOW, started_at=NOW - 5000)


def test_every_status_has_its_words() -> None:
    assert JOB_STATES.keys() == set(JobStatus)
    assert TASK_STATES.keys() == set(TaskStatus)


def test_a_job_is_not_said_to_be_complete_before_it_is() -> None:
    assert job_row(JOB, NOW).progress.percent == 99
    assert job_row(JOB, NOW).progress.sentence == "199 of 200 tasks done, 1 active, 0 failed"


@pytest.mark.parametrize(
    ("status", "took"), [(JobStatus.ACTIVE, "1 min"), (JobStatus.COMPLETED, "1 min"), (JobStatus.PAUSED, "1 min")]
)
def test_a_job_takes_time_until_it_has_ended(status: JobStatus, took: str) -> None:
    assert job_row(replace(JOB, status=status), NOW).took == took
    assert job_row(replace(JOB, status=status), NOW + 600_000).took == (took if status in jobrows.ENDED else "11 min")


def test_buttons_ask_for_what_can_be_asked_for() -> None:
    for status, buttons in BUTTONS.items():
        assert all(JobStatus(button.wish) is not status for button in buttons)


@pytest.mark.parametrize(
    ("changed", "took", "percent"),
    [
        ({}, "5 s", 30),
        ({"status": TaskStatus.COMPLETED, "ended_at": NOW - 1000, "steps_completed": 10}, "4 s", 100),
        ({"status": TaskStatus.QUEUED, "started_at": None, "steps_completed": 0}, "", 0),
    ],
)
def test_a_task(changed: dict[str, object], took: str, percent: int) -> None:
    said = task_row(replace(TASK, **changed), NOW)  # type: ignore[arg-type]
    assert (said.took, said.percent) == (took, percent)


@pytest.mark.parametrize(
    ("status", "activity", "said"),
    [
        (TaskStatus.COMPLETED, "Completed", ""),
        (TaskStatus.ACTIVE, "Rendering", "Rendering"),
        (TaskStatus.FAILED, "blender: exit code 1", "blender: exit code 1"),
    ],
)
def test_a_task_does_not_say_its_status_twice(status: TaskStatus, activity: str, said: str) -> None:
    assert task_row(replace(TASK, status=status, activity=activity), NOW).activity == said


def test_a_task_of_one_step_shows_no_percents() -> None:
    assert task_row(replace(TASK, steps_completed=0, steps_total=1), NOW).percent is None
