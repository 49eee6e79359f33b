"""What the address of a list of jobs or of a job's tasks looks for, and what the page says of what was found. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar
from urllib.parse import urlencode

from ....worker.wire import JobStatus, TaskStatus
from ...storage.jobsearch import FoundJobs, FoundTasks, JobFilters, TaskFilters
from ..given import Given, page_number
from ..workers.rows import State
from .jobrows import JOB_STATES, TASK_STATES, JobRow, TaskRow, job_row, task_row

PAGE = 100

# Up to so many tasks a job has a map.
MOST_CELLS, CELLS_IN_A_ROW = 500, 60

# The list's orders: what the address says, and the words for it.
SORTS = (
    ("-submitted", "Submitted, the latest first"),
    ("submitted", "Submitted, the earliest first"),
    ("-priority", "Priority, the highest first"),
    ("name", "Name"),
    ("status", "Status"),
    ("-changed", "Changed, the latest first"),
)

_Status = TypeVar("_Status", bound=Enum)


class BadAddress(ValueError):
    """An address that asks for what there is not; the text says what."""


@dataclass(frozen=True)
class JobView:
    """What a list of jobs shows. page: from 1."""

    filters: JobFilters = field(default_factory=JobFilters)
    sort: str = "-submitted"
    page: int = 1

    def address(self, path: str, **changes: object) -> str:
        """Return the address of this view, but for these changes."""
        view = replace(self, **changes)  # type: ignore[arg-type]
        said = view.filters
        return _address(
            path,
            q=said.text,
            status=sorted(status.value for status in said.statuses),
            type=said.type,
            tag=said.tag,
            sort="" if view.sort == "-submitted" else view.sort,
            page=view.page if view.page > 1 else "",
        )


@dataclass(frozen=True)
class TaskView:
    """What a job's page shows of its tasks."""

    filters: TaskFilters = field(default_factory=TaskFilters)
    page: int = 1

    def address(self, path: str, **changes: object) -> str:
        view = replace(self, **changes)  # type: ignore[arg-type]
        said = view.filters
        statuses = sorted(status.value for status in said.statuses)
        return _address(path, status=statuses, worker=said.worker_id, page=view.page if view.page > 1 else "")


def _address(path: str, **said: object) -> str:
    given = urlencode({key: value for key, value in said.items() if value}, doseq=True)
    return f"{path}?{given}" if given else path


def read_jobs(given: Given) -> JobView:
    """Read the address of the list; raises BadAddress."""
    sort = given.get("sort", "") or "-submitted"
    if sort not in dict(SORTS):
        raise BadAddress(f"sort: “{sort}” is none of {', '.join(name for name, _ in SORTS)}")
    text, type, tag = (given.get(name, "").strip()[:255].replace("\0", "") for name in ("q", "type", "tag"))
    return JobView(JobFilters(text, _statuses(given, JobStatus), type, tag), sort, _page(given))


def read_tasks(given: Given) -> TaskView:
    """Read the address of a job; raises BadAddress."""
    worker_id = given.get("worker", "")[:40].replace("\0", "")
    return TaskView(TaskFilters(_statuses(given, TaskStatus), worker_id), _page(given))


def _statuses(given: Given, kind: type[_Status]) -> frozenset[_Status]:
    found = []
    for word in given.getlist("status"):
        try:
            found.append(kind(word))
        except ValueError:
            raise BadAddress(f"status: “{word}” is none of {', '.join(each.value for each in kind)}") from None
    return frozenset(found)


def _page(given: Given) -> int:
    found = page_number(given)
    if found is None:
        raise BadAddress(f"page: “{given.get('page', '')[:40]}” is not a page number")
    return found


@dataclass(frozen=True)
class Chip:
    """One status among the filters, and how many have it."""

    value: str
    state: State
    count: int
    on: bool


@dataclass(frozen=True)
class Pages:
    """Where one is: the range in words, and the addresses of the neighbours, "" where there is none."""

    range: str
    previous: str
    next: str


def pages(page: int, shown: int, matching: int, address: Mapping[int, str], total: int | None = None) -> Pages:
    first = (page - 1) * PAGE
    among = f", {total:,} in all" if total is not None and total != matching else ""
    words = f"{first + 1} to {first + shown} of {matching:,}{among}" if shown else f"0 of {total or matching:,}"
    return Pages(words, address[page - 1] if page > 1 else "", address[page + 1] if first + shown < matching else "")


