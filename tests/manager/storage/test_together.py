"""Many at once, and the sudden end of the process."""

import itertools
import signal
import subprocess
import sys
import threading
import uuid
from collections import Counter
from pathlib import Path

from pretended import awake, job
from stores import beside

from farmhand.manager.config import Settings
from farmhand.manager.storage import calls
from farmhand.manager.storage.calls import Work
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import JobStatus, Request, Status, TaskStatus

THREADS = 20


def together(work):
    """Run a function of a number in threads that begin at the same moment; raise what any of them raised."""
    gate, problems = threading.Barrier(THREADS), []

    def run(number):
        gate.wait()
        try:
            work(number)
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def test_no_task_is_handed_out_twice(store):
    workers = [awake(store, f"node-{number}") for number in range(THREADS)]
    job_id = job(store, tasks=3 * THREADS)
    handed = []

    def drain(number):
        while work := workers[number].asks_for_work():
            handed.append((work.task.id, work.task.attempt))
            workers[number].finishes(work)

    together(drain)
    assert len(handed) == 3 * THREADS
    assert set(Counter(handed).values()) == {1}
    found = store.job(job_id)
    assert found.status is JobStatus.COMPLETED
    assert found.tally[TaskStatus.COMPLETED] == 3 * THREADS


def test_one_worker_that_asks_in_many_threads_has_one_task(store):
    worker = awake(store, "node-1")
    job(store, tasks=THREADS)
    handed = []
    together(lambda _number: handed.append(calls.fetch(store, store.worker(worker.id))))
    assert all(isinstance(work, Work) for work in handed)
    assert len({work.task.id for work in handed}) == 1


def test_two_managers_on_one_database_hand_nothing_out_twice(store):
    workers = [awake(store, f"node-{number}") for number in range(THREADS)]
    job(store, tasks=THREADS)
    handed = []
    with beside(store) as other:
        together(
            lambda number: handed.append(
                calls.fetch((store, other)[number % 2], store.worker(workers[number].id)).task.id
            )
        )
    assert len(set(handed)) == THREADS


def test_events_are_seen_in_the_order_of_their_numbers(store):
    """A reader that goes on from the highest number it has seen misses none, whoever commits first."""
    workers = [awake(store, f"node-{number}") for number in range(THREADS)]
    job(store, tasks=3 * THREADS)
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.extend(event.seq for event in store.events_after(seen[-1] if seen else 0))

    reader = threading.Thread(target=read)
    reader.start()

    def drain(number):
        while work := workers[number].asks_for_work():
            workers[number].reports(work, steps=3)
            workers[number].finishes(work)

    with beside(store) as other:
        for worker in workers[::2]:
            object.__setattr__(worker, "store", other)
        together(drain)
    done.set()
    reader.join()
    seen.extend(event.seq for event in store.events_after(seen[-1]))
    assert seen == [event.seq for event in store.events_after(0, limit=10_000)]


def test_requests_and_their_events_come_whole(store):
    worker = awake(store, "node-1")
    statuses = (Status.ASLEEP, Status.OFFLINE)
    together(lambda number: store.act([worker.id], Request(statuses[number % 2]), f"op-{number}"))
    made = [event for event in store.worker_events(worker.id) if event.kind.value == "request.made"]
    assert made[0].detail["request"] == store.worker(worker.id).request.id
    for newer, older in itertools.pairwise(made):
        assert newer.detail["replaces"] == older.detail["request"]


# Writes what it has been told is safe to its output, then waits to be killed.
VICTIM = """
import sys, threading
from pathlib import Path
from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store
sys.path.insert(0, sys.argv[2])
from pretended import awake, job
store = Store(Path(sys.argv[1]), Settings(without_login=True))
for number in range(10_000):
    worker = awake(store, f"node-{number}")
    print("worker", worker.id, flush=True)
    print("job", job(store, tasks=2), flush=True)
    work = worker.asks_for_work()
    print("active", work.task.id, flush=True)
    worker.finishes(work)
    print("done", work.task.id, flush=True)
"""


def test_kill_9_loses_nothing_that_was_confirmed(tmp_path):
    support = Path(__file__).parents[2] / "support"
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(tmp_path), str(support)], stdout=subprocess.PIPE, text=True
    ) as victim:
        said = [victim.stdout.readline().split() for _ in range(22)]
        victim.send_signal(signal.SIGKILL)
        said += [line.split() for line in victim.stdout.read().splitlines()]
    store = Store(tmp_path, Settings(without_login=True))
    for what, id in said:
        match what:
            case "worker":
                assert store.worker(id).status is Status.AWAKE
            case "job":
                assert sum(store.job(id).tally.values()) == 2
            case "done":
                assert store.task(id).status is TaskStatus.COMPLETED
    assert [uuid.UUID(id) for _, id in said]
    store.close()
