"""The queue of several services: who begins when, what waits in vain, deadlines, and what is kept up for others.

The services here obey at once, and end when they are told to; the queue, its plans and its rules are the real ones.
"""

from dataclasses import dataclass, field

import pytest

from farmhand.supervisor.jobs import Jobs, Surroundings
from farmhand.supervisor.rules.conditions import Checked
from farmhand.supervisor.rules.exitstatus import Result
from farmhand.supervisor.rules.jobs import Kind, Outcome
from farmhand.supervisor.rules.life import Event
from farmhand.supervisor.rules.pulls import Refused
from farmhand.supervisor.rules.relations import link
from farmhand.supervisor.rules.states import State
from farmhand.supervisor.unit import Unit
from farmhand.supervisor.waiting import Alarm
from farmhand.units.light import replace
from farmhand.units.spec import Service


@dataclass
class Farm:
    """Services by name. slow: those that take until `finish` to start; failing: whose start fails."""

    services: list[Service]
    slow: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    checks: dict[str, Checked] = field(default_factory=dict)
    now: float = 0.0
    alarms: list[Alarm] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    began: list[str] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.units = {service.name: Unit(service) for service in self.services}
        check = lambda unit: self.checks.get(unit.name, Checked())  # noqa: E731
        around = Surroundings(self._tell, check, lambda: self.now, self._at, self.said.append)
        self.jobs = Jobs(self.units, link(self.services), around)

    def ask(self, request, mode="replace"):
        verb, name = request.split()
        note = lambda outcome: self.outcomes.__setitem__(request, outcome.value)  # noqa: E731
        self.jobs.ask(self.units[name], Kind(verb), note, mode)
        self.jobs.run()

    def finish(self, name, state=State.RUNNING):
        self._enter(self.units[name], state)
        self.jobs.run()

    def pass_time(self, seconds):
        self.now += seconds
        due = [alarm for alarm in self.alarms if alarm.at <= self.now and not alarm.cancelled]
        self.alarms = [alarm for alarm in self.alarms if alarm not in due]
        for alarm in due:
            alarm.callback()
        self.jobs.run()

    def up(self):
        return {name for name, unit in self.units.items() if unit.life.state is State.RUNNING}

    def _at(self, at, callback):
        self.alarms.append(Alarm(at, callback))
        return self.alarms[-1]

    def _tell(self, unit, event):
        self.began.append(f"{event.value.split()[0]} {unit.name}")
        if event is Event.STOP:
            self._enter(unit, State.DEAD)
        elif unit.name in self.slow:
            self._enter(unit, State.START)
        else:
            self._enter(unit, State.FAILED if unit.name in self.failing else State.RUNNING)

    def _enter(self, unit, state):
        before, unit.shown = unit.shown, state
        result = Result.EXIT_CODE if state is State.FAILED else Result.SUCCESS
        unit.life = replace(unit.life, state=state, result=result)
        self.jobs.notice(unit, before, state)


def test_a_service_waits_for_those_before_it():
    farm = Farm([Service("a", requires=("b",), after=("b",)), Service("b")], slow={"b"})
    farm.ask("start a")
    assert farm.began == ["start b"]
    farm.finish("b")
    assert farm.began == ["start b", "start a"]
    assert farm.outcomes == {"start a": "done"}


def test_what_waits_for_a_failed_start_waits_in_vain_and_so_do_those_after_it():
    chain = [Service(f"s{at}", requires=(f"s{at + 1}",), after=(f"s{at + 1}",)) for at in range(2000)]
    farm = Farm([*chain, Service("s2000")], failing={"s2000"})
    farm.ask("start s0")
    assert farm.outcomes == {"start s0": "dependency"}
    assert farm.began == ["start s2000"]
    assert not farm.jobs.pending


