"""The tasks that a worker was at work on lately, from its events. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ....worker.wire import TaskStatus
from ...rules.facts import Kind
from ...storage.events import Event
from ..moments import Moment, exact
from .rows import State

TASKS = frozenset({Kind.TASK_STARTED, Kind.TASK_STATUS})

# What became of a task at this worker; queued again, it is another's or its own once more.
ENDS: Mapping[str, State] = {
    TaskStatus.COMPLETED.value: State("done", "Completed"),
    TaskStatus.FAILED.value: State("error", "Failed"),
    TaskStatus.SOFT_FAILED.value: State("error", "Failed, to be retried"),
    TaskStatus.QUEUED.value: State("queued", "Queued again"),
    TaskStatus.CANCELED.value: State("offline", "Canceled"),
    TaskStatus.PAUSED.value: State("paused", "Paused"),
}
AT_WORK = State("working", "At work")


@dataclass(frozen=True)
class Stint:
    """One try at one task. took: how long it lasted, empty where its beginning is too long ago to be told."""

    task_id: str
    job_id: str
    name: str
    state: State
    reason: str
    at: Moment
    took: str = ""


def stints(events: Iterable[Event], now: int, limit: int = 10) -> list[Stint]:
    """Tell of a worker's tasks, newest first; the events come oldest first.

    What becomes of a task after its end at this worker is no news of the worker's.
    """
    told: list[Stint] = []
    for event in events:
        state = AT_WORK if event.kind is Kind.TASK_STARTED else ENDS.get(str(event.detail.get("to")))
        last = next((one for one in reversed(told) if one.task_id == event.task_id), None)
        if state is None:
            continue
        if state is AT_WORK or last is None:
            told.append(_stint(event, state, now))
        elif last.state is AT_WORK:
            told.remove(last)
            told.append(replace(_stint(event, state, now), took=exact(event.at - last.at.at)))
    return told[-limit:][::-1]


def _stint(event: Event, state: State, now: int) -> Stint:
    reason = str(event.detail.get("reason") or "")
    return Stint(
        task_id=event.task_id or "",
        job_id=event.job_id or "",
        name=str(event.detail.get("name", "")),
        state=state,
        reason="" if reason.casefold() == state.word.casefold() else reason,
        at=Moment(event.at, now),
    )
