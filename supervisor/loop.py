"""Runs services until told to stop: one thread that sleeps until something happens.

Each turn of the loop waits, tells the services what happened and obeys what they order, begins the jobs
whose turn has come, and only then writes the log: the restart of a service is spawned in the very turn in
which its exit is seen.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping

from ..units import machine
from ..units.light import Any, dataclass, field, replace
from ..units.settings import Settings
from ..units.spec import Service
from ..units.statuses import signal_number
from .control.protocol import Answer, Handle, Request
from .definitions.catalog import Catalog
from .definitions.current import Definitions
from .definitions.unit_paths import Index
from .execution import environment
from .execution.execute import Premises
from .execution.streams import Journal, settled
from .gate import Gate
from .jobs import Jobs, Surroundings
from .narrate import Log, Narration, Narrator
from .obey import ORPHANS, Observers, Supervisor
from .parent import Parent
from .platforms import Platform, Tree, limits, native
from .relatives import trigger_of
from .rules.conditions import Checked
from .rules.exitstatus import CLEAN_RESULTS
from .rules.jobs import Kind
from .rules.pulls import Refused
from .rules.relations import link
from .rules.states import RESTING, State
from .succession import handover
from .succession.records import Records
from .unit import Unit
from .waiting import Waiter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .control.desk import Desk

Attach = Callable[[Waiter, Handle], None]

_PATIENCE = 2.0  # seconds for processes to be set up before this program is replaced
_PAUSE = 0.005


@dataclass
class Shell:
    """What surrounds the services. All of it may be left out.

    environment: what every service starts from. journal: returns the descriptor for a service's output. folders: those
    that specifiers stand for, by their letters. files: the limit of open files, soft and hard, that this process was
    started with. default_output, default_error: StandardOutput= and StandardError= of
    services that do not say. log_path: the file that the output ends up in. last_line: the last of it. attach: called
    once with the waiter and the handler of requests, for the control socket and for whatever else wants to be waited
    for. narration: who tells of changes; else they are logged, one line each. catalog: where units are found that are
    named later.
    forget: called with the name of a service that is there no more.
    records: where services are remembered. inherited: what an earlier supervisor left. leftovers: what is asked of all
    services at the start, also of those that run already: START or RESTART. exit_with: the service whose end ends the
    supervisor, with its exit code. up: called when all that was to be started is.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    journal: Journal = lambda name: 2
    folders: Mapping[str, str] = field(default_factory=machine.folders)
    files: tuple[int, int] | None = field(default_factory=limits.open_files)
    default_output: str = "journal"
    default_error: str = "inherit"
    log_path: Callable[[str], str | None] = lambda name: None
    last_line: Callable[[str], str] = lambda name: ""
    attach: Attach = lambda waiter, handle: None
    log: Log = lambda line: print(line, flush=True)
    narration: Narration | None = None
    catalog: Catalog | None = None
    forget: Callable[[str], None] = lambda name: None
    records: Records | None = None
    inherited: handover.Inherited | None = None
    leftovers: Kind = Kind.START
    exit_with: str = ""
    up: Callable[[], None] = lambda: None


def _premises(shell: Shell, platform: Platform) -> Premises:
    path = shell.environment.get("PATH", os.defpath)
    return Premises(shell.journal, shell.folders, path, shell.files, platform.impossible)


