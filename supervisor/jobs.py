"""The queue of requests: begins jobs when their turn has come, and answers when a state settles them.

What a request comes to is planned by rules/transaction.py; here the plan is carried out (systemd, src/core/job.c). What
a change of state means to other services is told to relatives.py.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..units.light import Any, dataclass, field
from ..units.spec import JobMode
from .relatives import DOWN, UP, Relatives
from .rules.conditions import Checked
from .rules.jobs import EVENTS, RUNNING, Kind, Outcome, Ready, begins_anew, judge, merge, ready
from .rules.life import Event
from .rules.ordering import waits_for
from .rules.pulls import Seen
from .rules.relations import Facet, Links
from .rules.states import Active, State, active_state
from .rules.transaction import Plan, plan, plan_all
from .unit import Unit
from .waiting import Alarm

Asker = Callable[[Outcome], None]

_FAILS = {Kind.START: Facet.FAILS_START, Kind.VERIFY: Facet.FAILS_START, Kind.STOP: Facet.FAILS_START_IF_UP}


@dataclass(eq=False)
class Job:
    """number: counts jobs. lasting: only another lasting request replaces it.

    unordered: it neither waits nor is waited for.
    """

    number: int
    kind: Kind
    begun: bool = False
    askers: list[Asker] = field(default_factory=list)
    lasting: bool = False
    unordered: bool = False
    alarm: Alarm | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the queue needs of its surroundings.

    tell: brings the event of a job to its service. check: looks at a service's conditions and assertions.
    now, at: the clock, and alarms on it. log: for what is done unasked, or left out. problem: why a unit that there is
    something by the name of cannot be had, "" where that is not known. closing: nothing is to be started unasked.
    """

    tell: Callable[[Unit, Event], None]
    check: Callable[[Unit], Checked]
    now: Callable[[], float]
    at: Callable[[float, Callable[[], None]], Alarm]
    log: Callable[[str], None]
    problem: Callable[[str], str] = lambda name: ""
    closing: Callable[[], bool] = lambda: False


