"""What it costs to let a million old events go while workers call; by hand: pytest tests/bench/test_retention.py -s."""

import statistics
import time

import pytest
from pretended import awake
from sqlalchemy import insert
from stores import DIALECTS, opened

from farmhand.manager.config import Settings
from farmhand.manager.storage import retention
from farmhand.manager.storage.tables import event

MILLION = 1_000_000


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_million_old_events(dialect, tmp_path):
    with opened(dialect, tmp_path, settings=Settings(keep_events=3600.0)) as store:
        old, step = store.clock() - 7200_000, 10_000
        row = {"at": old, "kind": "task.progress", "who": "", "detail": {"steps_completed": 1, "steps_total": 10}}
        for start in range(0, MILLION, step):
            rows = [
                {**row, "worker_id": f"worker-{n % 1000:04}", "job_id": f"job-{n % 100:02}"}
                for n in range(start, start + step)
            ]
            with store.database.write() as change:
                change.connection.execute(insert(event), rows)
        worker, took, beside = awake(store, "node-1"), [], []
        while True:
            began = time.perf_counter()
            if not retention.prune(store):
                break
            took.append(time.perf_counter() - began)
            began = time.perf_counter()
            worker.asks_for_work()
            beside.append(time.perf_counter() - began)
        began = time.perf_counter()
        retention.prune(store)
        idle = time.perf_counter() - began
        assert len(took) == MILLION // retention.BATCH
        print(
            f"\n{dialect}: {len(took)} steps of {retention.BATCH} rows, {sum(took):.1f} s in all; "
            f"a step {1000 * statistics.median(took):.1f} ms, longest {1000 * max(took):.0f} ms; "
            f"with nothing to do {1000 * idle:.2f} ms; a worker's fetch between "
            f"{1000 * statistics.median(beside):.1f} ms"
        )
