"""Whose turn it is, what the count of it is kept right by, and that a hand-out looks at nothing else."""

import json
import random
from collections import Counter
from dataclasses import replace

import pytest
from pretended import awake, job, submit
from sqlalchemy import case, func, insert, select

from farmhand.manager.rules.jobs import DraftTask
from farmhand.manager.rules.tasks import Command
from farmhand.manager.storage import calls, turns
from farmhand.manager.storage import tables as t
from farmhand.worker.wire import JobStatus, Status, TaskStatus

TASK = DraftTask("frame", "misc", (Command("echo", {"message": "frame"}, 1),))


def takes(worker):
    return worker.asks_for_work().task


def test_equal_jobs_share_fairly(store):
    jobs = [job(store, name, tasks=9) for name in ("first", "second", "third")]
    workers = [awake(store, f"node-{number}") for number in range(7)]
    assert [store.worker(worker.id).task.job_id for worker in workers] == [*jobs, *jobs, jobs[0]]


def test_a_job_that_got_nothing_for_long_gets_the_next_worker(store):
    first = job(store, "first", tasks=9)
    workers = [awake(store, f"node-{number}") for number in range(3)]
    second = job(store, "second", tasks=9)
    later = [awake(store, f"later-{number}") for number in range(4)]
    assert [store.worker(worker.id).task.job_id for worker in workers] == [first] * 3
    assert [store.worker(worker.id).task.job_id for worker in later] == [second] * 3 + [first]


def test_priorities_come_before_fairness(store):
    worker, other = awake(store, "node-1"), awake(store, "node-2")
    submit(store, TASK, TASK, name="plain")
    submit(store, replace(TASK, priority=60), replace(TASK, priority=60), name="its tasks matter")
    submit(store, TASK, TASK, name="it matters", priority=60)
    order = []
    for taker in (worker, other) * 3:
        work = taker.asks_for_work()
        order.append(work.task.job_name)
        taker.finishes(work)
    assert order == ["it matters"] * 2 + ["its tasks matter"] * 2 + ["plain"] * 2


def test_what_a_worker_has_failed_does_not_keep_it_from_the_rest(store):
    worker, other = awake(store, "node-1"), awake(store, "node-2")
    submit(store, TASK, name="one it fails")
    submit(store, TASK, name="another")
    worker.fails()
    assert takes(worker).job_name == "another"
    assert takes(other).job_name == "one it fails"


def counted(store):
    """Return the queues as they are kept, and as counting all tasks makes them."""
    group = (t.task.c.job_id, t.task.c.type, t.task.c.priority)
    kept = select(t.queue.c.job_id, t.queue.c.task_type, t.queue.c.priority, t.queue.c.ready, t.queue.c.active)
    ready = func.sum(case((t.task.c.ready, 1), else_=0))
    made = select(*group, ready, t.job.c.tasks_active).join(t.job, t.job.c.id == t.task.c.job_id)
    with store.database.read() as connection:
        return (
            {tuple(row) for row in connection.execute(kept)},
            {tuple(row) for row in connection.execute(made.group_by(*group, t.job.c.tasks_active))},
        )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_count_is_right(store, seed):
    """Workers take, finish, fail and leave; jobs are canceled, queued again, deleted; in any order."""
    dice = random.Random(seed)
    workers = [awake(store, f"node-{number}") for number in range(4)]
    video = replace(TASK, name="video", type="misc", priority=40, needs=(0, 1))
    jobs = [submit(store, TASK, TASK, replace(TASK, priority=70), video, video) for _ in range(4)]
    steps = {
        "take": lambda worker, _job: calls.fetch(store, store.worker(worker.id)),
        "finish": lambda worker, _job: (work := worker.asks_for_work()) and worker.finishes(work),
        "fail": lambda worker, _job: (work := worker.asks_for_work()) and worker.finishes(work, TaskStatus.FAILED),
        "leave": lambda worker, _job: worker.restarts(),
        "sleep": lambda worker, _job: (worker.becomes(Status.ASLEEP), worker.becomes(Status.AWAKE)),
        "cancel": lambda _worker, job: store.set_job_status(job, JobStatus.CANCELED, "", "kim"),
        "requeue": lambda _worker, job: store.set_job_status(job, JobStatus.QUEUED, "", "kim"),
        "pause": lambda _worker, job: store.set_job_status(job, JobStatus.PAUSED, "", "kim"),
        "requeue one": lambda _worker, job: store.set_task_status(
            dice.choice(store.tasks(job)).id, TaskStatus.QUEUED, "", "kim"
        ),
        "prefer": lambda _worker, job: store.set_job_priority(job, dice.choice((40, 60)), "kim"),
    }
    done = []
    for _ in range(80):
        name = dice.choice(list(steps))
        done.append(name)
        try:
            steps[name](dice.choice(workers), dice.choice(jobs))
        except calls.task_rules.Refused:
            continue
        kept, made = counted(store)
        assert kept == made, done
    store.delete_job(jobs[0], "kim")
    assert jobs[0] not in {row[0] for row in counted(store)[0]}


