"""What a worker's call costs the manager, and how many it serves, whatever waits and whatever has ended.

The processor time is the whole manager's, from /proc, over all that it did meanwhile. The original's is that of
Flamenco 3.9-beta1 for the same calls (docs/reference/performance.md).
"""

import asyncio
import base64
import contextlib
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from manager_process import manager, processor_time
from postgres import fresh_database
from simulated import SECRET, Line
from sqlalchemy import insert
from stores import DIALECTS

from farmhand.manager.config import Settings
from farmhand.manager.rules.jobs import Draft, DraftTask
from farmhand.manager.storage import tables, tasks, workers
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import TaskStatus

CALLS, CONNECTIONS = 400, 8

# Workers, queued tasks, finished tasks.
FARMS = ((100, 0, 0), (100, 10_000, 0), (100, 10_000, 100_000), (10_000, 0, 0), (10_000, 10_000, 100_000))

# Milliseconds that Flamenco's manager takes: with 100 to 1,000 workers, and with 10,000 or 10,000 queued tasks.
ORIGINAL = {
    "sign-on": "1.5 to 2.9",
    "state-changed": "1.4 to 4.3",
    "fetch, nothing there": "1.5",
    "state, asleep": "1.2",
    "hand-out": "2.8 to 30",
    "may-i-run": "1.3",
    "activity and log": "1.4",
    "completed": "1.4",
}

Ask = Callable[[Line, int], Awaitable[tuple[int, Any]]]


def fill(store: Store, number: int, queued: int, finished: int) -> list[str]:
    """Make workers that are awake, and jobs of so many tasks; return the workers' ids."""
    ids = [str(uuid.uuid4()) for _ in range(number)]
    now = store.clock()
    row = {"secret_hash": workers.hash_secret(SECRET), "address": "127.0.0.1", "platform": "linux", "status": "awake"}
    with store.database.write() as change:
        rows = [
            {"id": id, "name": f"node-{index}", "registered_at": now, "last_seen": now, **row}
            for index, id in enumerate(ids)
        ]
        change.connection.execute(insert(tables.worker), rows)
        types = [{"worker_id": id, "task_type": "misc"} for id in ids]
        change.connection.execute(insert(tables.capability), types)
    for count, status in ((finished, TaskStatus.COMPLETED), (queued, TaskStatus.QUEUED)):
        if count:
            add_job(store, count, status)
    return ids


def add_job(store: Store, number: int, status: TaskStatus) -> None:
    """Make a job of so many tasks of a status, quicker than it would come to be."""
    first = [DraftTask("first", "misc", ()), DraftTask("what nobody can do", "other", ())]
    job_id = store.submit(Draft("many", "bench", 50, {}, {}, tuple(first)), "bench")
    row = {"job_id": job_id, "type": "misc", "priority": 50, "status": status.value, "steps_total": 1, "updated_at": 0}
    rows = [
        {"id": str(uuid.uuid4()), "index_in_job": 2 + index, "name": f"frame {index}", "commands": [], **row}
        for index in range(number)
    ]
    with store.database.write() as change:
        change.connection.execute(insert(tables.task), rows)
        tasks.recount(change, job_id)


class Bench:
    """Calls of a worker of each number, and what they cost."""

    def __init__(self, url: str, pid: int, ids: list[str]) -> None:
        self.pid, self.ids = pid, ids
        self.lines = [Line(url) for _ in range(CONNECTIONS)]
        self.tasks: dict[int, str] = {}
        self.costs: dict[str, tuple[float, float]] = {}

    def call(self, method: str, path: str, body: object = None) -> Ask:
        return lambda line, number: self._call(line, number, method, path, body)

    def of_task(self, method: str, rest: str = "", body: object = None) -> Ask:
        return lambda line, number: self._call(line, number, method, f"task/{self.tasks[number]}{rest}", body)

    async def _call(self, line: Line, number: int, method: str, path: str, body: object) -> tuple[int, Any]:
        path = path if path.startswith("/") else f"/api/v3/worker/{path}"
        credentials = base64.b64encode(f"{self.ids[number % len(self.ids)]}:{SECRET}".encode()).decode()
        return await line.call(method, path, body, credentials)

    async def take(self, line: Line, number: int) -> tuple[int, Any]:
        code, task = await self._call(line, number, "POST", "task", None)
        self.tasks[number] = task["uuid"]
        return code, task

    async def run(self, name: str, call: Ask, expected: int, calls: int) -> None:
        """Make so many calls, at most CONNECTIONS at a time."""
        numbers = iter(range(calls))

        async def some(line: Line) -> None:
            for number in numbers:
                code, answer = await call(line, number)
                assert code == expected, (name, code, answer)

        spent, began = processor_time(self.pid), time.monotonic()
        await asyncio.gather(*(some(line) for line in self.lines))
        took = time.monotonic() - began
        self.costs[name] = (processor_time(self.pid) - spent) / calls, calls / took

    async def everything(self, *, queued: bool) -> None:
        calls = min(CALLS, len(self.ids)) if queued else CALLS
        said = {"name": "node", "software_version": "1", "supported_task_types": ["misc"], "can_restart": True}
        await self.run("sign-on", self.call("POST", "sign-on", said), 200, calls)
        await self.run("state-changed", self.call("POST", "state-changed", {"status": "awake"}), 204, calls)
        if not queued:
            await self.run("", self.call("POST", "task"), 204, calls)
            await self.run("fetch, nothing there", self.call("POST", "task"), 204, calls)
            await self.run("state, asleep", self.call("GET", "state"), 204, calls)
            return
        await self.run("hand-out", self.take, 200, calls)
        await self.run("may-i-run", self.of_task("GET", "/may-i-run"), 200, calls)
        five = {"activity": "rendering", "log": "\n".join(f"line {number}" for number in range(5))}
        await self.run("activity and log", self.of_task("POST", "", five), 204, calls)
        await self.run("completed", self.of_task("POST", "", {"taskStatus": "completed"}), 204, calls)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_call_costs(dialect, tmp_path):
    print(f"\n\n{dialect}, load {os.getloadavg()[0]:.1f}")
    found = {}
    for farm in FARMS:
        with contextlib.ExitStack() as ending:
            data = tmp_path / "-".join(map(str, farm))
            database = ending.enter_context(fresh_database()) if dialect == "postgresql" else ""
            store = Store(data, Settings(without_login=True), url=database)
            ids = fill(store, *farm)
            store.close()
            url, pid = ending.enter_context(manager(data, database))
            bench = Bench(url, pid, ids)
            asyncio.run(bench.everything(queued=farm[1] > 0))
            found[farm] = bench.costs
    show(found)
    few, many = (found[farm]["hand-out"][0] for farm in ((100, 10_000, 0), (10_000, 10_000, 100_000)))
    assert many < 2.5 * few, "a hand-out looks at what has ended, or at who there is"


def show(found):
    farms = ["{:,} workers, {:,} queued, {:,} finished".format(*farm) for farm in found]
    print(f"| call | {' | '.join(farms)} | original, ms |")
    print("|---" * (len(farms) + 2) + "|")
    for name, original in ORIGINAL.items():
        cells = ["{:.2f} ms, {:.0f}/s".format(*costs[name]) if name in costs else "" for costs in found.values()]
        print(f"| {name} | {' | '.join(cells)} | {original} |")
