"""What a request comes to: the jobs that it draws in, what is left out, and what is refused."""

import pytest

from farmhand.supervisor.rules.jobs import Kind
from farmhand.supervisor.rules.pulls import Refused, Seen
from farmhand.supervisor.rules.relations import link
from farmhand.supervisor.rules.states import Active
from farmhand.supervisor.rules.transaction import plan, plan_all
from farmhand.units.spec import Service


def farm(**services):
    """Services by name, each with "relation other other" lines."""
    made = []
    for name, lines in services.items():
        relations = (line.split() for line in lines)
        made.append(Service(name, **{field: tuple(others) for field, *others in relations}))
    return link(made)


def looking(links, up="", **seen):
    """Look at services of which those in `up` are active, and those in `seen` as given."""
    names = {name for arrows in links.arrows.values() for name in arrows} | {*up.split(), *seen}
    down = {name: Seen(Active.ACTIVE if name in up.split() else Active.INACTIVE, reloads=True) for name in names}
    return {**down, **seen}.get


def planned(links, request, mode="replace", up="", **seen):
    verb, name = request.split()
    jobs = plan((name, Kind(verb)), mode, links, looking(links, up, **{name: Seen(Active.INACTIVE)} | seen)).jobs
    return " ".join(sorted(f"{kind.value}:{name}" for name, kind in jobs))


REQUIRES = farm(a=["requires b"], b=["requires c"], c=[])
CASES = [
    ("what is needed is started, and what that needs", REQUIRES, "start a", "", "start:a start:b start:c"),
    ("what runs already is left alone, with what it needs", REQUIRES, "start a", "b", "start:a"),
    ("those that need it are stopped with it", REQUIRES, "stop c", "a b c", "stop:a stop:b stop:c"),
    ("those that do not run are not stopped", REQUIRES, "stop c", "b c", "stop:b stop:c"),
    ("what it needs is not stopped with it", REQUIRES, "stop a", "a b c", "stop:a"),
    ("a restart hits those that run, and starts the needed",
     REQUIRES, "restart b", "a b", "restart:a restart:b start:c"),
    ("those that do not run are not started by a restart", REQUIRES, "restart b", "b c", "restart:b"),
    ("wanted ones are started", farm(a=["wants b"], b=[]), "start a", "", "start:a start:b"),
    ("a wanted one that is not there is done without", farm(a=["wants gone"]), "start a", "", "start:a"),
    ("what a wanted one needs in vain is done without",
     farm(a=["wants b"], b=["requires gone"]), "start a", "", "start:a start:b"),
    ("a requisite is only looked at", farm(a=["requisite b"], b=[]), "start a", "", "start:a verify-active:b"),
    ("part of: stopped with it", farm(a=["part_of b"], b=[]), "stop b", "a b", "stop:a stop:b"),
    ("part of: not started with it", farm(a=["part_of b"], b=[]), "start b", "", "start:b"),
    ("a stop is handed on", farm(a=["propagates_stop_to b"], b=[]), "stop a", "a b", "stop:a stop:b"),
    ("a restart is not", farm(a=["propagates_stop_to b"], b=[]), "restart a", "a b", "restart:a"),
    ("a reload is handed on to those that run",
     farm(a=["propagates_reload_to b c"], b=[], c=[]), "reload a", "a b", "reload:a reload:b"),
    ("a rival is stopped", farm(a=["conflicts b"], b=[]), "start a", "b", "start:a stop:b"),
    ("from both sides", farm(a=["conflicts b"], b=[]), "start b", "a", "start:b stop:a"),
    ("of two rivals that are wanted one is left out",
     farm(a=["conflicts b"], b=[], c=["wants a b"]), "start c", "", "start:a start:c"),
]  # fmt: skip


@pytest.mark.parametrize(("links", "request_", "up", "jobs"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_what_a_request_comes_to(links, request_, up, jobs):
    gone = {"gone": None} if any("gone" in arrows for arrows in links.arrows.values()) else {}
    name = request_.split()[1]
    seen = Seen(Active.ACTIVE if name in up.split() else Active.INACTIVE, reloads=True)
    assert planned(links, request_, up=up, **{name: seen} | gone) == jobs


REFUSALS = [
    ("absent", farm(a=["requires gone"]), "start a", "replace", {"gone": None}),
    ("absent", farm(a=["binds_to b"], b=["requisite gone"]), "start a", "replace", {"gone": None}),
    ("conflict", farm(a=["conflicts b"], b=[], c=["requires a b"]), "start c", "replace", {}),
    ("cycle", farm(a=["requires b", "after b"], b=["after a"]), "start a", "replace", {}),
    ("destructive", farm(a=[]), "stop a", "fail", {"a": Seen(Active.ACTIVATING, Kind.START)}),
    ("destructive", farm(a=[]), "start a", "replace", {"a": Seen(Active.DEACTIVATING, Kind.STOP, lasting=True)}),
]


@pytest.mark.parametrize(("kind", "links", "request_", "mode", "seen"), REFUSALS)
def test_what_is_refused(kind, links, request_, mode, seen):
    with pytest.raises(Refused) as refused:
        planned(links, request_, mode, **seen)
    assert refused.value.kind == kind


@pytest.mark.parametrize("mode", ["ignore-dependencies", "ignore-requirements"])
def test_these_modes_draw_nothing_in(mode):
    assert planned(REQUIRES, "start a", mode) == "start:a"


def test_mode_fail_does_without_what_would_stop_a_running_service():
    links = farm(a=["wants b"], b=["conflicts c"], c=[])
    assert planned(links, "start a", up="c") == "start:a start:b stop:c"
    assert planned(links, "start a", "fail", up="c") == "start:a"


def test_a_cycle_is_named_and_broken_where_something_can_be_left_out():
    links = farm(a=["wants b", "after b"], b=["after a"])
    made = plan(("a", Kind.START), "replace", links, looking(links))
    assert made.jobs == (("a", Kind.START),)
    (note,) = made.notes
    assert note == "ordering cycle: b, which waits for a, which waits for b (After=, Before=); b is left out"


def test_a_cycle_with_a_job_of_the_queue_counts():
    links = farm(a=["after b"], b=["after a"])
    look = looking(links, b=Seen(Active.ACTIVATING, Kind.START))
    with pytest.raises(Refused, match="ordering cycle"):
        plan(("a", Kind.START), "replace", links, look)


def test_many_at_once_are_started_as_far_as_they_can_be():
    links = farm(a=["conflicts b"], b=[], c=["after d"], d=["after c"], e=["requires gone"])
    made = plan_all("abcde", Kind.START, links, looking(links, gone=None))
    started = {name for name, _ in made.jobs}
    assert len(started & {"a", "b"}) == 1
    assert len(started & {"c", "d"}) == 1
    assert len(made.notes) == 2


@pytest.mark.parametrize("kind", [Kind.START, Kind.STOP])
def test_a_chain_of_thousands_is_walked_without_recursion(kind):
    links = link([Service(f"s{at}", requires=(f"s{at + 1}",), after=(f"s{at + 1}",)) for at in range(3000)])
    up = Active.INACTIVE if kind is Kind.START else Active.ACTIVE
    ends = {Kind.START: "s0", Kind.STOP: "s3000"}
    made = plan((ends[kind], kind), "replace", links, lambda name: Seen(up))
    assert len(made.jobs) == 3001
