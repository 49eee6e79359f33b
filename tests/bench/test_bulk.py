"""What is asked of ten thousand workers at once: how long it takes, and how long workers that call meanwhile wait."""

import contextlib
import gc
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest
from large_farm import fill
from pretended import Pretended, awake, job
from stores import DIALECTS, opened

from farmhand.manager import pace
from farmhand.manager.config import Settings
from farmhand.manager.rules.schedules import Schedule
from farmhand.manager.rules.windows import read_window
from farmhand.manager.rules.workers import PLAIN
from farmhand.manager.storage import plans, schedules, tagging, tags
from farmhand.manager.storage.plans import Applied
from farmhand.manager.storage.schedules import Owner
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status

WORKERS = 10_000
PAUSE = 0.02  # between two calls of a worker

ALWAYS = Schedule(ZoneInfo("UTC"), (read_window("", "00:00", "24:00"),))


@dataclass
class Waits:
    """How long each call of a kind took, in seconds."""

    state: list[float] = field(default_factory=list)
    hand_out: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        both = (("state", self.state), ("hand-out and report", self.hand_out))
        return ", ".join(
            f"{name} {1000 * statistics.median(took):.0f} ms, longest {1000 * max(took):.0f} ms"
            for name, took in both
            if took
        )


@contextlib.contextmanager
def calling(store: Store, ids: list[str], hands: Pretended) -> Iterator[Waits]:
    """Have workers call in threads of their own while the block runs."""
    waits, over = Waits(), threading.Event()

    def state() -> None:
        for id in ids:
            timed(waits.state, Pretended(store, id, id).learns)
            if over.wait(PAUSE):
                return

    def work() -> None:
        while not over.wait(PAUSE):
            timed(waits.hand_out, lambda: hands.finishes(hands.asks_for_work()))

    threads = [threading.Thread(target=each) for each in (state, work)]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        over.set()
        for thread in threads:
            thread.join()


def timed(into: list[float], do: Callable[[], object]) -> None:
    began = time.perf_counter()
    do()
    into.append(time.perf_counter() - began)


@pytest.fixture
def paced() -> Iterator[None]:
    """Have the interpreter share its time as a manager does."""
    was, turn = gc.get_threshold(), sys.getswitchinterval()
    pace.keep()
    yield
    gc.set_threshold(*was)
    sys.setswitchinterval(turn)


@pytest.mark.usefixtures("paced")
@pytest.mark.parametrize("dialect", DIALECTS)
def test_ten_thousand_at_once(dialect, tmp_path):
    with opened(dialect, tmp_path, settings=Settings(without_login=True)) as store:
        ids = fill(store, WORKERS)
        hands = awake(store, "beside")
        job(store, tasks=3000)
        tag = tags.add(store, "all", "", "kim").id
        print()

        def measured(name: str, do: Callable[[], object]) -> None:
            with calling(store, ids, hands) as waits:
                began = time.perf_counter()
                do()
                took = time.perf_counter() - began
            print(f"{dialect:>12}: {name:24} {took:5.2f} s; meanwhile {waits}")

        def planned_and_applied(wish: Request) -> None:
            kept = []
            name = f"{wish.status.value}{', lazy' if wish.lazy else ''}"
            measured(f"plan: {name}", lambda: kept.append(plans.make(store, ids, wish, PLAIN, "kim")))
            measured(f"apply: {name}", lambda: apply(store, kept[0].token))

        for wish in (Request(Status.RESTART), Request(Status.ASLEEP), Request(Status.OFFLINE, lazy=True)):
            planned_and_applied(wish)
        measured("withdraw", lambda: store.withdraw(ids, "kim"))
        measured("give a tag", lambda: tagging.give(store, ids, tag, "kim"))
        measured("save a schedule", lambda: schedules.add(store, Owner("tag", tag), ALWAYS, "kim"))
        measured("delete it", lambda: schedules.remove(store, schedules.every(store)[0].id, "kim"))
        measured("take the tag", lambda: tagging.take(store, ids, tag, "kim"))


def apply(store: Store, token: str) -> None:
    done = plans.apply(store, token, "kim")
    assert isinstance(done, Applied), [each.text for each in done.changes[:3]]
