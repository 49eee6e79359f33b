"""The queue of requests: begins jobs when their turn has come, answers when a state settles them, and keeps up what
the relations between services promise when one of them changes its state by itself.

What a request comes to is planned by rules/transaction.py; here the plan is carried out (systemd, src/core/job.c), and
what follows from changes of state is asked for (systemd, src/core/unit.c, unit_notify).
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..units.light import Any, dataclass, field
from ..units.spec import JobMode
from .rules.conditions import Checked
from .rules.jobs import EVENTS, RESTING, RUNNING, Kind, Outcome, Ready, begins_anew, judge, merge, ready
from .rules.life import Event
from .rules.ordering import waits_for
from .rules.relations import Facet, Links
from .rules.startlimit import Starts, count_start
from .rules.states import Active, State, active_state
from .rules.transaction import Plan, Refused, Seen, plan, plan_all
from .unit import Unit
from .waiting import Alarm

Asker = Callable[[Outcome], None]

_FAILS = {Kind.START: Facet.FAILS_START, Kind.VERIFY: Facet.FAILS_START, Kind.STOP: Facet.FAILS_START_IF_UP}
# Being unneeded, upheld or bound is acted on only so often, lest two services keep starting and stopping each other.
_REPEATS, _INTERVAL = 16, 10.0


@dataclass(eq=False)
class Job:
    """lasting: only another lasting request replaces it. unordered: it neither waits nor is waited for."""

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
    now, at: the clock, and alarms on it. log: for what is done unasked, or left out.
    """

    tell: Callable[[Unit, Event], None]
    check: Callable[[Unit], Checked]
    now: Callable[[], float]
    at: Callable[[float, Callable[[], None]], Alarm]
    log: Callable[[str], None]


