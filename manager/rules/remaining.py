"""How long a task still takes, as far as that can be told. Pure: says nothing rather than nonsense. Milliseconds."""

from collections.abc import Sequence
from statistics import median

from .workers import LastTask

# A median of fewer tasks than this says little.
ENOUGH = 3

# Before so much of a task is done, its pace is that of its beginning: loading, and not rendering.
EARLY = 0.05


def usual(durations: Sequence[int]) -> int | None:
    """Return how long tasks take that are alike, or None where too few of them have ended."""
    return round(median(durations)) if len(durations) >= ENOUGH else None


def remaining(task: LastTask, usual: int | None, now: int) -> int | None:
    """Return how long a task at work still takes; None where nobody can tell.

    By its own steps and the time that they took; where it has none, by how long the like of it usually takes. One that
    takes longer than usual says nothing of its end. usual: of the done tasks of its job and type.
    """
    if not task.active or task.started_at is None:
        return None
    so_far, share = max(0, now - task.started_at), _share(task)
    if share is not None and so_far:
        return round(so_far * (1 - share) / share)
    return usual - so_far if usual is not None and usual > so_far else None


def _share(task: LastTask) -> float | None:
    """Return how much of a task is done, where that says something of its pace."""
    if task.steps_total <= 1 or not 0 < task.steps_completed < task.steps_total:
        return None
    share = task.steps_completed / task.steps_total
    return share if share >= EARLY else None