class Jobs:
    """At most one job a unit."""

    def __init__(self, units: Mapping[str, Unit], links: Links, world: Surroundings) -> None:
        self.units = units
        self.links = links
        self.pending: dict[str, Job] = {}
        self._world = world
        self._queue: list[tuple[int, str]] = []
        self._queued: set[str] = set()
        self._numbers = itertools.count(1)
        self._relatives = Relatives(self, world)

    # -- asking

    def ask(self, unit: Unit, kind: Kind, asker: Asker | None = None, mode: JobMode = "replace") -> None:
        """Put a job in the queue, with those of the services that it draws in; `run` begins them.

        asker: called with the outcome. Raises Refused, and then nothing has changed.
        """
        made = plan((unit.name, kind), mode, self.links, self._look)
        self._carry_out(made, lasting=mode == "replace-irreversibly", unordered=mode == "ignore-dependencies")
        if asker is not None:
            self.pending[unit.name].askers.append(asker)

    def ask_all(self, names: Iterable[str], kind: Kind, *, lasting: bool = False) -> None:
        """Put the jobs of many services in the queue at once; those that contradict others are left out, and told."""
        self._carry_out(plan_all(names, kind, self.links, self._look), lasting=lasting)

    def has(self, unit: Unit, *kinds: Kind) -> bool:
        return unit.name in self.pending and self.pending[unit.name].kind in kinds

    def when_settled(self, name: str, asker: Asker) -> None:
        """Call back when the job that a service has now is settled; at once if it has none."""
        if name in self.pending:
            self.pending[name].askers.append(asker)
        else:
            asker(Outcome.DONE)

    def _look(self, name: str) -> Seen | None:
        unit, job = self.units.get(name), self.pending.get(name)
        if unit is None:
            problem = self._world.problem(name)
            return Seen(Active.INACTIVE, problem=problem) if problem else None
        reloads = unit.service.can_reload
        if job is None:
            return Seen(unit.active, reloads=reloads)
        return Seen(unit.active, job.kind, job.lasting, job.unordered, reloads)

    def _carry_out(self, made: Plan, *, lasting: bool = False, unordered: bool = False) -> None:
        for note in made.notes:
            self._world.log(note)
        for name, kind in made.jobs:
            job = self._install(name, kind)
            job.lasting |= lasting
            job.unordered |= unordered
            self._set_alarm(name, job, self.units[name].service.job_timeout_sec)

    def _install(self, name: str, kind: Kind) -> Job:
        job = self.pending.get(name)
        merged = merge(job.kind, kind, self.units[name].active) if job else None
        if job is None or merged is None:
            if job is not None:
                self._finish(name, Outcome.CANCELED, spreads=False)
            job = self.pending[name] = Job(next(self._numbers), kind)
        else:
            job.begun = job.begun and not begins_anew(job.kind, kind)
            job.kind = merged
        self._enqueue(name)
        return job

    # -- being handed over

    def kept(self) -> dict[str, list[Any]]:
        """Return the jobs as plain data, for `resume`; those who wait for them are left out."""
        return {
            name: [job.kind.name, job.begun, job.lasting, job.unordered, job.alarm.at if job.alarm else None]
            for name, job in self.pending.items()
        }

    def resume(self, kept: Mapping[str, list[Any]]) -> None:
        """Go on with the jobs that another program left."""
        for name, (kind, begun, lasting, unordered, deadline) in kept.items():
            job = self.pending[name] = Job(next(self._numbers), Kind[kind], begun, lasting=lasting, unordered=unordered)
            if deadline is not None:
                job.alarm = self._set_alarm_at(name, job, deadline)
            self._enqueue(name)

    # -- beginning

    def run(self) -> None:
        """Begin whatever may begin; what relations call for is looked at whenever no more does."""
        while self._queue or self._relatives.to_look_at:
            self._relatives.look_around()
            while self._queue:
                name = heapq.heappop(self._queue)[1]
                self._queued.discard(name)
                job = self.pending.get(name)
                if job is not None and not job.begun and (job.unordered or not self._is_held_up(name, job)):
                    self._begin(self.units[name], job)

    def _enqueue(self, name: str) -> None:
        """Take a job up (again); of all that may begin, the one with the least Nice= goes first, then by name."""
        if name not in self._queued:
            self._queued.add(name)
            heapq.heappush(self._queue, (self.units[name].service.nice or 0, name))

    def _is_held_up(self, name: str, job: Job) -> bool:
        return next(waits_for(self.links, name, job.kind, self._kind_of), None) is not None

    def _kind_of(self, name: str) -> Kind | None:
        job = self.pending.get(name)
        return None if job is None or job.unordered else job.kind

    def _begin(self, unit: Unit, job: Job) -> None:
        answer = ready(job.kind, unit.service, unit.life.state)
        if answer is not Ready.WAIT:
            running = unit.service.job_running_timeout_sec
            self._set_alarm(unit.name, job, unit.service.job_timeout_sec if running is None else running)
        starts = job.kind is Kind.START and answer is not Ready.ALREADY
        refusal = self._refusal(unit) if starts else _ANSWERS.get(answer)
        if refusal is not None:
            self._finish(unit.name, refusal)
        elif answer is not Ready.WAIT:
            job.begun = True
            self._world.tell(unit, EVENTS[job.kind])
            job.begun &= answer is not Ready.NUDGE

    def _refusal(self, unit: Unit) -> Outcome | None:
        """Say what a start comes to that must not begin, None if it may; systemd, unit_start, in its order."""
        if unit.active is Active.ACTIVATING:
            return None
        unit.checked = self._world.check(unit)
        if not unit.checked.conditions_met:
            return Outcome.DONE
        if not unit.checked.asserts_met:
            return Outcome.ASSERT
        after = self.links.of(Facet.AFTER, unit.name)
        bound = [name for name in self.links.of(Facet.BOUND_TO, unit.name) if name in after]
        if missing := [name for name in bound if name not in self.units or self.units[name].active not in RUNNING]:
            self._world.log(f"{unit.name}: it is bound to {missing[0]} (BindsTo=), which is not active")
            return Outcome.DEPENDENCY
        return None

    # -- settling

    def notice(self, unit: Unit, before: State, state: State) -> None:
        """A unit goes from a state to another: see what that makes of its job, and of those related to it."""
        old, new = active_state(unit.service, before), active_state(unit.service, state)
        unasked = self._notice_job(unit, new)
        if unit.name not in self.links.concerned:
            return
        if unasked:
            self._relatives.follow(unit.name, old, new)
        if unit.life.state is not State.AUTO_RESTART:  # what is about to be started again has not ended yet
            self._relatives.note_end(unit, old, new)
        self._relatives.note(unit.name, new)

    def _notice_job(self, unit: Unit, active: Active) -> bool:
        """Settle the unit's job if the state does; returns whether the change is nothing that the job asked for."""
        job = self.pending.get(unit.name)
        if job is None:
            return True
        outcome = judge(job.kind, begun=job.begun, active=active, reload_result=unit.life.reload_result)
        if outcome is not None:
            unasked = job.begun and not _asked_for(job.kind, active)
            self._finish(unit.name, outcome)
            return unasked
        if not job.begun:
            self._enqueue(unit.name)
            return False
        return not _asked_for(job.kind, active)

    def _finish(self, name: str, outcome: Outcome, *, spreads: bool = True) -> None:
        """End a job, and those that now wait in vain."""
        doomed = [(name, outcome)]
        while doomed:
            name, outcome = doomed.pop()
            kind = self._settle(name, outcome)
            if kind is not None and spreads:
                doomed.extend((other, Outcome.DEPENDENCY) for other in self._waiting_in_vain(name, kind, outcome))

    def _settle(self, name: str, outcome: Outcome) -> Kind | None:
        """End one job, tell who asked for it, and give those that waited for it their turn; returns what it was.

        A restart that has stopped its service goes on as a start: then it is not at its end.
        """
        job, unit = self.pending.get(name), self.units[name]
        if job is None:
            return None
        kind = job.kind
        if kind is Kind.RESTART and outcome is Outcome.DONE:
            job.kind, job.begun = Kind.START, False
            self._enqueue(name)
        else:
            del self.pending[name]
            if job.alarm is not None:
                job.alarm.cancelled = True
            for asker in job.askers:
                asker(outcome)
            if outcome in (Outcome.TIMEOUT, Outcome.DEPENDENCY):
                self._relatives.trigger(unit, Facet.ON_FAILURE, unit.service.on_failure_job_mode)
        for facet in (Facet.AFTER, Facet.BEFORE):
            for other in self.links.of(facet, name):
                if other in self.pending:
                    self._enqueue(other)
        return kind if name not in self.pending else None

    def _waiting_in_vain(self, name: str, kind: Kind, outcome: Outcome) -> Iterator[str]:
        if outcome is not Outcome.DONE:
            facet = _FAILS.get(kind)
        else:
            is_down = kind in (Kind.START, Kind.RELOAD) and self.units[name].active not in RUNNING
            facet = Facet.FAILS_START_IF_DOWN if is_down else None
        if facet is not None:
            others = self.links.of(facet, name)
            waiting = (Kind.START, Kind.VERIFY)
            yield from (o for o in others if o in self.pending and self.pending[o].kind in waiting)

    # -- deadlines

    def _set_alarm(self, name: str, job: Job, seconds: float) -> None:
        """Limit the job's time; of two limits the earlier one holds."""
        if seconds == float("inf"):
            return
        at = self._world.now() + seconds
        if job.alarm is not None:
            if job.alarm.at <= at:
                return
            job.alarm.cancelled = True
        job.alarm = self._set_alarm_at(name, job, at)

    def _set_alarm_at(self, name: str, job: Job, at: float) -> Alarm:
        return self._world.at(at, lambda: self._time_out(name, job))

    def _time_out(self, name: str, job: Job) -> None:
        if self.pending.get(name) is job:
            self._world.log(f"{name}: its {job.kind.value} took longer than JobTimeoutSec= allows")
            self._finish(name, Outcome.TIMEOUT)


_ANSWERS = {Ready.ALREADY: Outcome.DONE, Ready.REFUSE: Outcome.INVALID, Ready.SKIP: Outcome.SKIPPED}


def _asked_for(kind: Kind, active: Active) -> bool:
    """Say whether a state is on the way of a job that was begun, or what it comes to; systemd, unit_process_job."""
    return active in (UP if kind in (Kind.START, Kind.VERIFY, Kind.RELOAD) else DOWN)
