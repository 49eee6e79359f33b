"""Who is started or stopped with whom, and who waits for whom."""

import pytest

from farmhand.supervisor.rules.jobs import Kind
from farmhand.supervisor.rules.ordering import drawn_in, link, may_run
from farmhand.units.spec import Service

FARM = link(
    [
        Service("database", before=("manager.service",)),
        Service("manager", requires=("database",), wants=("logger", "not-in-this-farm")),
        Service("logger"),
        Service("worker@1", after=("manager", "network.target"), requires=("manager",)),
        Service("worker@2", after=("manager",)),
    ]
)


@pytest.mark.parametrize(
    ("name", "kind", "others"),
    [
        ("worker@1", Kind.START, {"manager", "database", "logger"}),
        ("worker@2", Kind.START, set()),
        ("database", Kind.STOP, {"manager", "worker@1"}),
        ("database", Kind.RESTART, {"manager", "worker@1"}),
        ("logger", Kind.STOP, set()),
        ("manager", Kind.RELOAD, set()),
    ],
)
def test_drawn_in(name, kind, others):
    assert set(drawn_in(FARM, name, kind)) == others


@pytest.mark.parametrize(
    ("name", "jobs", "may"),
    [
        ("worker@1", {"worker@1": Kind.START}, True),
        ("worker@1", {"worker@1": Kind.START, "manager": Kind.START}, False),
        ("manager", {"worker@1": Kind.START, "manager": Kind.START}, True),
        ("manager", {"manager": Kind.STOP, "worker@2": Kind.STOP}, False),
        ("worker@2", {"manager": Kind.STOP, "worker@2": Kind.STOP}, True),
        ("worker@2", {"manager": Kind.START, "worker@2": Kind.STOP}, True),
        ("manager", {"manager": Kind.START, "worker@2": Kind.STOP}, False),
        ("manager", {"manager": Kind.RESTART, "worker@1": Kind.RESTART}, False),
        ("manager", {"manager": Kind.START, "database": Kind.START}, False),
        ("logger", {"logger": Kind.START, "database": Kind.START}, True),
    ],
)
def test_may_run(name, jobs, may):
    assert may_run(FARM, name, jobs) is may
