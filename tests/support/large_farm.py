"""A farm of any size, written into the tables at once: workers in every state, with tags, tasks and restarts."""

import uuid
from typing import Any

from pretended import SECRET
from sqlalchemy import insert

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.rules.tasks import Command
from farmhand.manager.storage import tables, tags, workers
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import TaskStatus

# Of ten workers so many are what; the first six are at work on a task.
STATUSES = ("awake",) * 8 + ("asleep", "offline")
VERSIONS = ("3.9.1",) * 9 + ("3.8.4",)


def fill(store: Store, number: int) -> list[str]:
    """Make workers, and a job of which six in ten of them have a task each; return the workers' ids."""
    ids, now = [str(uuid.uuid4()) for _ in range(number)], store.clock()
    busy = [n for n in range(number) if n % 10 < 6]
    given = [tags.add(store, name, "", "kim").id for name in ("gpu", "cpu", "night")]
    job_id = store.submit(_job(len(busy)), "kim")
    task_ids = [task.id for task in store.tasks(job_id)]
    task_of = dict(zip(busy, task_ids, strict=True))
    rows = [_worker(n, ids[n], now, task_of.get(n)) for n in range(number)]
    events = [_sign_on(ids[n], now - n * 1000 % 80_000_000) for n in range(number) for _ in range(1 + n % 3)]
    with store.database.write() as change:
        change.connection.execute(insert(tables.worker), rows)
        change.connection.execute(insert(tables.event), events)
        tagged = [{"worker_id": ids[n], "tag_id": given[n % 3]} for n in range(number)]
        change.connection.execute(insert(tables.worker_tag), tagged)
        for n, task_id in task_of.items():
            values = {"status": TaskStatus.ACTIVE.value, "worker_id": ids[n], "started_at": now - 60_000}
            task = tables.task.update().where(tables.task.c.id == task_id)
            change.connection.execute(task.values(**values, steps_completed=n % 10))
    return ids


def _job(tasks: int) -> Draft:
    drafts = tuple(DraftTask(f"Frame {n}", "misc", (Command("echo", {"message": "frame"}, 10),)) for n in range(tasks))
    return Draft("Shot 020_0110 lighting", "simple", 50, {}, {}, drafts)


def _worker(n: int, id: str, now: int, task_id: str | None) -> dict[str, Any]:
    return {
        "id": id,
        "name": f"node-{n:05}",
        "secret_hash": workers.hash_secret(SECRET),
        "address": f"10.0.{n // 250}.{n % 250}",
        "platform": "linux",
        "version": VERSIONS[n % 10],
        "can_restart": True,
        "status": STATUSES[n % 10],
        "incarnation": 4,
        "idle": task_id is None,
        "task_id": task_id,
        "registered_at": now - 10 * 86_400_000,
        "last_seen": now - n % 60_000,
    }


def _sign_on(worker_id: str, at: int) -> dict[str, Any]:
    return {"at": at, "kind": Kind.WORKER_SIGNED_ON.value, "worker_id": worker_id, "who": "", "detail": {}}
