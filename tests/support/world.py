"""A world that obeys a service's orders in no time at all, on a clock that tests move.

The jobs and the rules are the real ones; only the processes are not: a process is a set of signals that it
ignores. What a test asks of the world happens at once, and all that follows from it.
"""

from collections import deque
from dataclasses import dataclass, field

from farmhand.supervisor.jobs import Jobs, Surroundings
from farmhand.supervisor.rules.conditions import Checked
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.jobs import Kind, Outcome
from farmhand.supervisor.rules.life import (
    AskRestart,
    Changed,
    CleanUp,
    Event,
    KillControl,
    RemovePidFile,
    Scene,
    Signal,
    SignalMain,
    Slot,
    Spawn,
    TakeMain,
)
from farmhand.supervisor.rules.lifecycle import step
from farmhand.supervisor.rules.notify import parse
from farmhand.supervisor.rules.relations import link
from farmhand.supervisor.rules.states import STOPPING, State
from farmhand.supervisor.unit import Unit
from farmhand.supervisor.waiting import Alarm
from farmhand.units.spec import Command, Service

FATAL = frozenset({"SIGTERM", "SIGKILL", "SIGABRT", "SIGHUP", "SIGINT", "SIGQUIT"})
_ENDED = {Slot.MAIN: Event.MAIN_ENDED, Slot.CONTROL: Event.CONTROL_ENDED}


def service(**directives):
    """Make a service from directives in snake case; an Exec… line is given as text."""
    lines = {"exec_start": "/bin/main", **directives}
    commands = {name: _commands(value) for name, value in lines.items() if name.startswith("exec_")}
    return Service(name="worker", **{**lines, **commands})


def _commands(lines):
    return tuple(
        Command(words=tuple(line.removeprefix("-").split()), ignore_failure=line.startswith("-"))
        for line in ([lines] if isinstance(lines, str) else lines)
        if line
    )


@dataclass
class Process:
    directive: str
    ignores: frozenset[str] = frozenset()
    late: bool = False


