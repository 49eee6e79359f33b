"""What may never happen in a farm, whatever is done to it: `judge` reads its record, and the marks of its tasks."""

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from history import WORKERS, Field


@dataclass(frozen=True)
class Event:
    seq: int
    at: float  # seconds since the epoch
    kind: str
    worker: str
    task: str
    detail: dict[str, Any]


def events(farm: Field) -> list[Event]:
    with contextlib.closing(sqlite3.connect(farm.data / "farmhand.sqlite")) as db:
        rows = db.execute("SELECT seq, at, kind, worker_id, task_id, detail FROM event ORDER BY seq").fetchall()
    return [
        Event(seq, at / 1000, kind, worker, task, json.loads(detail)) for seq, at, kind, worker, task, detail in rows
    ]


def judge(farm: Field, tasks: int) -> list[str]:
    """Return what should never have happened, in words."""
    record = events(farm)
    return [
        *_tasks_were_done_and_by_one_at_a_time(farm, tasks, record),
        *_hand_outs(record),
        *_requests_end_once(record),
        *_nobody_who_was_asked_to_go_got_a_task(record),
        *_failures(farm, record),
        *_everybody_is_who_they_were(record),
    ]


def marks(farm: Field) -> list[tuple[str, str, float]]:
    lines = (farm.work / "marks").read_text().split("\n")[:-1]
    return [(word, frame, float(at)) for word, frame, at in map(str.split, lines)]


def _tasks_were_done_and_by_one_at_a_time(farm: Field, tasks: int, record: list[Event]) -> Iterator[str]:
    found = marks(farm)
    yield from (f"frame {frame} ran twice at once, {at}" for word, frame, at in found if word == "beside")
    stopped = {frame for word, frame, _ in found if word == "stop"}
    yield from (f"frame {frame} was never done" for frame in map(str, range(1, tasks + 1)) if frame not in stopped)
    completed = {
        event.detail["name"].rpartition("-")[2]: event.at
        for event in record
        if event.kind == "task.status" and event.detail["to"] == "completed"
    }
    for word, frame, at in found:
        if word == "start" and at > completed.get(frame, at):
            yield f"frame {frame} was begun again {at - completed[frame]:.3f} s after it was completed"


def _hand_outs(record: list[Event]) -> Iterator[str]:
    """Each has a number of its own, and comes after the one before has ended, or to the same worker started anew."""
    attempts: dict[str, int] = defaultdict(int)
    holder: dict[str, str] = {}
    for event in record:
        if event.kind == "task.started":
            if event.detail["attempt"] <= attempts[event.task]:
                yield f"task {event.task}: attempt {event.detail['attempt']} after {attempts[event.task]}"
            if holder.get(event.task, event.worker) != event.worker:
                yield f"task {event.task} was handed to {event.worker} while {holder[event.task]} had it"
            attempts[event.task] = event.detail["attempt"]
            holder[event.task] = event.worker
        elif event.kind == "task.status" and event.detail["to"] != "active":
            holder.pop(event.task, None)


def _requests_end_once(record: list[Event]) -> Iterator[str]:
    ends: dict[str, list[Event]] = defaultdict(list)
    made: dict[str, Event] = {}
    for event in record:
        if event.kind == "request.made":
            made[event.detail["request"]] = event
            if event.detail.get("replaces"):
                ends[event.detail["replaces"]].append(event)
        elif event.kind in ("request.done", "request.withdrawn"):
            ends[event.detail["request"]].append(event)
    for request, event in made.items():
        if len(ends[request]) != 1:
            yield f"request {request} for {event.detail['status']} ended {len(ends[request])} times"
        elif ends[request][0].kind == "request.done" and event.detail["status"] == "restart":
            between = range(event.seq, ends[request][0].seq + 1)
            if not any(one.kind == "worker.signed-on" and one.seq in between for one in _of(record, event.worker)):
                yield f"request {request}: a restart is done, and there was no new process"


def _nobody_who_was_asked_to_go_got_a_task(record: list[Event]) -> Iterator[str]:
    pending: dict[str, str] = {}
    for event in record:
        if event.kind == "request.made" and event.detail["status"] != "awake":
            pending[event.worker] = event.detail["request"]
        elif event.kind in ("request.made", "request.done", "request.withdrawn"):
            pending.pop(event.worker, None)
        elif event.kind == "task.started" and event.worker in pending:
            yield f"task {event.task} was handed to {event.worker}, of whom {pending[event.worker]} was asked"


def _failures(farm: Field, record: list[Event]) -> Iterator[str]:
    with contextlib.closing(sqlite3.connect(farm.data / "farmhand.sqlite")) as db:
        for task, worker in db.execute("SELECT task_id, worker_id FROM failure"):
            yield f"task {task} counts as failed by {worker}"
    for event in record:
        if event.kind == "task.status" and event.detail["to"] in ("failed", "soft-failed", "canceled"):
            yield f"task {event.task} is {event.detail['to']}: {event.detail.get('reason')}"


def _everybody_is_who_they_were(record: list[Event]) -> Iterator[str]:
    registered = [event.worker for event in record if event.kind == "worker.registered"]
    if len(registered) != WORKERS:
        yield f"{len(registered)} workers have registered, of {WORKERS}"


def _of(record: list[Event], worker: str) -> Iterator[Event]:
    return (event for event in record if event.worker == worker)
