"""A worker's tasks in words."""

import pytest

from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage.events import Event
from farmhand.manager.web.workers.stints import ENDS, stints
from farmhand.worker.wire import TaskStatus

NOW = 1_795_401_126_000


def started(task: str, at: int) -> Event:
    return Event(1, at, Kind.TASK_STARTED, "w", task, "j", "", {"attempt": 1, "name": f"Frame {task}"})


def turned(task: str, at: int, to: str, reason: str = "") -> Event:
    detail = {"from": "active", "to": to, "reason": reason, "name": f"Frame {task}"}
    return Event(2, at, Kind.TASK_STATUS, "w", task, "j", "", detail)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], []),
        ([started("1", 0)], [("Frame 1", "At work", "", "")]),
        ([started("1", 0), turned("1", 2500, "completed", "Completed")], [("Frame 1", "Completed", "", "2.5 s")]),
        ([turned("1", 2500, "completed")], [("Frame 1", "Completed", "", "")]),
        (
            [started("1", 0), turned("1", 900, "queued", "restarts"), started("1", 5000)],
            [("Frame 1", "At work", "", ""), ("Frame 1", "Queued again", "restarts", "0.9 s")],
        ),
        ([started("1", 0), started("2", 5)], [("Frame 2", "At work", "", ""), ("Frame 1", "At work", "", "")]),
        (
            [started("1", 0), started("2", 5), turned("1", 1000, "completed")],
            [("Frame 1", "Completed", "", "1.0 s"), ("Frame 2", "At work", "", "")],
        ),
        (
            [started("1", 0), turned("1", 100, "soft-failed", "exit code 3"), turned("1", 200, "queued", "another's")],
            [("Frame 1", "Failed, to be retried", "exit code 3", "0.1 s")],
        ),
        ([started("1", 0), turned("1", 60_000, "active")], [("Frame 1", "At work", "", "")]),
    ],
)
def test_each_try_is_told_once(events: list[Event], said: list[tuple[str, str, str, str]]) -> None:
    assert [(one.name, one.state.word, one.reason, one.took) for one in stints(events, NOW)] == said


def test_the_newest_are_told() -> None:
    told = stints([started(str(n), n) for n in range(30)], NOW, limit=3)
    assert [one.name for one in told] == ["Frame 29", "Frame 28", "Frame 27"]


def test_every_end_has_its_words() -> None:
    assert ENDS.keys() == {status.value for status in TaskStatus} - {TaskStatus.ACTIVE.value}
