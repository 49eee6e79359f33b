"""Tells services what happened to them, and obeys the orders that follow.

`Supervisor.tell` is the one door to the rules: it sets the scene, takes the step, and carries out what was
ordered. It decides nothing; whoever wants to know of changes is called back.
"""

import errno
import os
import time
from collections.abc import Callable, Mapping

from ..units.light import assert_never, dataclass, field, replace
from . import daemons
from .execution import credentials, environment, execute, folders, resources
from .platforms import MARK, NotifySocket, Platform, Tree
from .platforms.spare import has_spare_files
from .rules import notify, watchdog
from .rules.exitstatus import Exit
from .rules.life import (
    AskRestart,
    Changed,
    CleanUp,
    Event,
    KillControl,
    Order,
    RemovePidFile,
    Scene,
    Signal,
    SignalMain,
    Slot,
    Spawn,
    TakeMain,
)
from .rules.lifecycle import step
from .rules.states import FINAL, RESTING, STOPPING, State
from .unit import Unit
from .waiting import Waiter

# Ranks of the descriptors that are ready at the same moment: what was told first is heard first.
# Of two processes that ended, the main one: it is the older, and its end may make that of a command unimportant.
MESSAGES, EXECUTIONS, MAIN_EXITS, EXITS, ORPHANS, REQUESTS = range(6)

_ENDING = STOPPING | FINAL
# These wait for nothing but the end of the last process.
_UNTIL_EMPTY = _ENDING | {State.STOP_POST, State.START, State.START_POST, State.RUNNING}


@dataclass(frozen=True)
class Observers:
    """Who is called back: when a state is entered, when a restart is due, and with lines for the log."""

    changed: Callable[[Unit, State, str], None]
    restart: Callable[[Unit], None]
    log: Callable[[str], None]
    stop_pending: Callable[[Unit], bool]
    restart_pending: Callable[[Unit], bool]
    announce: Callable[[Unit], None] = lambda unit: None  # before a process is started
    gate: Callable[[], int | None] = lambda: None  # what a process of an idle service waits at
    trigger: Callable[[Unit], Unit | None] = lambda unit: None  # the one that OnFailure= or OnSuccess= may start it for


