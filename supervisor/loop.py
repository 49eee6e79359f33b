"""Runs services until told to stop: one thread that sleeps until something happens.

Each turn of the loop waits, tells the services what happened and obeys what they order, begins the jobs
whose turn has come, and only then writes the log: the restart of a service is spawned in the very turn in
which its exit is seen.
"""

import signal
from collections.abc import Callable, Iterable, Mapping
from types import FrameType

import sdnotify

from ..units.light import dataclass, field
from ..units.spec import Service
from . import answers
from .control import Answer, Handle, Request
from .execute import Journal
from .jobs import Jobs
from .narrate import Log, Narration, Narrator
from .obey import ORPHANS, Observers, Supervisor
from .platforms import Platform, native
from .rules.jobs import Kind
from .rules.life import Event
from .rules.ordering import link
from .rules.states import RESTING, State
from .unit import Unit
from .waiting import Waiter

Attach = Callable[[Waiter, Handle], None]

_STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Shell:
    """What surrounds the services. All of it may be left out.

    environment: what every service starts from. journal: returns the descriptor for a service's output. log_path: the
    file that it ends up in. last_line: the last of it. attach: called once with the waiter and the handler of requests,
    for the control socket and for whatever else wants to be waited for. narration: who tells of changes; else they are
    logged, one line each.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    journal: Journal = lambda name: 2
    log_path: answers.LogPath = lambda name: None
    last_line: Callable[[str], str] = lambda name: ""
    attach: Attach = lambda waiter, handle: None
    log: Log = lambda line: print(line, flush=True)
    narration: Narration | None = None


class Loop:
    """The services of one farm and the loop around them."""

    def __init__(self, services: Iterable[Service], shell: Shell, platform: Platform) -> None:
        self.units: dict[str, Unit] = {}
        self.waiter = Waiter()
        self.narrator = shell.narration or Narrator(shell.log, shell.last_line)
        self.jobs = Jobs(self.units, link(()), self._tell)
        self.supervisor = Supervisor(
            self.units, platform, self.waiter, shell.environment, shell.journal, self._observers(shell.log)
        )
        self.stopping = False
        self._platform = platform
        self._shell = shell
        self._signals: list[int] = []
        self._parent = sdnotify.SystemdNotifier()
        self.add(*services)

    def add(self, *services: Service) -> None:
        """Take services in, at rest."""
        self.units.update((service.name, Unit(service)) for service in services)
        self.jobs.links = link(unit.service for unit in self.units.values())

    def _observers(self, log: Log) -> Observers:
        return Observers(
            changed=self._changed,
            restart=lambda unit: self.jobs.ask(unit, Kind.RESTART),
            log=log,
            stop_pending=lambda unit: self.jobs.has(unit, Kind.STOP),
            restart_pending=lambda unit: self.jobs.has(unit, Kind.RESTART),
        )

    def _tell(self, unit: Unit, event: Event) -> None:
        self.supervisor.tell(unit, event)

    def _changed(self, unit: Unit, state: State, why: str) -> None:
        self.narrator.changed(unit, state, why)
        self.jobs.notice(unit, state)

    def handle(self, request: Request, answer: Answer) -> None:
        answers.handle(self._desk, request, answer)

    def run(self, start: Iterable[str]) -> int:
        """Start the named services and serve until told to stop; returns the exit code."""
        self._platform.adopt_orphans()
        for number in _STOPPING_SIGNALS:
            signal.signal(number, self._on_signal)
        self.waiter.watch(self._platform.fileno(), ORPHANS, self.supervisor.look_at_trees)
        self._desk = answers.Desk(self.supervisor, self.jobs, self.stop, lambda: self.stopping, self._shell.log_path)
        self._shell.attach(self.waiter, self.handle)
        self._start(start)
        while not self._finished():
            self.waiter.wait()
            self._obey_signals()
            self._settle()
        self.waiter.close()
        return 0

    def _settle(self) -> None:
        self.jobs.run()
        self.narrator.flush()

    def _start(self, names: Iterable[str]) -> None:
        """Start services; whoever started this process is told when all of them are up."""
        waiting = set(names)

        def settled(name: str) -> None:
            waiting.discard(name)
            if not waiting and not self.stopping:
                self._parent.notify(f"READY=1\nSTATUS=supervising {len(self.units)} services")

        for name in list(waiting):
            self.jobs.ask(self.units[name], Kind.START, lambda outcome, name=name: settled(name))  # type: ignore[misc]
        self._settle()

    def stop(self) -> None:
        """Stop all services, in reverse order, and then end."""
        if self.stopping:
            return
        self.stopping = True
        self._parent.notify("STOPPING=1")
        for unit in self.units.values():
            self.jobs.ask(unit, Kind.STOP)

    def _kill(self) -> None:
        """Somebody is in a hurry: end every process now."""
        for unit in self.units.values():
            unit.signal(("SIGKILL",), everyone=True)

    def _finished(self) -> bool:
        rests = all(unit.life.state in RESTING for unit in self.units.values())
        return self.stopping and rests and not self.jobs.pending

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Only take note: the platform's descriptor ends the wait."""
        self._signals.append(number)

    def _obey_signals(self) -> None:
        while self._signals:
            name = signal.Signals(self._signals.pop(0)).name
            if self.stopping:
                self._shell.log(f"{name} again: killing everything")
                self._kill()
            else:
                self._shell.log(f"{name}: stopping all services; once more to kill them")
                self.stop()


def run(services: Iterable[Service], shell: Shell | None = None, *, platform: Platform | None = None) -> int:
    """Run services until SIGTERM or SIGINT; returns the exit code, 0."""
    services = tuple(services)
    loop = Loop(services, shell or Shell(), platform or native())
    return loop.run([service.name for service in services])