@dataclass(frozen=True)
class JobList:
    """One page of jobs."""

    rows: Sequence[JobRow]
    view: JobView
    chips: Sequence[Chip]
    types: Sequence[str]
    total: int
    pages: Pages
    summary: str


def job_list(found: FoundJobs, view: JobView, now: int, path: str) -> JobList:
    """Say what the page of jobs says."""
    around = {page: view.address(path, page=page) for page in (view.page - 1, view.page + 1)}
    return JobList(
        rows=[job_row(each, now) for each in found.jobs],
        view=view,
        chips=[
            Chip(status.value, state, found.counts.get(status, 0), status in view.filters.statuses)
            for status, state in JOB_STATES.items()
            if found.counts.get(status) or status in view.filters.statuses
        ],
        types=found.types,
        total=found.total,
        pages=pages(view.page, len(found.jobs), found.matching, around, found.total),
        summary=summary(found),
    )


def summary(found: FoundJobs) -> str:
    """Say in a sentence how the jobs stand."""
    if not found.total:
        return "No job has been submitted yet."
    active, waiting, failed = (
        found.counts.get(status, 0) for status in (JobStatus.ACTIVE, JobStatus.QUEUED, JobStatus.FAILED)
    )
    words = [
        f"{active:,} {'is' if active == 1 else 'are'} being worked on",
        f"{waiting:,} {'waits' if waiting == 1 else 'wait'}",
        *([f"{failed:,} failed"] if failed else []),
    ]
    return f"{', '.join(words)}."


@dataclass(frozen=True)
class Cell:
    """A task in the map: its place, and what it is."""

    x: int
    y: int
    name: str


@dataclass(frozen=True)
class Map:
    """All tasks of a job at a glance; width and height in cells."""

    cells: Sequence[Cell]
    width: int
    height: int


def map_of(cells: Sequence[TaskStatus]) -> Map | None:
    """Draw the map of a job's tasks; None where there are too many, or too few to need one."""
    if len(cells) < 2:
        return None
    across = CELLS_IN_A_ROW  # also of fewer, so that they are of one size everywhere
    drawn = [Cell(place % across, place // across, TASK_SHAPES[status]) for place, status in enumerate(cells)]
    return Map(drawn, across, -(-len(cells) // across))


# How a task is drawn, in the words of the style sheet.
TASK_SHAPES: Mapping[TaskStatus, str] = {
    TaskStatus.ACTIVE: "active",
    TaskStatus.CANCELED: "canceled",
    TaskStatus.COMPLETED: "done",
    TaskStatus.FAILED: "failed",
    TaskStatus.QUEUED: "queued",
    TaskStatus.SOFT_FAILED: "retry",
    TaskStatus.PAUSED: "queued",
}


@dataclass(frozen=True)
class Failure:
    """Who failed a task."""

    worker_id: str
    worker: str


@dataclass(frozen=True)
class TaskList:
    """One page of a job's tasks. failures: who failed each, by the task's id."""

    rows: Sequence[TaskRow]
    view: TaskView
    chips: Sequence[Chip]
    workers: Mapping[str, str]
    pages: Pages
    map: Map | None
    failures: Mapping[str, Sequence[Failure]]


def task_list(
    found: FoundTasks,
    tally: Mapping[TaskStatus, int],
    failures: Mapping[str, Sequence[tuple[str, str, int]]],
    view: TaskView,
    now: int,
    path: str,
) -> TaskList:
    """Say what a job's page says of its tasks."""
    around = {page: view.address(path, page=page) for page in (view.page - 1, view.page + 1)}
    return TaskList(
        rows=[task_row(each, now) for each in found.tasks],
        view=view,
        chips=[
            Chip(status.value, state, tally.get(status, 0), status in view.filters.statuses)
            for status, state in TASK_STATES.items()
            if tally.get(status) or status in view.filters.statuses
        ],
        workers=found.workers,
        pages=pages(view.page, len(found.tasks), found.matching, around, sum(tally.values())),
        map=map_of(found.cells),
        failures={id: [Failure(*each[:2]) for each in who] for id, who in failures.items()},
    )