@dataclass
class Supervisor:
    """The units and the machine. common: the environment that every service starts from."""

    units: dict[str, Unit]
    platform: Platform
    waiter: Waiter
    common: Mapping[str, str]
    premises: execute.Premises
    observers: Observers
    haunted: set[Unit] = field(default_factory=set)
    touched: set[Unit] = field(default_factory=set)  # by an event, since somebody last emptied it
    _looking: bool = False
    _empty: list[Tree] = field(default_factory=list)

    def tell(
        self,
        unit: Unit,
        event: Event,
        *,
        exit: Exit | None = None,
        message: notify.Message | None = None,
        refused: Slot | None = None,
        executed: bool = True,
        daemon: int | None = None,
    ) -> None:
        """Bring an event to a service and do what follows from it."""
        scene = Scene(
            now=self.waiter.now(),
            stragglers=_may_matter(unit, event, message) and unit.stragglers(),
            stop_pending=self.observers.stop_pending(unit),
            restart_pending=self.observers.restart_pending(unit),
            exit=exit,
            message=message,
            refused=refused,
            executed=executed,
            daemon=daemon,
            chance=_chance() if unit.service.runtime_randomized_extra_sec else 0.0,
        )
        self.touched.add(unit)
        unit.life, orders = step(unit.life, event, unit.service, scene)
        for order in orders:
            if not self._obey(unit, order):
                assert isinstance(order, Spawn)
                self.tell(unit, Event.REFUSED, refused=order.slot)
                return
        self._let_go(unit)
        self._set_alarm(unit)
        self._await_pid_file(unit)

    def _obey(self, unit: Unit, order: Order) -> bool:
        """Carry out one order; False if a process could not be started."""
        match order:
            case Spawn():
                return self._spawn(unit, order)
            case Signal():
                unit.signal(order.names, everyone=order.everyone)
            case SignalMain():
                if Slot.MAIN in unit.trees:
                    for name in order.names:
                        unit.trees[Slot.MAIN].signal(name, whom="main")
            case KillControl():
                if Slot.CONTROL in unit.trees:
                    unit.trees[Slot.CONTROL].signal("SIGKILL", whom="main")
            case TakeMain():
                self._take_main(unit, order.pid)
            case RemovePidFile():
                daemons.remove_pid_file(unit)
            case CleanUp():
                credentials.remove(unit.service, self.premises.bases)
                if not order.keep_runtime:
                    folders.remove(unit.service, self.premises.bases)
            case AskRestart():
                self.observers.restart(unit)
            case Changed():
                unit.note_state(order.state, time.time())
                self.observers.changed(unit, order.state, order.why)
            case _:
                assert_never(order)
        return True

    def _spawn(self, unit: Unit, order: Spawn) -> bool:
        if unit.shown in RESTING and not unit.trees:
            unit.invocation, unit.following = unit.following or os.urandom(16).hex(), os.urandom(16).hex()
            unit.ran.clear()
        try:
            tree = self._begin(unit, order)
        except OSError as error:
            self.observers.log(f"{unit.name}: cannot start {order.directive}={order.command.words[0]}: {error}")
            return False
        self._keep(unit, order.slot, tree)
        unit.note_start(order.directive, order.command, tree.pid, time.time())
        return True

    def _begin(self, unit: Unit, order: Spawn) -> Tree:
        """Start a process; raises OSError."""
        service = unit.service
        if not has_spare_files(restart=unit.main_pid != 0):
            raise OSError(errno.EMFILE, "too many files are open; raise the limit that the supervisor is started with")
        self._open_socket(unit)
        own = environment.of_start(
            service,
            unit.life,
            order,
            self.premises.bases,
            main_pid=daemons.told_id(unit, self.platform.spent_id) if order.slot is Slot.CONTROL else 0,
            notify_address=unit.socket.address if unit.socket else None,
            invocation=unit.invocation,
        )
        if (trigger := self.observers.trigger(unit)) is not None:
            own |= environment.of_trigger(order, trigger.name, trigger.life, trigger.invocation)
        self.observers.announce(unit)
        self._share(unit)
        env = environment.compose(service, self.common, own)
        mark = unit.invocation if env.get(MARK) == unit.invocation else ""  # the service may choose to be without
        gate = self.observers.gate() if service.type == "idle" else None
        with execute.order(service, order, env, mark, self.premises, gate) as ready:
            return self.platform.spawn(ready)

    def _share(self, unit: Unit) -> None:
        """Give the service its share of the machine; say once what it does not get, if that was not known before."""
        lost = resources.give(unit.service, self.platform)
        if lost:
            told = self.platform.unmet(unit.service)
            lost = tuple(name for name in lost if name not in told)
        if lost and lost != unit.not_in_force:
            names = ", ".join(f"{name}=" for name in lost)
            self.observers.log(f"{unit.name}: not in force: {names}: no control group for it can be set up here")
        unit.not_in_force = lost

    def _keep(self, unit: Unit, slot: Slot, tree: Tree) -> None:
        """Watch a new process until it ends; learn whether its program was executed, if that is worth knowing."""
        if slot in unit.trees:  # SendSIGKILL=no let it live
            unit.leftovers.append(unit.trees[slot])
        unit.trees[slot] = tree
        self._watch(unit, slot, tree)
        if slot is Slot.MAIN:
            unit.main_pid, unit.followed = tree.pid, False
            unit.stamps.main_start = time.time()
        if (report := tree.exec_fileno()) is not None:
            self.waiter.watch(report, EXECUTIONS, lambda: self._executed(unit, slot, tree))
        elif slot is Slot.MAIN and unit.service.type == "exec" and tree.refusal() is None:
            self.waiter.at(self.waiter.now(), lambda: self._tell_executed(unit, tree))

    def _watch(self, unit: Unit, slot: Slot, tree: Tree) -> None:
        rank = MAIN_EXITS if slot is Slot.MAIN else EXITS
        self.waiter.watch(tree.fileno(), rank, lambda: self._ended(unit, slot, tree))

    def resume(self, unit: Unit, *, own: bool) -> None:
        """Wait again for what a unit waited for. own: in this very process; else in one that died since."""
        for slot, tree in unit.trees.items():
            self._watch(unit, slot, tree)
        for tree in unit.leftovers:
            if tree.poll() is None:  # given up on, and alive
                self._watch(unit, Slot.CONTROL, tree)
        if unit.socket is not None:
            self._listen(unit, unit.socket)
        if unit.life.state is State.START and unit.service.type == "exec" and (main := unit.trees.get(Slot.MAIN)):
            self.waiter.at(self.waiter.now(), lambda: self._tell_executed(unit, main))
        if not own and unit.life.watchdog is not None:  # nobody heard it meanwhile
            pause = watchdog.deadline(unit.service, unit.life.watchdog_sec, self.waiter.now())
            unit.life = replace(unit.life, watchdog=pause)
        self._let_go(unit)
        self._set_alarm(unit)
        self._await_pid_file(unit)

    def note_the_lost(self, unit: Unit) -> None:
        """Tell a unit of those of its processes that ended while nobody was there to see it."""
        for slot, event in ((Slot.MAIN, Event.MAIN_ENDED), (Slot.CONTROL, Event.CONTROL_ENDED)):
            if slot in unit.trees:
                self._ended(unit, slot, unit.trees[slot])
            elif unit.life.main if slot is Slot.MAIN else unit.life.control:
                self.tell(unit, event, exit=Exit(lost=True), daemon=daemons.find(unit))

    def _take_main(self, unit: Unit, pid: int) -> None:
        """Follow another process of the service as its main one."""
        if pid == unit.pid(Slot.MAIN):
            return
        control = unit.trees.get(Slot.CONTROL)
        if control is not None and pid in control.members():  # that is watched for the command's own end
            unit.next_main = pid
            return
        tree = daemons.tree_of(unit, pid)
        before = tree.fileno() if tree else -1
        if tree is None or not tree.lead(pid):
            self.observers.log(f"{unit.name}: process {pid} cannot be followed as the main one")
            if Slot.MAIN not in unit.trees:
                self.waiter.at(self.waiter.now(), lambda: self.tell(unit, Event.MAIN_LOST))
            return
        self.waiter.forget(before)
        unit.leftovers = [other for other in (*unit.leftovers, *_main(unit)) if other is not tree]
        unit.trees[Slot.MAIN] = tree
        unit.main_pid, unit.stamps.main_start, unit.followed = pid, time.time(), True
        self._watch(unit, Slot.MAIN, tree)

    def _await_pid_file(self, unit: Unit) -> None:
        """Look for PIDFile= now and then, as long as it is waited for."""
        if unit.life.awaits_pid_file and not unit.looks_for_pid_file:
            unit.looks_for_pid_file = True
            self.waiter.at(self.waiter.now() + daemons.LOOK_AGAIN, lambda: self._look_for_pid_file(unit))

    def _look_for_pid_file(self, unit: Unit) -> None:
        unit.looks_for_pid_file = False
        if unit.life.awaits_pid_file and (daemon := daemons.find(unit)) is not None:
            self.tell(unit, Event.PID_FILE, daemon=daemon)
        self._await_pid_file(unit)

    def _executed(self, unit: Unit, slot: Slot, tree: Tree) -> None:
        report = tree.exec_fileno()
        if report is not None:
            self.waiter.forget(report)
        if tree.refusal() is None and slot is Slot.MAIN and unit.service.type == "exec":
            self._tell_executed(unit, tree)

    def _tell_executed(self, unit: Unit, tree: Tree) -> None:
        if unit.trees.get(Slot.MAIN) is tree:
            self.tell(unit, Event.EXECUTED)

    def _ended(self, unit: Unit, slot: Slot, tree: Tree) -> None:
        """The first process of a tree ended."""
        exit = tree.poll()
        if exit is None:
            return
        self.waiter.forget(tree.fileno())
        refusal = tree.refusal()
        if refusal is not None:
            self.observers.log(f"{unit.name}: {refusal}")
        if unit.trees.get(slot) is not tree:  # given up on before
            self._drop_empty(unit)
            return
        del unit.trees[slot]
        unit.leftovers.append(tree)
        unit.note_end(tree.pid, exit, time.time())
        if slot is Slot.CONTROL and (named := unit.next_main):
            unit.next_main = 0
            self._take_main(unit, named)
        if slot is Slot.MAIN:
            unit.stamps.main_exit = time.time()
        if slot is Slot.MAIN and exit.lost and unit.followed:
            self.tell(unit, Event.MAIN_LOST)
        elif slot is Slot.MAIN:
            ran = refusal is None or _is_there(unit)
            self.tell(unit, Event.MAIN_ENDED, exit=exit, executed=ran, daemon=daemons.moved(unit))
        else:
            self.tell(unit, Event.CONTROL_ENDED, exit=exit, daemon=daemons.find(unit))

    def _drop_empty(self, unit: Unit) -> None:
        """Part with the trees that nobody is left in."""
        for tree in [tree for tree in unit.leftovers if tree.poll() is not None and not tree.members()]:
            for fd in (tree.fileno(), tree.exec_fileno()):
                if fd is not None:
                    self.waiter.forget(fd)
            unit.leftovers.remove(tree)
            self._empty.append(tree)

    def tidy(self) -> None:
        """Close the trees that are empty: that can wait until what is to be started has been."""
        while self._empty:
            self._empty.pop().close()

    def _let_go(self, unit: Unit) -> None:
        """Part with processes that the rules gave up on, and remember whose trees may still have members."""
        for slot in [slot for slot in unit.trees if not (unit.life.main if slot is Slot.MAIN else unit.life.control)]:
            unit.leftovers.append(unit.trees.pop(slot))
        left = bool(unit.leftovers)
        if left:
            self._drop_empty(unit)
        deserted = left and not unit.leftovers and not unit.trees  # since just now: whose end could still tell of it?
        if unit.leftovers or (deserted and unit.life.state in _UNTIL_EMPTY) or unit.life.state in _ENDING:
            self.haunted.add(unit)
            if unit.trees or unit.leftovers:
                self._look_later()
            else:  # nobody is left whose end could be told
                self.waiter.at(self.waiter.now(), self.look_at_trees)
        else:
            self.haunted.discard(unit)

    def look_at_trees(self) -> None:
        """Some descendant ended: tell those whose last process that was."""
        self.platform.reap_strangers()
        for unit in list(self.haunted):
            self._drop_empty(unit)
            waits = unit.life.state in _UNTIL_EMPTY and not unit.trees
            if waits and not unit.leftovers:
                self.tell(unit, Event.TREE_EMPTY)
            elif not unit.leftovers and unit.life.state not in _ENDING:
                self.haunted.discard(unit)
        self._look_later()

    def _look_later(self) -> None:
        """Where the platform does not tell of every end, look again after a while."""
        if self.platform.look_again is None or self._looking or not self.haunted:
            return
        self._looking = True
        self.waiter.at(self.waiter.now() + self.platform.look_again, self._look_again)

    def _look_again(self) -> None:
        self._looking = False
        self.look_at_trees()

    def _set_alarm(self, unit: Unit) -> None:
        """Wake the service at the earlier of its deadlines; an alarm that comes too early sets itself anew."""
        deadlines = [at for at in (unit.life.timer, unit.life.watchdog) if at is not None]
        earliest = min(deadlines, default=None)
        if unit.alarm is not None and (earliest is None or unit.alarm.at > earliest):
            unit.alarm.cancelled = True
            unit.alarm = None
        if earliest is not None and unit.alarm is None:
            unit.alarm = self.waiter.at(earliest, lambda: self._ring(unit))

    def _ring(self, unit: Unit) -> None:
        unit.alarm = None
        now = self.waiter.now()
        if unit.life.timer is not None and unit.life.timer <= now:
            self.tell(unit, Event.TIMER)
        elif unit.life.watchdog is not None and unit.life.watchdog <= now:
            self.tell(unit, Event.WATCHDOG)
        else:
            self._set_alarm(unit)

    def _open_socket(self, unit: Unit) -> None:
        if unit.socket is None and notify.access(unit.service) != "none":
            unit.socket = self.platform.notify_socket()
            self._listen(unit, unit.socket)

    def _listen(self, unit: Unit, socket: NotifySocket) -> None:
        self.waiter.watch(socket.fileno(), MESSAGES, lambda: self._hear(unit))

    def _hear(self, unit: Unit) -> None:
        """Read the messages that came, and act on those whose sender may tell."""
        assert unit.socket is not None
        for datagram in unit.socket.receive():
            sender = self._sender(unit, datagram.pid)
            if sender is not None and notify.may_tell(unit.service, sender):
                message = notify.parse(datagram.data)
                self.tell(unit, Event.MESSAGE, message=message, daemon=daemons.suitable(unit, message.main_pid))
            else:
                self.observers.log(f"{unit.name}: ignoring a message from process {datagram.pid}: see NotifyAccess=")

    def part_with(self, unit: Unit) -> None:
        """Let go of a unit that rests and is there no more."""
        self.touched.discard(unit)
        if unit.socket is not None:
            self.waiter.forget(unit.socket.fileno())
            unit.socket.close()

    def _sender(self, unit: Unit, pid: int | None) -> notify.Sender | None:
        """Say who sent a message, and may have ended since; where the system does not tell, it was the main process."""
        if pid is None or pid == unit.pid(Slot.MAIN):
            return "main"
        if pid == unit.pid(Slot.CONTROL):
            return "control"
        return "other" if unit.lost(pid) or pid in unit.members() else None


def _may_matter(unit: Unit, event: Event, message: notify.Message | None) -> bool:
    """Say whether it may matter who lives beside: to look at every WATCHDOG=1 would cost more than all the rest."""
    if event is Event.STOP and unit.life.main:  # there is somebody to be signalled, whoever else there is
        return unit.service.kill_mode == "none"
    return event is not Event.MESSAGE or (
        message is not None and (bool(message.tells) or message.watchdog == "trigger")
    )


def _chance() -> float:
    return int.from_bytes(os.urandom(4)) / 2**32


def _main(unit: Unit) -> tuple[Tree, ...]:
    return (unit.trees[Slot.MAIN],) if Slot.MAIN in unit.trees else ()


def _is_there(unit: Unit) -> bool:
    """Say whether the main program looks as if it could be executed, though it could not."""
    program = unit.service.exec_start[unit.life.main_index].words[0]
    return os.access(program, os.X_OK) and not os.path.isdir(program)