class Jobs:
    """At most one job a unit."""

    def __init__(self, units: Mapping[str, Unit], links: Links, world: Surroundings) -> None:
        self.units = units
        self.links = links
        self.pending: dict[str, Job] = {}
        self._world = world
        self._queue: list[tuple[int, str]] = []
        self._queued: set[str] = set()
        self._to_look_at: dict[tuple[Facet, str], None] = {}
        self._repeats: dict[str, Starts] = {}

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

    def trigger(self, unit: Unit) -> Unit | None:
        """Return the service whose end may have started this one: only if there is no other one that may have."""
        of = self.links.of
        found = [*of(Facet.FAILURE_OF, unit.name), *of(Facet.SUCCESS_OF, unit.name)]
        return self.units.get(found[0]) if len(found) == 1 else None

    def _look(self, name: str) -> Seen | None:
        unit, job = self.units.get(name), self.pending.get(name)
        if unit is None:
            return None
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
            job = self.pending[name] = Job(kind)
        else:
            job.begun = job.begun and not begins_anew(job.kind, kind)
            job.kind = merged
        self._enqueue(name)
        return job

    def _ask_quietly(self, names: Iterable[str], kind: Kind, mode: JobMode, unless: frozenset[Active]) -> None:
        """Ask for what relations call for; nobody waits for it."""
        for name in names:
            unit = self.units.get(name)
            if unit is not None and unit.active not in unless:
                self._try(unit, kind, mode)

    def _try(self, unit: Unit, kind: Kind, mode: JobMode) -> None:
        try:
            self.ask(unit, kind, mode=mode)
        except Refused as refused:
            self._world.log(f"{unit.name}: it is not {_PAST[kind]}: {refused}")

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
            job = self.pending[name] = Job(Kind[kind], begun, lasting=lasting, unordered=unordered)
            if deadline is not None:
                job.alarm = self._set_alarm_at(name, job, deadline)
            self._enqueue(name)

    # -- beginning

    def run(self) -> None:
        """Begin whatever may begin."""
        while self._queue or self._to_look_at:
            self._look_around()
            if self._queue:
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
        if self._notice_job(unit, new):
            self._follow(unit.name, old, new)
        if unit.life.state is not State.AUTO_RESTART:  # what is about to be started again has not ended yet
            self._notice_end(unit, old, new)
        if new in RESTING:
            self._look_later(Facet.NEEDED_BY, self.links.of(Facet.NEEDS, unit.name))
            self._look_later(Facet.BOUND_TO, self.links.of(Facet.BINDS, unit.name))
            self._look_later(Facet.UPHELD_BY, (unit.name,))
        if new in RUNNING:
            self._look_later(Facet.UPHELD_BY, self.links.of(Facet.UPHOLDS, unit.name))
            self._look_later(Facet.NEEDED_BY, (unit.name,))
            self._look_later(Facet.BOUND_TO, (unit.name,))

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

    def _follow(self, name: str, old: Active, new: Active) -> None:
        """A service came up or went down by itself: so do those that go with it."""
        of, after = self.links.of, self.links.of(Facet.AFTER, name)
        if old in RESTING and new in _UP:
            along = [other for other in of(Facet.STARTED_ALONG, name) if other not in after]
            if_free = [other for other in of(Facet.STARTED_ALONG_IF_FREE, name) if other not in after]
            self._ask_quietly(along, Kind.START, "replace", unless=_UP)
            self._ask_quietly(if_free, Kind.START, "fail", unless=_UP)
            self._ask_quietly(of(Facet.RIVAL_STOPPED, name), Kind.STOP, "replace", unless=_DOWN)
        elif old in _UP and new in _DOWN:
            self._ask_quietly(of(Facet.STOPPED_ALONG, name), Kind.STOP, "replace", unless=_DOWN)

    def _notice_end(self, unit: Unit, old: Active, new: Active) -> None:
        if new is Active.FAILED and old is not Active.FAILED:
            self._trigger(unit, Facet.ON_FAILURE, unit.service.on_failure_job_mode)
        if new is Active.INACTIVE and old not in RESTING:
            self._trigger(unit, Facet.ON_SUCCESS, unit.service.on_success_job_mode)

    def _trigger(self, unit: Unit, facet: Facet, mode: JobMode) -> None:
        for name in self.links.of(facet, unit.name):
            if name in self.units:
                self._world.log(f"{unit.name}: starting {name} ({_DIRECTIVES[facet]})")
                self._try(self.units[name], Kind.START, mode)
            else:
                self._world.log(f"{unit.name}: there is no service {name} to start ({_DIRECTIVES[facet]})")

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
                self._trigger(unit, Facet.ON_FAILURE, unit.service.on_failure_job_mode)
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

    # -- what holds all the time

    def _look_later(self, facet: Facet, names: Iterable[str]) -> None:
        self._to_look_at.update(((facet, name), None) for name in names if name in self.units)

    def _look_around(self) -> None:
        """Start what others uphold, and stop what is bound to others that are down, or what nobody needs any more."""
        while self._to_look_at:
            found = list(self._to_look_at)
            self._to_look_at.clear()
            for facet in (Facet.UPHELD_BY, Facet.BOUND_TO, Facet.NEEDED_BY):
                for name in [name for wanted, name in found if wanted is facet]:
                    self._keep_up(facet, self.units[name])

    def _keep_up(self, facet: Facet, unit: Unit) -> None:
        reason = self._reason(facet, unit)
        if reason is None:
            return
        kind, mode = _KEEPS_UP[facet]
        starts, admitted = count_start(
            self._repeats.get(unit.name, Starts()), self._world.now(), burst=_REPEATS, interval=_INTERVAL
        )
        self._repeats[unit.name] = starts
        if admitted:
            self._try(unit, kind, mode)
        else:
            self._world.log(f"{unit.name}: it is not {_PAST[kind]} although {reason}: that was tried too often lately")

    def _reason(self, facet: Facet, unit: Unit) -> str | None:
        """Say why a service has to be started or stopped for the sake of others, None if it has not."""
        others = [self.units[name] for name in self.links.of(facet, unit.name) if name in self.units]
        if unit.name in self.pending:
            return None
        if facet is Facet.UPHELD_BY and unit.active in RESTING:
            up = [other for other in others if other.name not in self.pending and other.active in RUNNING]
            return f"{up[0].name} upholds it" if up else None
        if facet is Facet.BOUND_TO and unit.active is Active.ACTIVE:
            down = [other for other in others if other.name not in self.pending and other.active in RESTING]
            return f"it is bound to {down[0].name}, which is down" if down else None
        if facet is Facet.NEEDED_BY and unit.active is Active.ACTIVE and unit.service.stop_when_unneeded:
            kept = any(other.name in self.pending or other.active not in RESTING for other in others)
            return None if kept else "nobody needs it any more"
        return None

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


_UP = RUNNING | {Active.ACTIVATING}
_DOWN = RESTING | {Active.DEACTIVATING}
_ANSWERS = {Ready.ALREADY: Outcome.DONE, Ready.REFUSE: Outcome.INVALID, Ready.SKIP: Outcome.SKIPPED}
_DIRECTIVES = {Facet.ON_FAILURE: "OnFailure=", Facet.ON_SUCCESS: "OnSuccess="}
_PAST = {Kind.START: "started", Kind.STOP: "stopped", Kind.RESTART: "restarted", Kind.RELOAD: "reloaded"}
_KEEPS_UP: Mapping[Facet, tuple[Kind, JobMode]] = {
    Facet.UPHELD_BY: (Kind.START, "fail"),
    Facet.BOUND_TO: (Kind.STOP, "replace"),
    Facet.NEEDED_BY: (Kind.STOP, "fail"),
}


def _asked_for(kind: Kind, active: Active) -> bool:
    """Say whether a state is on the way of a job that was begun, or what it comes to; systemd, unit_process_job."""
    match kind:
        case Kind.START | Kind.VERIFY:
            return active in _UP
        case Kind.RELOAD:
            return active in _UP
        case _:
            return active in _DOWN