class Loop:
    """The services of one farm and the loop around them."""

    def __init__(self, services: Iterable[Service], shell: Shell, platform: Platform) -> None:
        self.units: dict[str, Unit] = {}
        self.waiter = Waiter(platform.clock, platform.selector())
        self.narrator = shell.narration or Narrator(shell.log, shell.last_line)
        self.jobs = Jobs(self.units, link(()), self._surroundings(shell))
        self._gate = Gate(lambda: bool(self.jobs.pending))
        self.supervisor = Supervisor(
            self.units, platform, self.waiter, shell.environment, _premises(shell, platform), self._observers(shell.log)
        )
        self.stopping = False
        self._platform = platform
        self._shell = shell
        self._signals: list[str] = []
        self._watchers: list[Callable[[], bool]] = []
        self._parent = Parent(self.waiter, os.environ)
        self._leave: Callable[[], object] | None = None
        self.definitions = Definitions(
            shell.catalog or Catalog(machine={}, index=Index(()), tell=shell.log),
            self.units,
            lambda found: self.add(*found),
            self.drop,
            shell.log,
            self._configure,
        )
        self.add(*services)

    def add(self, *services: Service) -> None:
        """Take services in, at rest; those that are there already are what these say from now on."""
        for service in map(self._settled, services):
            if service.name in self.units:
                self.units[service.name].service = service
            else:
                self.units[service.name] = Unit(service)
        self.jobs.links = link(unit.service for unit in self.units.values())

    def drop(self, names: Iterable[str]) -> None:
        """Forget services that rest."""
        for name in names:
            unit = self.units.pop(name)
            self.supervisor.part_with(unit)
            self._shell.forget(name)
        self.jobs.links = link(unit.service for unit in self.units.values())

    def reload(self) -> tuple[list[str], list[str]]:
        """Read all files again, and tell whoever started this process; see `Definitions.reload`."""
        if self._parent.is_told:
            self._parent.reloading()
        found = self.definitions.reload()
        for note in found[1]:
            self._shell.log(note)
        if self._parent.is_told:
            self._parent.ready(len(self.units))
        return found

    def _configure(self, settings: Settings) -> None:
        """Put into force what the files say for the supervisor itself, as far as that can change now."""
        shell = self._shell
        shell.environment = self.supervisor.common = environment.base(os.environ, settings.default_environment)
        shell.default_output = settings.default_standard_output or "journal"
        shell.default_error = settings.default_standard_error or "inherit"
        self.supervisor.premises = replace(self.supervisor.premises, path=shell.environment.get("PATH", os.defpath))

    def _settled(self, service: Service) -> Service:
        return settled(service, self._shell.default_output, self._shell.default_error)

    def _observers(self, log: Log) -> Observers:
        return Observers(
            changed=self._changed,
            restart=self._restart,
            trigger=lambda unit: trigger_of(unit, self.units, self.jobs.links),
            log=log,
            stop_pending=lambda unit: self.jobs.has(unit, Kind.STOP),
            restart_pending=lambda unit: self.jobs.has(unit, Kind.RESTART),
            announce=self._announce,
            gate=self._gate.descriptor,
        )

    def _surroundings(self, shell: Shell) -> Surroundings:
        return Surroundings(
            tell=lambda unit, event: self.supervisor.tell(unit, event),
            check=self._check,
            now=self.waiter.now,
            at=self.waiter.at,
            log=shell.log,
            problem=lambda name: self.definitions.problem(name),
            closing=lambda: self.stopping,
        )

    def _announce(self, unit: Unit) -> None:
        if self._shell.records is not None:
            self._shell.records.announce(unit)

    def _check(self, unit: Unit) -> Checked:
        checked = Checked()
        if unit.service.conditions or unit.service.asserts:
            from .conditions import Checks  # few services have any, and it takes memory

            checked = Checks(self._shell.environment, self._shell.log).check(unit)
        unit.stamps.conditions = now = time.time()
        if checked.conditions_met:
            unit.stamps.asserts = now
        return checked

    def _restart(self, unit: Unit) -> None:
        try:
            self.jobs.ask(unit, Kind.RESTART)
        except Refused as refused:
            self._shell.log(f"{unit.name}: it is not restarted: {refused}")

    def _changed(self, unit: Unit, state: State, why: str) -> None:
        self.narrator.changed(unit, state, why)
        before, unit.shown = unit.shown, state
        self.jobs.notice(unit, before, state)
        self._parent.failed(unit.name, now=state is State.FAILED)

    def handle(self, request: Request, answer: Answer) -> None:
        from .control import answers  # what only requests need takes memory

        answers.handle(self._desk(), request, answer)

    def rejoin(self, request: Request, answer: Answer) -> None:
        from .control import answers

        answers.rejoin(self._desk(), request, answer)

    def _desk(self) -> "Desk":
        from .control.desk import Desk

        return Desk(
            self.supervisor,
            self.jobs,
            self.stop,
            lambda: self.stopping,
            self._shell.log_path,
            self.definitions,
            self._watchers.append,
            self.reload,
        )

    def run(self, start: Iterable[str]) -> int:
        """Start the named services and serve until told to stop; returns the exit code."""
        self._platform.on_signals(self._signals.append)  # which only takes note: the platform ends the wait
        self._platform.adopt_orphans()
        self.waiter.watch(self._platform.fileno(), ORPHANS, self.supervisor.look_at_trees)
        if inherited := self._shell.inherited:
            self._inherit(inherited)
        self._shell.attach(self.waiter, self.handle)
        self._start(start, anew=inherited is None or not inherited.own)
        self.supervisor.look_at_trees()
        self._take_stock()
        while not self._finished():
            self.waiter.wait()
            self._take_stock()
        self.waiter.close()
        return self._exit_code()

    def _take_stock(self) -> None:
        """Do what follows from what was just heard of."""
        self._obey_signals()
        self._settle()
        self._leave_if_possible()

    def _inherit(self, inherited: handover.Inherited) -> None:
        """Take over what was left. What is in no file any more runs on in the same process, else it is stopped."""
        self.definitions.find(inherited.units)
        gone = [name for name in inherited.units if name not in self.units]
        self.add(*(Service(name, description="in no file any more") for name in gone))
        self.definitions.gone.update(gone)
        for name, values in inherited.units.items():
            handover.restore(self.units[name], values, self.supervisor, own=inherited.own)
        self.jobs.resume(inherited.jobs)
        self.stopping = inherited.stopping
        for unit in [] if inherited.own else [self.units[name] for name in inherited.units]:
            self.supervisor.note_the_lost(unit)
        if not inherited.own:
            self.jobs.ask_all([name for name in gone if self.units[name].life.state not in RESTING], Kind.STOP)

    def kept(self, heirs: list[int]) -> dict[str, Any]:
        """Return all of this as plain data, for the program that replaces this one, and name the descriptors in it."""
        units = {name: handover.of_unit(unit, heirs) for name, unit in self.units.items()}
        return {"units": units, "jobs": self.jobs.kept(), "stopping": self.stopping}

    def leave(self, go: Callable[[], object]) -> None:
        """Call `go`, which replaces this program, at the end of the first turn in which nothing is half done."""
        self._leave = go
        self._patience = self.waiter.now() + _PATIENCE

    def _leave_if_possible(self) -> None:
        if self._leave is None:
            return
        if (self.waiter.is_due() or self._is_setting_up()) and self.waiter.now() < self._patience:
            self.waiter.at(self.waiter.now() + _PAUSE, lambda: None)
            return
        go, self._leave = self._leave, None
        self._parent.reloading()
        go()
        self._parent.ready(len(self.units))  # it could not be replaced

    def _is_setting_up(self) -> bool:
        """Say whether some process may still be refused, which the next program would not hear of."""
        return any(self._is_open(tree) for unit in self.units.values() for tree in unit.all_trees())

    def _is_open(self, tree: Tree) -> bool:
        report = tree.exec_fileno()
        refused = tree.poll() is None and tree.refusal() is not None
        return report is not None and (refused or self.waiter.watches(report))

    def _settle(self) -> None:
        self.jobs.run()
        self._follow_the_chosen()
        self.jobs.run()
        self._gate.open_if_idle()
        self.supervisor.tidy()
        self.definitions.drop_gone()
        self._watchers[:] = [watcher for watcher in self._watchers if not watcher()]
        self.narrator.flush()
        self._parent.flush()
        if self._shell.records is not None:
            for unit in self.supervisor.touched:
                self._shell.records.write(unit)
        self.supervisor.touched.clear()

    def _follow_the_chosen(self) -> None:
        chosen = self.units.get(self._shell.exit_with)
        if chosen and not self.stopping and chosen.life.state in RESTING and not self.jobs.has(chosen, *Kind):
            self._shell.log(f"{chosen.name} has ended for good: stopping all services (--exit-with)")
            self.stop()

    def _exit_code(self) -> int:
        """Return 0, or what the chosen service ended with: 128 and more for signals, as a shell would."""
        chosen = self.units.get(self._shell.exit_with)
        if chosen is None:
            return 0
        exit = chosen.life.exit
        if exit is None or exit.lost:
            return 0 if chosen.life.result in CLEAN_RESULTS else 1
        return exit.code or 0 if exit.signal is None else 128 + signal_number(exit.signal)

    def _start(self, names: Iterable[str], *, anew: bool) -> None:
        """Start services, anew or going on with it; whoever started this process is told when all of them are up."""
        names = list(names)
        waiting = set(names)

        def settled(name: str) -> None:
            waiting.discard(name)
            if not waiting and not self.stopping:
                self._parent.ready(len(self.units))
                self._shell.up()

        self._parent.watch_over()
        if self._shell.records is not None:
            self._shell.records.promise(self.units.values())
        if anew:
            self.jobs.ask_all(names, self._shell.leftovers)
        self.jobs.run()
        for name in names:
            self.jobs.when_settled(name, lambda outcome, name=name: settled(name))  # type: ignore[misc]
        self._settle()

    def stop(self) -> None:
        """Stop all services, in reverse order, and then end."""
        if self.stopping:
            return
        self.stopping = True
        self._parent.stopping()
        self.jobs.ask_all(self.units, Kind.STOP, lasting=True)

    def _kill(self) -> None:
        """Somebody is in a hurry: end every process now."""
        for unit in self.units.values():
            unit.signal(("SIGKILL",), everyone=True)

    def _finished(self) -> bool:
        rests = all(unit.life.state in RESTING for unit in self.units.values())
        return self.stopping and rests and not self.jobs.pending

    def _obey_signals(self) -> None:
        while self._signals:
            name = self._signals.pop(0)
            if name == "SIGHUP" and os.getpid() == 1:  # there is no terminal to be hung up
                self._shell.log("SIGHUP: reading the files again")
                self.reload()
            elif self.stopping:
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