# -- what a hand-out looks at


def steps_of(store, worker):
    """Count what the database does to find the next task: instructions of SQLite's machine, or PostgreSQL's pages."""
    with store.database.read() as connection:
        statement = turns.TURN.params(taker=worker.id)
        if store.database.name == "sqlite":
            done = Counter()
            connection.connection.dbapi_connection.set_progress_handler(lambda: done.update(steps=1), 1)
            assert connection.execute(statement).first() is not None
            connection.connection.dbapi_connection.set_progress_handler(None, 1)
            return done["steps"]
        text = statement.compile(store.database.engine, compile_kwargs={"literal_binds": True})
        [[plan]] = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}").all()
        [found] = json.loads(plan) if isinstance(plan, str) else plan
        return found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"]


def add_tasks(store, job_id, number, status, type="misc"):
    """Add so many tasks of a status to a job, quicker than they would come to be."""
    rows = [
        {
            "id": f"{job_id[:24]}{status.name[:2]}{type[:2]}{index:08}",
            "job_id": job_id,
            "index_in_job": 1000 + index,
            "name": "frame",
            "type": type,
            "priority": 50,
            "commands": [],
            "status": status.value,
            "steps_total": 1,
            "updated_at": 0,
        }
        for index in range(number)
    ]
    with store.database.write() as change:
        change.connection.execute(insert(t.task), rows)
        calls.tasks.recount(change, job_id)
    if store.database.name == "postgresql":
        with store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def test_a_hand_out_costs_the_same_with_many_tasks_finished_and_queued(store):
    worker = awake(store, "node-1")
    rest = submit(store, TASK, replace(TASK, type="other"))
    add_tasks(store, rest, 100, TaskStatus.QUEUED)
    few = steps_of(store, worker)
    ended = job(store, tasks=1)
    add_tasks(store, ended, 10_000, TaskStatus.COMPLETED)
    add_tasks(store, rest, 10_000, TaskStatus.COMPLETED)
    add_tasks(store, ended, 10_000, TaskStatus.QUEUED)
    add_tasks(store, rest, 10_000, TaskStatus.QUEUED, type="other")
    assert steps_of(store, worker) <= 2 * few


def test_the_plan_walks_the_queues_and_sorts_nothing(store):
    worker = awake(store, "node-1")
    for _ in range(300):
        job(store, tasks=1)
    add_tasks(store, job(store, tasks=1), 100, TaskStatus.QUEUED)
    text = turns.TURN.params(taker=worker.id).compile(store.database.engine, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if store.database.name == "sqlite" else "EXPLAIN"
    with store.database.read() as connection:
        plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {text}")]
    assert any("ix_queue_turn" in step for step in plan), plan
    assert any("ix_task_next" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
