"""The queue of requests: begins jobs when their turn has come, and answers when a state settles them."""

from collections import deque
from collections.abc import Callable, Mapping

from ..units.light import dataclass, field
from .rules.jobs import EVENTS, Kind, Outcome, Ready, begins_anew, judge, merge, ready
from .rules.life import Event
from .rules.ordering import Links, drawn_in, may_run
from .rules.states import State, active_state
from .unit import Unit

Asker = Callable[[Outcome], None]


@dataclass
class Job:
    kind: Kind
    begun: bool = False
    askers: list[Asker] = field(default_factory=list)


@dataclass
class Jobs:
    """At most one job a unit. tell: brings the event of a job to its service."""

    units: Mapping[str, Unit]
    links: Links
    tell: Callable[[Unit, Event], None]
    pending: dict[str, Job] = field(default_factory=dict)
    _queue: deque[str] = field(default_factory=deque)

    def ask(self, unit: Unit, kind: Kind, asker: Asker | None = None) -> None:
        """Put a job in the queue, with those of the services that it draws in; `run` begins them."""
        for name in drawn_in(self.links, unit.name, kind):
            runs = ready(Kind.STOP, self.units[name].service, self.units[name].life.state) is not Ready.ALREADY
            if runs is not (kind is Kind.START):
                self._install(self.units[name], kind)
        self._install(unit, kind, asker)

    def _install(self, unit: Unit, kind: Kind, asker: Asker | None = None) -> None:
        job = self.pending.get(unit.name)
        merged = merge(job.kind, kind) if job else None
        if job is None or merged is None:
            if job is not None:
                self._finish(unit, Outcome.CANCELED)
            job = self.pending[unit.name] = Job(kind)
        elif begins_anew(job.kind, kind):
            job.kind, job.begun = merged, False
        if asker is not None:
            job.askers.append(asker)
        self._queue.append(unit.name)

    def has(self, unit: Unit, *kinds: Kind) -> bool:
        return unit.name in self.pending and self.pending[unit.name].kind in kinds

    def run(self) -> None:
        """Begin whatever may begin."""
        while self._queue:
            name = self._queue.popleft()
            job = self.pending.get(name)
            kinds = {name: job.kind for name, job in self.pending.items()}
            if job is not None and not job.begun and may_run(self.links, name, kinds):
                self._begin(self.units[name], job)

    def _begin(self, unit: Unit, job: Job) -> None:
        match ready(job.kind, unit.service, unit.life.state):
            case Ready.BEGIN:
                job.begun = True
                self.tell(unit, EVENTS[job.kind])
            case Ready.UNDER_WAY:
                job.begun = True
            case Ready.ALREADY:
                self._finish(unit, Outcome.DONE)
            case Ready.REFUSE:
                self._finish(unit, Outcome.INVALID)
            case Ready.WAIT:
                pass

    def notice(self, unit: Unit, state: State) -> None:
        """A unit has entered a state: see what that makes of its job."""
        job = self.pending.get(unit.name)
        if job is None:
            return
        active = active_state(unit.service, state)
        outcome = judge(job.kind, begun=job.begun, active=active, reload_result=unit.life.reload_result)
        if outcome is not None:
            self._finish(unit, outcome)
        elif not job.begun:
            self._queue.append(unit.name)

    def _finish(self, unit: Unit, outcome: Outcome) -> None:
        """End a job, tell who asked for it, and give those that waited for it their turn."""
        job = self.pending[unit.name]
        if job.kind is Kind.RESTART and outcome is Outcome.DONE:
            job.kind, job.begun = Kind.START, False
            self._queue.append(unit.name)
            return
        del self.pending[unit.name]
        self._queue.extend(name for name, other in self.pending.items() if not other.begun)
        for asker in job.askers:
            asker(outcome)
        if job.kind is Kind.START and outcome is not Outcome.DONE:
            for name in self.links.needed_by[unit.name]:
                if self.has(self.units[name], Kind.START):
                    self._finish(self.units[name], Outcome.DEPENDENCY)
