"""What follows from a change of a task or of a job, within the same transaction."""

import uuid

from ...worker.wire import JobStatus, TaskStatus
from ..rules import jobs as job_rules
from ..rules import tasks as task_rules
from ..rules.facts import Fact, Kind
from ..rules.jobs import Draft, Job, Turn
from ..rules.tasks import CLAIMABLE, Step, Task, Thresholds
from ..rules.workers import Worker
from . import events, jobs, queues, tasks, workers
from .database import Change


def submit(change: Change, draft: Draft, who: str) -> str:
    """Store a job with its tasks, and let idle workers know; returns its id."""
    job_id = str(uuid.uuid4())
    number = jobs.add(change, job_id, draft, who)
    ids = [str(uuid.uuid4()) for _ in draft.tasks]
    waiting = TaskStatus.PAUSED if draft.status is JobStatus.PAUSED else TaskStatus.QUEUED
    rows = [
        {
            "id": ids[index],
            "job_id": job_id,
            "index_in_job": index,
            "name": each.name,
            "type": each.type,
            "priority": each.priority,
            "commands": [
                {"name": command.name, "parameters": dict(command.parameters), "steps": command.steps}
                for command in each.commands
            ],
            "status": waiting.value,
            "steps_total": each.steps,
            "updated_at": change.now,
            "blockers": len(each.needs),
        }
        for index, each in enumerate(draft.tasks)
    ]
    needs = [
        {"task_id": ids[index], "needs_id": ids[need]} for index, each in enumerate(draft.tasks) for need in each.needs
    ]
    tasks.add(change, rows, needs)
    queues.add(change, rows, number=number, priority=draft.priority)
    tasks.recount(change, job_id)
    detail = {"name": draft.name, "tasks": len(rows)}
    events.append(change, Fact(Kind.JOB_SUBMITTED, detail), job_id=job_id, who=who)
    for type, ready in queues.ready_in(change.connection, job_id).items():
        workers.ring_idle(change, type, ready, draft.tag_id)
    return job_id


def conclude(change: Change, it: Task, to: TaskStatus, reason: str, who: str = "") -> None:
    """Change a task's status, and its job's where that follows."""
    moved, freed = tasks.move(change, it, to, reason, who)
    if to in CLAIMABLE and moved.blockers == 0:
        workers.ring_idle(change, it.type, 1, it.tag_id)
    for type, number in freed.items():
        workers.ring_idle(change, type, number, it.tag_id)
    job = _job(change, it)
    stuck = job_rules.may_be_stuck(job.tally) and not queues.any_ready(change.connection, job.id)
    turn = job_rules.after_task(it.job_status, job.tally, to, stuck=stuck)
    if turn is not None:
        turn_job(change, job, turn, who)


def started(change: Change, it: Task) -> None:
    """A task was handed out; its job may be active from now on."""
    turn = job_rules.after_task(it.job_status, {}, TaskStatus.ACTIVE)
    if turn is not None:
        turn_job(change, _job(change, it), turn)


def turn_job(change: Change, it: Job, turn: Turn, who: str = "") -> None:
    """Change a job's status, and move those of its tasks that go with it."""
    jobs.turn(change, it, turn, who)
    if turn.step is None:
        return
    moves = job_rules.moves(it.status, turn.step)
    running = tasks.active_in(change.connection, it.id) if TaskStatus.ACTIVE in moves else []
    tasks.move_all(change, it.id, moves)
    for task in running:
        tasks.tell_moved(change, task, moves[TaskStatus.ACTIVE], turn.reason, who)
        if task.worker_id is not None:
            workers.ring(change, task.worker_id)
    if turn.step is Step.REQUEUE:
        tasks.forgive(change, job_id=it.id)
        for type, number in queues.ready_in(change.connection, it.id).items():
            workers.ring_idle(change, type, number, it.tag.id if it.tag else None)


def let_go(change: Change, worker_id: str, reason: str, who: str = "") -> list[Task]:
    """Take a worker's task from it, to be done by another; return what it was. This is no failure."""
    held = tasks.active_of(change.connection, worker_id)
    for it in held:
        conclude(change, it, task_rules.requeued(it.job_status), reason, who)
    return held


def fail(change: Change, it: Task, worker: Worker, thresholds: Thresholds, why: str) -> None:
    """Judge a worker's failure to do a task, and do what follows."""
    tasks.note_failure(change, it, worker.id)
    alike = tasks.failed_alike(change.connection, it, worker.id)
    verdict = task_rules.failed(
        thresholds,
        by_worker=len(alike),
        workers=len(tasks.failures(change.connection, it.id)),
        others=workers.capable(change.connection, it.id, it.job_id, it.type, it.tag_id),
    )
    if verdict.block:
        tasks.block(change, it, worker.id)
    conclude(change, it, verdict.status, f"{why}: {verdict.reason}")
    if verdict.job_fails:
        _fail_job(change, it, verdict.reason)
    elif verdict.block:
        for other in alike:
            if other.status in (TaskStatus.SOFT_FAILED, TaskStatus.FAILED):
                conclude(change, other, TaskStatus.QUEUED, f"worker {worker.name} gets no more tasks like it")


def _fail_job(change: Change, it: Task, reason: str) -> None:
    job = _job(change, it)
    if job.status is not JobStatus.FAILED:
        turn_job(change, job, Turn(JobStatus.FAILED, f'task "{it.name}" failed and {reason}', Step.CANCEL))


def _job(change: Change, it: Task) -> Job:
    job = jobs.load(change.connection, it.job_id)
    assert job is not None, "a task has a job: the foreign key says so"
    return job
