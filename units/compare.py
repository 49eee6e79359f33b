"""The equivalence report: what each service manager does with a service, event by event, beside what the policy says.

The policy is systemd's, as supervisor/rules have it. What another manager does is foreseen by the same rules from what
the service means there; Dialect.checked says which of it a machine has played with the real program.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..supervisor.rules.exitstatus import Exit
from ..supervisor.rules.states import RESTING, Active
from ..supervisor.rules.whatif import Ending, Forecast, NotForeseen, forecast
from .definition import Definition
from .dialect import Dialect, Target, Way
from .formats import tell_span
from .render import best_way, means_there
from .spec import Service

_UPTIME = 1.0  # seconds that each run lasts before it ends, unless it crashes at once


@dataclass(frozen=True)
class Event:
    """Something that may happen to a service, and how often in a row. since: the second from which time counts."""

    name: str
    ending: Ending
    times: int = 1
    uptime: float = _UPTIME
    since: float = _UPTIME


EVENTS: Mapping[str, Event] = {
    event.name: event
    for event in (
        *(Event(f"exit {code}", Ending(exit=Exit(code=code))) for code in (0, 1, 2, 47, 78)),
        *(Event(name, Ending(exit=Exit(signal=name))) for name in ("SIGTERM", "SIGKILL", "SIGABRT")),
        Event("hang at start", Ending(timeout="start"), since=0.0),
        Event("hang at stop", Ending(timeout="stop")),
        Event("six crashes", Ending(exit=Exit(code=1)), times=6, uptime=0.0, since=0.0),
        Event("requested stop", Ending(asked=True)),
    )
}

# What becomes of the processes that the main one leaves behind when it ends.
_LEFT = {"control-group": "killed", "mixed": "killed", "process": "run on", "none": "run on"}


@dataclass(frozen=True)
class Answer:
    """What happens. up: whether it runs in the end; failed: whether that counts as a failure.

    starts: how often it was started in all. after: seconds from the end, or from the request to stop, until it runs
    again or is down; None: never. why: what decides, as `farmhand why` says it. impossible: why the event cannot be.
    """

    up: bool = False
    failed: bool = False
    starts: int = 0
    after: float | None = None
    why: str = ""
    impossible: str = ""

    @property
    def words(self) -> str:
        if self.impossible:
            return "-"
        if self.after is None:
            return "stays up"
        if self.up:
            return f"again, {tell_span(self.after)}"
        later = f", {tell_span(self.after)}" if self.after else ""
        return f"{'failed' if self.failed else 'down'}{later}"

    def same(self, other: "Answer") -> bool:
        """Say whether an operator would see the same, apart from how long it takes."""
        mine, its = ((one.up, one.starts, one.after is None, bool(one.impossible)) for one in (self, other))
        return mine == its and (self.up or self.failed == other.failed)


@dataclass(frozen=True)
class Column:
    """What one service manager does. way: who decides there; checked: the events that a machine has played."""

    dialect: Dialect
    way: Way
    answers: Mapping[str, Answer]
    left: str
    checked: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    service: Service
    policy: Mapping[str, Answer]
    left: str
    columns: tuple[Column, ...]


def compare(definition: Definition, dialects: Iterable[Dialect], target: Target, way: Way | None = None) -> Comparison:
    """Compare what the dialects do, each in the way that loses least unless one is given. Raises BadConfig."""
    service = definition.plain or definition.written
    columns = [
        _column(definition, dialect, target, way or best_way(dialect, definition, target)) for dialect in dialects
    ]
    return Comparison(service, answers(service), _LEFT[service.kill_mode], tuple(columns))


def _column(definition: Definition, dialect: Dialect, target: Target, way: Way) -> Column:
    meant = definition.plain or definition.written
    if way == "native":
        meant = means_there(dialect, definition, target)
    played = frozenset[str]().union(*dialect.checked.values())
    return Column(dialect, way, answers(meant), _LEFT[meant.kill_mode], played)


def answers(service: Service) -> dict[str, Answer]:
    return {name: answer(service, event) for name, event in EVENTS.items()}


def answer(service: Service, event: Event) -> Answer:
    """Foresee one event. A hang at stop that no limit ends is one that lasts for ever."""
    try:
        seen = forecast(service, (event.ending,), times=event.times, uptime=event.uptime)
    except NotForeseen as problem:
        if event.ending.timeout == "stop":
            return Answer(up=True, starts=1, why=str(problem))
        return Answer(impossible=str(problem))
    return _told(seen, event)


def _told(seen: Forecast, event: Event) -> Answer:
    last = seen.moments[-1]
    verdict = next((moment.verdict for moment in reversed(seen.moments) if moment.verdict), None)
    up = seen.life.state not in RESTING
    return Answer(
        up=up,
        failed=seen.active is Active.FAILED,
        starts=seen.runs,
        after=round(last.at - event.since, 3),
        why=verdict.reason if verdict else last.why,
    )