def test_of_those_that_may_begin_the_least_nice_goes_first_then_by_name():
    farm = Farm([Service("c", nice=-5), Service("b", nice=5), Service("d"), Service("a")])
    farm.jobs.ask_all(farm.units, Kind.START)
    farm.jobs.run()
    assert farm.began == ["start c", "start a", "start d", "start b"]


def test_a_job_that_takes_too_long_times_out_and_the_service_goes_on():
    services = [Service("a", job_timeout_sec=5.0, on_failure=("c",)), Service("b", requires=("a",), after=("a",))]
    farm = Farm([*services, Service("c")], slow={"a"})
    farm.ask("start b")
    farm.pass_time(4.9)
    assert farm.outcomes == {}
    farm.pass_time(0.1)
    assert farm.outcomes == {"start b": "dependency"}
    assert farm.units["a"].life.state is State.START
    assert farm.up() == {"c"}


def test_time_that_is_spent_waiting_for_others_counts_for_one_limit_only():
    farm = Farm([Service("a", after=("b",), job_running_timeout_sec=5.0), Service("b")], slow={"a", "b"})
    farm.ask("start b")
    farm.ask("start a")
    farm.pass_time(100)
    farm.finish("b")
    farm.pass_time(4.9)
    assert "start a" not in farm.outcomes
    farm.pass_time(0.1)
    assert farm.outcomes["start a"] == "timeout"


def test_a_job_that_is_settled_leaves_no_deadline_behind():
    farm = Farm([Service("a", job_timeout_sec=5.0)])
    farm.ask("start a")
    assert [alarm.cancelled for alarm in farm.alarms] == [True]


def test_a_lasting_stop_is_not_replaced_by_a_start():
    farm = Farm([Service("a", before=("b",)), Service("b")], slow={"b"})
    farm.ask("start a")
    farm.ask("start b")
    farm.jobs.ask(farm.units["a"], Kind.STOP, mode="replace-irreversibly")
    with pytest.raises(Refused, match="its stop is under way"):
        farm.jobs.ask(farm.units["a"], Kind.START)


def test_a_contradicting_request_cancels_the_one_before():
    farm = Farm([Service("a")], slow={"a"})
    farm.ask("start a")
    farm.ask("stop a")
    assert farm.outcomes == {"start a": "canceled", "stop a": "done"}


@pytest.mark.parametrize(
    ("checked", "outcome"),
    [(Checked(conditions_met=False), Outcome.DONE), (Checked(asserts_met=False), Outcome.ASSERT)],
)
def test_checks_that_do_not_hold_keep_the_service_where_it_is(checked, outcome):
    farm = Farm([Service("a")], checks={"a": checked})
    farm.ask("start a")
    assert farm.outcomes == {"start a": outcome.value}
    assert farm.began == []


def test_two_that_keep_starting_and_stopping_each_other_are_left_alone_after_a_while():
    farm = Farm(
        [Service("a", upholds=("b",)), Service("b", conflicts=("c",)), Service("c", upholds=("d",)), Service("d")]
    )
    farm.ask("start a")
    for _ in range(40):
        farm.finish("b", State.DEAD)
    assert farm.began.count("start b") == 17
    assert farm.said[-1] == "b: it is not started although a upholds it: that was tried too often lately"
    farm.pass_time(11)
    farm.finish("b", State.DEAD)
    assert farm.began.count("start b") == 18


def test_a_service_that_comes_up_by_itself_brings_those_it_needs_and_stops_its_rivals():
    farm = Farm([Service("a", requires=("b",), conflicts=("c",)), Service("b"), Service("c")])
    farm.ask("start c")
    farm.finish("a")
    assert farm.up() == {"a", "b"}


def test_a_service_that_goes_down_by_itself_takes_along_those_that_stop_with_it():
    farm = Farm([Service("a", propagates_stop_to=("b",)), Service("b"), Service("c", requires=("a",))])
    for name in "bc":
        farm.ask(f"start {name}")
    farm.finish("a", State.FAILED)
    assert farm.up() == {"c"}
