"""Keeps up what the relations between services promise when one of them changes its state by itself.

Some follow a change at once, others are looked at when all changes of the moment are done (systemd, src/core/unit.c,
unit_notify, and src/core/manager.c, manager_dispatch_stop_when_bound_queue and its like).
"""

from collections.abc import Iterable, Mapping

from ..units.spec import JobMode
from .rules.jobs import RESTING, RUNNING, Kind
from .rules.pulls import Refused
from .rules.relations import Facet, Links
from .rules.startlimit import Starts, count_start
from .rules.states import Active
from .unit import Unit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .jobs import Jobs, Surroundings

UP = RUNNING | {Active.ACTIVATING}
DOWN = RESTING | {Active.DEACTIVATING}

# Being unneeded, upheld or bound is acted on only so often, lest two services keep starting and stopping each other.
_REPEATS, _INTERVAL = 16, 10.0
_DIRECTIVES = {Facet.ON_FAILURE: "OnFailure=", Facet.ON_SUCCESS: "OnSuccess="}
_PAST = {Kind.START: "started", Kind.STOP: "stopped", Kind.RESTART: "restarted", Kind.RELOAD: "reloaded"}
_KEEPS_UP: Mapping[Facet, tuple[Kind, JobMode]] = {
    Facet.UPHELD_BY: (Kind.START, "fail"),
    Facet.BOUND_TO: (Kind.STOP, "replace"),
    Facet.NEEDED_BY: (Kind.STOP, "fail"),
}


class Relatives:
    """Asks for jobs on behalf of relations. to_look_at: which services are to be looked at, and why."""

    def __init__(self, jobs: "Jobs", around: "Surroundings") -> None:
        self._jobs = jobs
        self._around = around
        self.to_look_at: dict[tuple[Facet, str], None] = {}
        self._repeats: dict[str, Starts] = {}

    def _ask_quietly(self, names: Iterable[str], kind: Kind, mode: JobMode, unless: frozenset[Active]) -> None:
        """Ask for what relations call for; nobody waits for it."""
        for name in names:
            unit = self._jobs.units.get(name)
            if unit is not None and unit.active not in unless:
                self._try(unit, kind, mode)

    def _try(self, unit: Unit, kind: Kind, mode: JobMode) -> None:
        if kind is Kind.START and self._around.closing():
            self._around.log(f"{unit.name}: it is not started: the supervisor is stopping")
            return
        try:
            self._jobs.ask(unit, kind, mode=mode)
        except Refused as refused:
            self._around.log(f"{unit.name}: it is not {_PAST[kind]}: {refused}")

    def follow(self, name: str, old: Active, new: Active) -> None:
        """A service came up or went down by itself: so do those that go with it."""
        of, after = self._jobs.links.of, self._jobs.links.of(Facet.AFTER, name)
        if old in RESTING and new in UP:
            along = [other for other in of(Facet.STARTED_ALONG, name) if other not in after]
            if_free = [other for other in of(Facet.STARTED_ALONG_IF_FREE, name) if other not in after]
            self._ask_quietly(along, Kind.START, "replace", unless=UP)
            self._ask_quietly(if_free, Kind.START, "fail", unless=UP)
            self._ask_quietly(of(Facet.RIVAL_STOPPED, name), Kind.STOP, "replace", unless=DOWN)
        elif old in UP and new in DOWN:
            self._ask_quietly(of(Facet.STOPPED_ALONG, name), Kind.STOP, "replace", unless=DOWN)

    def note_end(self, unit: Unit, old: Active, new: Active) -> None:
        if new is Active.FAILED and old is not Active.FAILED:
            self.trigger(unit, Facet.ON_FAILURE, unit.service.on_failure_job_mode)
        if new is Active.INACTIVE and old not in RESTING:
            self.trigger(unit, Facet.ON_SUCCESS, unit.service.on_success_job_mode)

    def trigger(self, unit: Unit, facet: Facet, mode: JobMode) -> None:
        for name in self._jobs.links.of(facet, unit.name):
            if name in self._jobs.units:
                self._around.log(f"{unit.name}: starting {name} ({_DIRECTIVES[facet]})")
                self._try(self._jobs.units[name], Kind.START, mode)
            else:
                self._around.log(f"{unit.name}: there is no service {name} to start ({_DIRECTIVES[facet]})")

    # -- what holds all the time

    def note(self, name: str, active: Active) -> None:
        """Remember whose needs a new state may touch; `look_around` sees to them."""
        of = self._jobs.links.of
        if active in RESTING:
            self._look_later(Facet.NEEDED_BY, of(Facet.NEEDS, name))
            self._look_later(Facet.BOUND_TO, of(Facet.BINDS, name))
            self._look_later(Facet.UPHELD_BY, (name,))
        if active in RUNNING:
            self._look_later(Facet.UPHELD_BY, of(Facet.UPHOLDS, name))
            self._look_later(Facet.NEEDED_BY, (name,))
            self._look_later(Facet.BOUND_TO, (name,))

    def _look_later(self, facet: Facet, names: Iterable[str]) -> None:
        self.to_look_at.update(((facet, name), None) for name in names if name in self._jobs.units)

    def look_around(self) -> None:
        """Start what others uphold, and stop what is bound to others that are down, or what nobody needs any more."""
        while self.to_look_at:
            found = list(self.to_look_at)
            self.to_look_at.clear()
            for facet in (Facet.UPHELD_BY, Facet.BOUND_TO, Facet.NEEDED_BY):
                for name in [name for wanted, name in found if wanted is facet]:
                    self._keep_up(facet, self._jobs.units[name])

    def _keep_up(self, facet: Facet, unit: Unit) -> None:
        reason = self._reason(facet, unit)
        if reason is None:
            return
        kind, mode = _KEEPS_UP[facet]
        starts, admitted = count_start(
            self._repeats.get(unit.name, Starts()), self._around.now(), burst=_REPEATS, interval=_INTERVAL
        )
        self._repeats[unit.name] = starts
        if admitted:
            self._try(unit, kind, mode)
        else:
            self._around.log(f"{unit.name}: it is not {_PAST[kind]} although {reason}: that was tried too often lately")

    def _reason(self, facet: Facet, unit: Unit) -> str | None:
        """Say why a service has to be started or stopped for the sake of others, None if it has not."""
        others = [self._jobs.units[name] for name in self._jobs.links.of(facet, unit.name) if name in self._jobs.units]
        if unit.name in self._jobs.pending:
            return None
        if facet is Facet.UPHELD_BY and unit.active in RESTING:
            up = [other for other in others if other.name not in self._jobs.pending and other.active in RUNNING]
            return f"{up[0].name} upholds it" if up else None
        if facet is Facet.BOUND_TO and unit.active is Active.ACTIVE:
            down = [other for other in others if other.name not in self._jobs.pending and other.active in RESTING]
            return f"it is bound to {down[0].name}, which is down" if down else None
        if facet is Facet.NEEDED_BY and unit.active is Active.ACTIVE and unit.service.stop_when_unneeded:
            kept = any(other.name in self._jobs.pending or other.active not in RESTING for other in others)
            return None if kept else "nobody needs it any more"
        return None


def trigger_of(unit: Unit, units: Mapping[str, Unit], links: Links) -> Unit | None:
    """Return the service whose end may have started this one: only if there is no other one that may have."""
    found = [*links.of(Facet.FAILURE_OF, unit.name), *links.of(Facet.SUCCESS_OF, unit.name)]
    return units.get(found[0]) if len(found) == 1 else None