@dataclass
class World:
    """One service. log: (time, what happened), in the words of `said`. refuse: directives that cannot be spawned.

    daemon: the process left behind that may become the main one; it is one of the stragglers. moves: it already has.
    chance: what is drawn at random.
    """

    service: Service
    ignores: frozenset[str] = frozenset()
    refuse: frozenset[str] = frozenset()
    daemon: int | None = None
    moves: bool = False
    chance: float = 0.0
    now: float = 0.0
    log: list[tuple[float, str]] = field(default_factory=list)
    processes: dict[Slot, Process] = field(default_factory=dict)
    stragglers: list[Process] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _endings: deque = field(default_factory=deque)

    def __post_init__(self):
        self.unit = Unit(self.service)
        around = Surroundings(self.tell, lambda unit: Checked(), lambda: self.now, lambda at, do: Alarm(at, do), print)
        self.jobs = Jobs({self.unit.name: self.unit}, link([self.service]), around)

    @property
    def life(self):
        return self.unit.life

    @property
    def state(self):
        return self.unit.life.state

    def ask(self, kind: Kind):
        self.jobs.ask(self.unit, kind, self.outcomes.append)
        self._settle()

    def start(self):
        self.ask(Kind.START)

    def stop(self):
        self.ask(Kind.STOP)

    def restart(self):
        self.ask(Kind.RESTART)

    def reload(self):
        self.ask(Kind.RELOAD)

    def reset_failed(self):
        self.tell(self.unit, Event.RESET_FAILED)
        self._settle()

    def ends(self, exit: Exit, slot: Slot = Slot.MAIN, *, leaving: int = 0):
        """A process ends by itself, leaving so many others behind that react to signals as it did."""
        self.stragglers += [self.processes[slot]] * leaving
        self._endings.append((slot, exit))
        self._settle()

    def command_ends(self, code: int = 0):
        self.ends(Exit(code=code), Slot.CONTROL)

    def says(self, text: str):
        self.tell(self.unit, Event.MESSAGE, message=parse(text.encode()))
        self._settle()

    def writes_pid_file(self, pid: int):
        self.daemon = pid
        self.tell(self.unit, Event.PID_FILE)
        self._settle()

    def execs(self):
        self.tell(self.unit, Event.EXECUTED)
        self._settle()

    def pass_time(self, seconds: float):
        """Let time pass, stopping at each deadline on the way."""
        end = self.now + seconds
        while (due := self._next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.tell(self.unit, Event.TIMER if self.life.timer == due else Event.WATCHDOG)
            self._settle()
        self.now = end

    def said(self, start: float = 0.0):
        """Return what was ordered and reached since a time, without the times."""
        return [text for when, text in self.log if when >= start]

    def _next_deadline(self):
        return min((at for at in (self.life.timer, self.life.watchdog) if at is not None), default=None)

    def tell(self, unit, event, **what):
        scene = Scene(
            now=self.now,
            stragglers=bool(self.stragglers),
            stop_pending=self.jobs.has(unit, Kind.STOP),
            restart_pending=self.jobs.has(unit, Kind.RESTART),
            chance=self.chance,
            daemon=None if event is Event.MAIN_ENDED and not self.moves else self.daemon,
            **what,
        )
        unit.life, orders = step(unit.life, event, self.service, scene)
        for order in orders:
            if isinstance(order, Spawn) and order.directive in self.refuse:
                self.tell(unit, Event.REFUSED, refused=order.slot)
                return
            self._obey(order)
        alive = {Slot.MAIN: unit.life.main, Slot.CONTROL: unit.life.control}
        for slot in [slot for slot in self.processes if not alive[slot]]:
            given_up = self.processes.pop(slot)
            self.stragglers += [] if self._is_dying(slot) else [given_up]

    def _obey(self, order):
        match order:
            case Spawn():
                assert order.slot not in self.processes or self._may_give_up(order.slot), "a second process"
                self.stragglers += [self.processes[order.slot]] if order.slot in self.processes else []
                self.processes[order.slot] = Process(order.directive, self.ignores, self.state in STOPPING)
                self.log.append((self.now, f"spawn {order.directive}"))
            case Signal():
                self.log.append((self.now, f"send {' '.join(order.names)} to {'all' if order.everyone else 'main'}"))
                for name in order.names:
                    self._send(name, order.everyone)
            case SignalMain():
                self.log.append((self.now, f"send {' '.join(order.names)} to main alone"))
            case KillControl():
                self.log.append((self.now, "kill command"))
                self._endings.append((Slot.CONTROL, Exit(signal="SIGKILL")))
            case TakeMain():
                self.stragglers += [self.processes.pop(Slot.MAIN)] if Slot.MAIN in self.processes else []
                self.processes[Slot.MAIN] = self.stragglers.pop(0)
                self.log.append((self.now, f"follow {order.pid}"))
            case RemovePidFile():
                self.log.append((self.now, "remove PIDFile"))
            case CleanUp():
                self.log.append((self.now, f"clean up{' but RuntimeDirectory=' if order.keep_runtime else ''}"))
            case AskRestart():
                self.jobs.ask(self.unit, Kind.RESTART)
            case Changed():
                before, self.unit.shown = self.unit.shown, order.state
                if order.state is not before:
                    self.log.append((self.now, order.state.value))
                self.jobs.notice(self.unit, before, order.state)

    def _may_give_up(self, slot):
        """Only a command may have another one beside it: SendSIGKILL=no let it live, or SIGKILL was before its time."""
        return slot is Slot.CONTROL and (not self.service.send_sigkill or self.processes[slot].late)

    def _send(self, name, everyone):
        for slot, process in self.processes.items():
            if name in FATAL - process.ignores and not self._is_dying(slot):
                self._endings.append((slot, Exit(signal=name)))
        if everyone:
            self.stragglers = [other for other in self.stragglers if name not in FATAL - other.ignores]

    def _is_dying(self, slot):
        return any(slot is ending for ending, _ in self._endings)

    def _settle(self):
        """Let everything happen that follows, until nothing more does."""
        self.jobs.run()
        while self._endings:
            slot, exit = self._endings.popleft()
            if slot in self.processes:
                del self.processes[slot]
                self.tell(self.unit, _ENDED[slot], exit=exit)
            self._notice_empty_tree()
            self.jobs.run()
        self._notice_empty_tree()
        self.jobs.run()

    def _notice_empty_tree(self):
        if not self.processes and not self.stragglers and self.state is not State.DEAD:
            self.tell(self.unit, Event.TREE_EMPTY)


def started(ignores=(), **directives):
    """Return a world with a service that was asked to start; its processes ignore the signals named."""
    world = World(service(**directives), ignores=frozenset(ignores))
    world.start()
    return world
