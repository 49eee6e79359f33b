"""What `farmhand whatif` says: a service's next runs on a virtual clock. Nothing is started, nothing is waited for.

The rules are the very ones that the loop obeys: `step` decides, and here is only a world that is as simple as can be.
Commands succeed at once, the main process is ready at once and ends as it is told to, and whoever is sent a signal
dies of it; unless letting a deadline pass is what is asked about.
"""

from ...units.formats import tell_span
from ...units.light import Any, Literal, dataclass, field
from ...units.spec import INFINITY, Service
from .exitstatus import Exit, Result
from .life import AskRestart, Changed, Event, Life, Order, Scene, Signal, Slot, Spawn, TakeMain
from .lifecycle import step
from .notify import Message
from .restart import Verdict
from .states import RESTING, Active, State, active_state
from .why import waits, where

Deadline = Literal["start", "stop", "watchdog", "runtime"]

_UP = frozenset({State.RUNNING, State.EXITED})
_NOTIFIES = ("notify", "notify-reload")
_DAEMON = 1  # whichever process a forking start leaves behind
_NO_HANG = {"watchdog": "WatchdogSec", "runtime": "RuntimeMaxSec"}
_MOST_STEPS = 100_000


class NotForeseen(Exception):
    """The question makes no sense for this service; the text says why."""


@dataclass(frozen=True)
class Ending:
    """How a run ends: by itself, as `exit` says, because it lets this deadline pass, or as it is `asked` to."""

    exit: Exit | None = None
    timeout: Deadline | None = None
    asked: bool = False


@dataclass(frozen=True)
class Moment:
    """What happens at one time. at: seconds since the first start. states: those entered; verdict: what was decided.

    cause: why the first of them was entered; why: the last.
    """

    at: float
    states: tuple[State, ...]
    cause: str
    why: str
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Forecast:
    """All that happens, and how it ends: with `life`, after so many runs."""

    service: Service
    moments: tuple[Moment, ...]
    life: Life
    runs: int

    @property
    def limited(self) -> bool:
        """Say whether it is the start limit that ended it."""
        return self.life.verdict is not None and self.life.verdict.directive == "StartLimitBurst"

    @property
    def active(self) -> Active:
        return active_state(self.service, self.life.state)


def forecast(service: Service, endings: tuple[Ending, ...], *, times: int, uptime: float) -> Forecast:
    """Foresee so many runs that end as `endings` say, in turn, each `uptime` seconds after its start.

    If it is started once more then, it stays. Raises NotForeseen.
    """
    for ending in endings:
        if ending.timeout is not None:
            _check(service, ending.timeout)
    play = _Play(service, [endings[run % len(endings)] for run in range(times)], uptime)
    play.tell(Event.START)
    play.run()
    return Forecast(service, tuple(play.moments), play.life, play.runs)


def _check(service: Service, deadline: Deadline) -> None:
    """Refuse a deadline that the service cannot let pass."""
    limits = {
        "start": service.start_timeout,
        "stop": service.timeout_stop_sec,
        "watchdog": service.watchdog_sec or INFINITY,
        "runtime": service.runtime_max_sec if service.type != "oneshot" else INFINITY,
    }
    if deadline == "start" and service.type in ("simple", "idle", "exec"):
        raise NotForeseen(f"Type={service.type} has started as soon as its program has; no start can take too long")
    if limits[deadline] == INFINITY:
        name = _NO_HANG.get(deadline, f"Timeout{deadline.title()}Sec")
        raise NotForeseen(f"{name}= sets no limit; set it, or ask about another ending")


@dataclass
class _Process:
    """A process of the play. deaf: only SIGKILL ends it."""

    slot: Slot
    deaf: bool = False


