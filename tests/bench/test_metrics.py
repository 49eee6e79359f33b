"""What a look at /metrics costs on a large farm. Run by hand: pytest tests/bench/test_metrics.py -s."""

import statistics
import time

import pytest
from pretended import job
from sqlalchemy import insert
from stores import DIALECTS, opened

from farmhand.manager.app import create_app
from farmhand.manager.storage.tables import tag, worker, worker_tag
from farmhand.manager.storage.tally import count

WORKERS, TAGS = 10_000, 60


def rows():
    said = {"secret_hash": "", "address": "10.20.4.14", "platform": "linux", "registered_at": 1, "last_seen": 2}
    for n in range(WORKERS):
        asked = {"request_id": f"r{n}", "request_status": "restart", "request_at": 5} if n % 50 == 0 else {}
        empty = {"request_id": None, "request_status": None, "request_at": None}
        yield {"id": f"w{n}", "name": f"node-{n}", "status": ("awake", "asleep")[n % 3 == 0], **said, **empty, **asked}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ten_thousand_workers(dialect, tmp_path):
    with opened(dialect, tmp_path) as store:
        with store.database.write() as change:
            change.connection.execute(insert(worker), list(rows()))
            change.connection.execute(insert(tag), [{"id": f"t{n}", "name": f"tag {n}"} for n in range(TAGS)])
            tagged = [{"worker_id": f"w{n}", "tag_id": f"t{n % TAGS}"} for n in range(WORKERS)]
            change.connection.execute(insert(worker_tag), tagged)
        for _ in range(30):
            job(store, tasks=200)
        took = [_timed(lambda: _count(store)) for _ in range(15)]
        client = create_app(store).test_client()
        client.get("/metrics")
        cached = _timed(lambda: client.get("/metrics"))
        print(f"\n{dialect}: counted in {1000 * statistics.median(took):.0f} ms; at once again {1000 * cached:.0f} ms")


def _count(store):
    with store.database.read() as connection:
        count(connection, store.clock())


def _timed(do):
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
