"""A farm on which somebody acts: a plan that waits for an answer, a click that can still be undone, rolling actions."""

from pretended import Pretended, awake, job
from stores import Clock

from farmhand.manager.rules.rollouts import Rollout
from farmhand.manager.rules.workers import Terms
from farmhand.manager.storage import plans, requests, rollouts, tagging, tags
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Request, Status

RESTART = Request(Status.RESTART)


def act(store: Store, clock: Clock) -> dict[str, str]:
    """Make it, and return the ids of what views are of."""
    workers = [awake(store, f"rig-{n:03}") for n in range(14)] + [awake(store, "mac-01", can_restart=False)]
    _rendering(store, clock, workers[:9])
    tag = tags.add(store, "gpu", "with a large card", "kim")
    tags.add(store, "a-tag-with-a-name-that-is-as-long-as-anybody-would-ever-want-to-write", "", "kim")
    tagging.give(store, [worker.id for worker in workers[:6]], tag.id, "kim")
    ids = [worker.id for worker in workers]
    halted, running = _rolling(store, clock, workers[9:])
    kept = plans.make(store, ids, RESTART, Terms(reason="driver 570.86"), "kim")
    few = plans.make(store, ids[12:], Request(Status.ASLEEP), Terms(), "kim")
    before = store.newest()
    requests.act(store, ids[7:9], RESTART, "kim", hold=10_000)
    follow = f"{before + 1}-{store.newest()}"
    requests.act(store, ids[:1], Request(Status.RESTART, lazy=True), "kim")
    return {
        "plan": kept.token,
        "few": few.token,
        "follow": follow,
        "tag": tag.id,
        "halted": halted,
        "running": running,
    }


def _rendering(store: Store, clock: Clock, workers: list[Pretended]) -> None:
    job(store, tasks=len(workers), steps=8)
    for number, worker in enumerate(workers):
        work = worker.asks_for_work()
        assert work is not None
        if number % 3:
            worker.reports(work, 1 + number % 6)
    clock.passes(1900)
    for worker in workers:
        worker.calls()


def _rolling(store: Store, clock: Clock, workers: list[Pretended]) -> tuple[str, str]:
    """Have one rolling action halt, and another go on."""
    first = Rollout("", RESTART, "kim", 1, patience=60_000, reason="driver 570.86")
    halted = rollouts.make(store, [worker.id for worker in workers[:3]], first)
    rollouts.look(store, halted)
    workers[0].signs_off()
    rollouts.look(store, halted)
    clock.passes(61)
    rollouts.look(store, halted)
    running = rollouts.make(store, [worker.id for worker in workers[3:]], Rollout("", RESTART, "kim", 2, canary=False))
    rollouts.look(store, running)
    workers[3].restarts()
    rollouts.look(store, running)
    for worker in workers[1:]:
        worker.calls()
    return halted, running
