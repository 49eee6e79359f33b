"""What the addresses of jobs' pages look for, and what is said of what was found."""

import pytest
from werkzeug.datastructures import MultiDict

from farmhand.manager.storage.jobsearch import FoundJobs, JobFilters, TaskFilters
from farmhand.manager.web.jobs.joblist import (
    CELLS_IN_A_ROW,
    PAGE,
    TASK_SHAPES,
    BadAddress,
    JobView,
    TaskView,
    map_of,
    pages,
    read_jobs,
    read_tasks,
    summary,
)
from farmhand.worker.wire import JobStatus, TaskStatus


def given(*said: tuple[str, str]) -> MultiDict[str, str]:
    return MultiDict(said)


def test_an_address_is_read_as_it_was_written() -> None:
    filters = JobFilters("a & b", frozenset({JobStatus.FAILED, JobStatus.ACTIVE}), "simple", "gpu")
    view = JobView(filters, "-priority", 3)
    written = view.address("/jobs")
    assert written == "/jobs?q=a+%26+b&status=active&status=failed&type=simple&tag=gpu&sort=-priority&page=3"
    said = given(("q", "a & b"), ("status", "active"), ("status", "failed"), ("type", "simple"), ("tag", "gpu"))
    said.update({"sort": "-priority", "page": "3"})
    assert read_jobs(said) == view
    assert JobView().address("/jobs") == "/jobs"
    tasks = TaskView(TaskFilters(frozenset({TaskStatus.FAILED}), "w"), 2)
    assert tasks.address("/jobs/j") == "/jobs/j?status=failed&worker=w&page=2"
    assert read_tasks(given(("status", "failed"), ("worker", "w"), ("page", "2"))) == tasks


@pytest.mark.parametrize(
    "said", [("sort", "size"), ("status", "happy"), ("page", "0"), ("page", "-1"), ("page", "x"), ("page", "9" * 9)]
)
def test_an_address_for_what_there_is_not_says_so(said: tuple[str, str]) -> None:
    with pytest.raises(BadAddress, match=f"{said[0]}: “{said[1]}”"):
        read_jobs(given(said))


def test_where_one_is() -> None:
    around = {page: f"/{page}" for page in range(5)}
    assert pages(1, 0, 0, around, 7).range == "0 of 7"
    first, second = pages(1, PAGE, PAGE + 5, around), pages(2, 5, PAGE + 5, around)
    assert (first.range, first.previous, first.next) == ("1 to 100 of 105", "", "/2")
    assert (second.range, second.previous, second.next) == ("101 to 105 of 105", "/1", "")


def test_the_map_has_every_task_in_its_place() -> None:
    drawn = map_of([TaskStatus.COMPLETED] * CELLS_IN_A_ROW + [TaskStatus.FAILED])
    assert drawn is not None
    assert (drawn.width, drawn.height) == (CELLS_IN_A_ROW, 2)
    assert (drawn.cells[-1].x, drawn.cells[-1].y, drawn.cells[-1].name) == (0, 1, "failed")
    assert map_of([TaskStatus.QUEUED]) is None
    assert TASK_SHAPES.keys() == set(TaskStatus)


@pytest.mark.parametrize(
    ("counts", "total", "sentence"),
    [
        ({}, 0, "No job has been submitted yet."),
        ({JobStatus.ACTIVE: 1}, 1, "1 is being worked on, 0 wait."),
        ({JobStatus.QUEUED: 1, JobStatus.FAILED: 1200}, 1201, "0 are being worked on, 1 waits, 1,200 failed."),
    ],
)
def test_the_jobs_in_a_sentence(counts: dict[JobStatus, int], total: int, sentence: str) -> None:
    assert summary(FoundJobs([], total, total, counts, [])) == sentence