@dataclass
class _Play:
    service: Service
    endings: list[Ending]
    uptime: float
    life: Life = field(default_factory=Life)
    now: float = 0.0
    runs: int = 0
    moments: list[Moment] = field(default_factory=list)
    alive: dict[Slot, _Process] = field(default_factory=dict)
    agenda: list[tuple[float, Event, dict[str, Any], _Process | None]] = field(default_factory=list)

    @property
    def ending(self) -> Ending | None:
        """How the present run ends; None for the one after the last that was asked about."""
        return self.endings[self.runs - 1] if 0 < self.runs <= len(self.endings) else None

    def run(self) -> None:
        """Let everything happen, until nothing is to come or the run after the last one is up."""
        for _ in range(_MOST_STEPS):
            if self.agenda and (self.life.timer is None or self.agenda[0][0] <= self.life.timer):
                self.now, event, what, process = self.agenda.pop(0)
                if process is None or self.alive.get(process.slot) is process:
                    self.tell(event, **what)
            elif self.life.state in _UP and self.ending is None:
                return
            elif (due := self._deadline()) is not None:
                self.now = max(self.now, due[0])
                self.tell(due[1])
            else:
                return

    def _deadline(self) -> tuple[float, Event] | None:
        """Return the next one; a service that is well keeps its watchdog content."""
        hangs = self.ending is not None and self.ending.timeout == "watchdog"
        due = [(self.life.timer, Event.TIMER), (self.life.watchdog if hangs else None, Event.WATCHDOG)]
        return min(((at, event) for at, event in due if at is not None), key=lambda pair: pair[0], default=None)

    def later(self, seconds: float, event: Event, process: _Process | None = None, **what: Any) -> None:
        self.agenda.append((self.now + seconds, event, what, process))
        self.agenda.sort(key=lambda entry: entry[0])  # stable: what was planned first happens first

    def tell(self, event: Event, **what: Any) -> None:
        if event is Event.MAIN_ENDED:
            self.alive.pop(Slot.MAIN)
        if event is Event.CONTROL_ENDED:
            self.alive.pop(Slot.CONTROL)
        before = self.life.verdict
        scene = Scene(now=self.now, **what)
        self.life, orders = step(self.life, event, self.service, scene)
        for order in orders:
            self._obey(order)
        if self.life.verdict is not before and self.moments:
            self._note((), self.moments[-1].why, self.life.verdict)
        nobody = not self.alive and event is not Event.TREE_EMPTY
        if nobody and self.life.state not in RESTING | _UP | {State.AUTO_RESTART}:
            self.later(0, Event.TREE_EMPTY)

    def _obey(self, order: Order) -> None:
        match order:
            case Spawn():
                self._spawn(order)
            case Signal():
                for process in list(self.alive.values()):
                    if not process.deaf or "SIGKILL" in order.names:
                        self._end(process, 0, Exit(signal=order.names[0]))
            case TakeMain():
                self._main_runs()
            case AskRestart():
                self.later(0, Event.STOP, restart_pending=True)
                self.later(0, Event.START)
            case Changed():
                self._note((order.state,), order.why)
            case _:
                pass

    def _spawn(self, order: Spawn) -> None:
        if order.directive == "ExecStart" and (order.slot is Slot.CONTROL or self.life.main_index == 0):
            self.runs += 1
        if order.slot is Slot.MAIN:
            self._main_runs()
            return
        process = self.alive[Slot.CONTROL] = _Process(Slot.CONTROL)
        if order.directive == "ExecStart" and self.ending is not None and self.ending.timeout == "start":
            return
        daemon = _DAEMON if order.directive == "ExecStart" else None
        self._end(process, 0, Exit(code=0), daemon=daemon)

    def _main_runs(self) -> None:
        """Plan what the main process does, from its first moment to its last."""
        ending = self.ending
        process = self.alive[Slot.MAIN] = _Process(Slot.MAIN)
        if self.service.type == "exec":
            self.later(0, Event.EXECUTED, process)
        if self.service.type in _NOTIFIES and not (ending and ending.timeout == "start"):
            self.later(0, Event.MESSAGE, process, message=Message(tells=("ready",)))
        if ending is None and self.service.type == "oneshot":
            self._end(process, self.uptime, Exit(code=0))
        elif ending is not None and ending.exit is not None:
            self._end(process, self.uptime, ending.exit)
        elif ending is not None and (ending.asked or ending.timeout == "stop"):
            process.deaf = not ending.asked
            self.later(self.uptime, Event.STOP, process, stop_pending=True)

    def _end(self, process: _Process, seconds: float, exit: Exit, **what: Any) -> None:
        ended = Event.MAIN_ENDED if process.slot is Slot.MAIN else Event.CONTROL_ENDED
        self.later(seconds, ended, process, exit=exit, **what)

    def _note(self, states: tuple[State, ...], why: str, verdict: Verdict | None = None) -> None:
        """Put what happens at the same time into one moment."""
        last, cause = self.moments[-1] if self.moments else None, why
        if last is not None and last.at == self.now:
            cause, states, verdict = last.cause, last.states + states, verdict or last.verdict
            self.moments.pop()
        self.moments.append(Moment(self.now, states, cause, why, verdict))


def describe(seen: Forecast) -> list[str]:
    """Return the forecast as lines: a table of its moments, and what is to be seen in the end."""
    rows = [(tell_span(moment.at), moment.states[-1].value, _told(seen.service, moment)) for moment in seen.moments]
    width = max(len(state) for _, state, _ in rows)
    lines = [f"{at:>9}  {state:<{width}}  {text}" for at, state, text in rows]
    return [f"{seen.service.name}:", *lines, f"in the end: {conclusion(seen)}"]


def conclusion(seen: Forecast) -> str:
    """Say what an operator would see in the end."""
    life, service = seen.life, seen.service
    starts = f"{seen.runs} start{'s' if seen.runs != 1 else ''}"
    if seen.limited:
        return f"failed, start limit hit after {starts}; result {life.result.value}"
    state = f"{seen.active.value} ({life.state.value})" if seen.active.value != life.state.value else life.state.value
    result = "" if life.result is Result.SUCCESS else f"; result {life.result.value}"
    delayed = life.state in _UP or service.type == "oneshot"
    return f"{state} after {starts}{result}" if delayed else f"{state} after {starts}, not started again{result}"


def _told(service: Service, moment: Moment) -> str:
    verdict = moment.verdict
    if verdict is None:
        return moment.why
    told = moment.cause in verdict.reason or verdict.directive == "StartLimitBurst"
    before = "" if told else f"{moment.cause}; "
    then = f"starts again in {waits(service, verdict)}" if verdict.restart else "not started again"
    return f"{before}{then}: {verdict.reason}{where(service, verdict.directive)}"
