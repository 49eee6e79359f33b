"""Who waits for whom, and who waits for whom in a circle."""

import pytest

from farmhand.supervisor.rules.jobs import Kind
from farmhand.supervisor.rules.ordering import cycle, holds_up, waits_for
from farmhand.supervisor.rules.relations import link
from farmhand.units.spec import Service

FARM = link(
    [
        Service("database", before=("manager.service",)),
        Service("manager"),
        Service("logger"),
        Service("worker@1", after=("manager", "network.target")),
        Service("worker@2", after=("manager",)),
    ]
)
START, STOP, RESTART, RELOAD = Kind.START, Kind.STOP, Kind.RESTART, Kind.RELOAD


@pytest.mark.parametrize(
    ("jobs", "waits", "name"),
    [
        ({"worker@1": START}, set(), "worker@1"),
        ({"worker@1": START, "manager": START}, {"manager"}, "worker@1"),
        ({"worker@1": START, "manager": START}, set(), "manager"),
        ({"manager": STOP, "worker@2": STOP}, {"worker@2"}, "manager"),
        ({"manager": STOP, "worker@2": STOP}, set(), "worker@2"),
        ({"manager": START, "worker@2": STOP}, set(), "worker@2"),
        ({"manager": START, "worker@2": STOP}, {"worker@2"}, "manager"),
        ({"manager": RESTART, "worker@1": RESTART}, {"worker@1"}, "manager"),
        ({"manager": RELOAD, "worker@1": RELOAD}, {"manager"}, "worker@1"),
        ({"manager": START, "database": START}, {"database"}, "manager"),
        ({"logger": START, "database": START}, set(), "logger"),
    ],
)
def test_waits_for(jobs, waits, name):
    assert set(waits_for(FARM, name, jobs[name], jobs.get)) == waits


def test_who_is_waited_for_holds_up_those_that_wait():
    kinds = [START, STOP, RESTART, RELOAD]
    for one in kinds:
        for other in kinds:
            jobs = {"manager": one, "worker@1": other}
            waiting = {(a, b) for a in jobs for b in waits_for(FARM, a, jobs[a], jobs.get)}
            assert waiting == {(b, a) for a in jobs for b in holds_up(FARM, a, jobs[a], jobs.get)}
            assert len(waiting) == 1


def ring(size):
    return link([Service(f"s{at}", after=(f"s{(at + 1) % size}",)) for at in range(size)])


@pytest.mark.parametrize("kind", [START, STOP, RESTART])
@pytest.mark.parametrize("size", [2, 3, 2000])
def test_a_circle_is_found_however_long(kind, size):
    links, jobs = ring(size), {f"s{at}": kind for at in range(size)}
    found = cycle(links, [*jobs], jobs.get)
    assert found is not None
    assert sorted(found) == sorted(jobs)
    turned = [*found[1:], found[0]]
    assert all(other in waits_for(links, name, kind, jobs.get) for name, other in zip(found, turned, strict=True))


def test_an_open_chain_is_no_circle():
    names = ["s0", "s1"]
    assert cycle(ring(3), names, dict.fromkeys(names, START).get) is None


def test_a_start_beside_a_stop_makes_no_circle():
    jobs = {"s0": START, "s1": STOP}
    assert cycle(ring(2), [*jobs], jobs.get) is None
