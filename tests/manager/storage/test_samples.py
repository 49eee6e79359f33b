"""How the whole farm was, written down now and then, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pretended import SECRET, awake
from stores import DIALECTS, Clock, beside, opened

from farmhand.manager.rules.workers import Announcement
from farmhand.manager.storage import agents, calls, samples
from farmhand.manager.storage.agents import Enrolment, Seen
from farmhand.manager.storage.samples import EVERY_MS, KEPT_MS, Sample
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DIALECTS)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with opened(request.param, tmp_path, clock) as it:
        yield it


def test_workers_are_counted_by_their_state(store: Store, clock: Clock) -> None:
    awake(store, "node-1")
    awake(store, "node-2").becomes(Status.ASLEEP)
    samples.take(store)
    assert samples.since(store, 0) == [Sample(clock.now, {"idle": 1, "asleep": 1}, {})]


def test_two_managers_take_one_together(store: Store, clock: Clock) -> None:
    with beside(store) as other:
        for _ in range(3):
            samples.take(store)
            samples.take(other)
            clock.passes(EVERY_MS / 2000)
    assert [sample.at for sample in samples.since(store, 0)] == [
        clock.now - 3 * EVERY_MS // 2,
        clock.now - EVERY_MS // 2,
    ]


def test_ends_that_agents_saw_are_counted_once(store: Store, clock: Clock) -> None:
    worker = awake(store, "node-1")
    agent = agents.enrol(store, Enrolment("agent-7", "linux", "1", "secret", "00" * 32, ""))

    def sees(run: str, exit: str, restarts: int) -> None:
        service = Seen("worker@1", run * 32, "active", "", "success", restarts, exit, 47, True, "it does")
        agents.report(store, agent, "farmhand", "", [service])

    sees("a", "", 0)
    assert store.authenticate(worker.id, SECRET)
    said = Announcement("node-1", "1", ("misc",), True, "", None, "a" * 32, 47)
    calls.sign_on(store, worker.id, said)
    samples.take(store)
    sees("a", "signal SIGSEGV", 0)
    sees("b", "", 1)
    for _ in range(2):
        clock.passes(EVERY_MS / 1000)
        samples.take(store)
    assert [sample.ends for sample in samples.since(store, 0)] == [{}, {"crash": 1}, {}]


def test_old_ones_go(store: Store, clock: Clock) -> None:
    samples.take(store)
    clock.passes(KEPT_MS / 1000 + 1)
    samples.take(store)
    assert [sample.at for sample in samples.since(store, 0)] == [clock.now]
