"""How long a task still takes: said where it can be told, and not otherwise."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.remaining import remaining, usual
from farmhand.manager.rules.workers import LastTask
from farmhand.worker.wire import TaskStatus

TASK = LastTask("t", "j", "Frame 1", "Shot", TaskStatus.ACTIVE, 5, 10, True, 1000, None, "blender")


@pytest.mark.parametrize(
    ("changes", "like", "now", "left"),
    [
        ({}, None, 61_000, 60_000),
        ({"steps_completed": 9}, None, 91_000, 10_000),
        ({"steps_completed": 9}, 500_000, 91_000, 10_000),
        ({"steps_completed": 0}, None, 61_000, None),
        ({"steps_completed": 0}, 100_000, 61_000, 40_000),
        ({"steps_completed": 0}, 50_000, 61_000, None),
        ({"steps_completed": 10}, None, 61_000, None),
        ({"steps_completed": 1, "steps_total": 1000}, 100_000, 61_000, 40_000),
        ({"steps_completed": 0, "steps_total": 1}, 100_000, 1000, 100_000),
        ({}, None, 1000, None),
        ({}, 70_000, 0, 70_000),
        ({"started_at": None}, 70_000, 61_000, None),
        ({"active": False}, 70_000, 61_000, None),
    ],
)
def test_what_is_left(changes: dict[str, object], like: int | None, now: int, left: int | None) -> None:
    assert remaining(replace(TASK, **changes), like, now) == left  # type: ignore[arg-type]


@given(st.integers(0, 2000), st.integers(0, 2000), st.none() | st.integers(0, 10**9), st.integers(0, 10**9))
def test_it_is_never_less_than_nothing(done: int, total: int, like: int | None, now: int) -> None:
    left = remaining(replace(TASK, steps_completed=done, steps_total=total), like, now)
    assert left is None or left >= 0


@pytest.mark.parametrize(("took", "middle"), [([], None), ([1, 2], None), ([9, 1, 5], 5), ([1, 2, 3, 1000], 2)])
def test_what_is_usual_is_in_the_middle_of_enough(took: list[int], middle: int | None) -> None:
    assert usual(took) == middle
