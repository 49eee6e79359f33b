"""One service as the supervisor holds it: its life, its processes, and what is waited for."""

from collections.abc import Iterator

from ..units.light import dataclass, field, replace
from ..units.spec import Command, Service
from .platforms import NotifySocket, Tree
from .rules.commands_shown import Ran
from .rules.conditions import Checked
from .rules.exitstatus import Exit
from .rules.jobs import RESTING, RUNNING
from .rules.life import Life, Slot
from .rules.states import Active, State, active_state
from .waiting import Alarm


@dataclass
class Stamps:
    """When things happened, in seconds since the epoch, for people to read; 0 for never."""

    state: float = 0.0
    main_start: float = 0.0
    main_exit: float = 0.0
    inactive_exit: float = 0.0
    active_enter: float = 0.0
    active_exit: float = 0.0
    inactive_enter: float = 0.0
    conditions: float = 0.0  # looked at last
    asserts: float = 0.0

    def change(self, before: Active, after: Active, now: float) -> None:
        """Note that the coarse state has changed, or has been entered again."""
        self.state = now
        if before in RESTING and after not in RESTING:
            self.inactive_exit = now
        elif before not in RESTING and after in RESTING:
            self.inactive_enter = now
        if before not in RUNNING and after in RUNNING:
            self.active_enter = now
        elif before in RUNNING and after not in RUNNING:
            self.active_exit = now


@dataclass(eq=False)
class Unit:
    """A service and its processes.

    trees: those of the main and the control process while these live. leftovers: trees whose first process is gone
    and some other member may live. shown: the state that was last told to others. main_pid: of the last main
    process, dead or alive; followed: the service itself named it; next_main: it named this one,
    which can be followed when the command is over that it came from. invocation: the id of the run; following: that of
    the next one. checked: what the conditions and assertions of the last start came to, None before the first.
    """

    service: Service
    life: Life = field(default_factory=Life)
    shown: State = State.DEAD
    trees: dict[Slot, Tree] = field(default_factory=dict)
    leftovers: list[Tree] = field(default_factory=list)
    socket: NotifySocket | None = None
    alarm: Alarm | None = None
    main_pid: int = 0
    followed: bool = False
    next_main: int = 0
    looks_for_pid_file: bool = False
    not_in_force: tuple[str, ...] = ()  # directives that this system could not do
    invocation: str = ""
    following: str = ""
    stamps: Stamps = field(default_factory=Stamps)
    ran: dict[tuple[str, Command], Ran] = field(default_factory=dict)
    checked: Checked | None = None

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def active(self) -> Active:
        """Its state as others know it: of a service that goes through several at once, the one told last."""
        return active_state(self.service, self.shown)

    def note_state(self, state: State, now: float) -> None:
        self.stamps.change(active_state(self.service, self.shown), active_state(self.service, state), now)

    def note_start(self, directive: str, command: Command, pid: int, now: float) -> None:
        self.ran[directive, command] = Ran(pid, now)

    def note_end(self, pid: int, exit: Exit, now: float) -> None:
        for key, each in self.ran.items():
            if each.pid == pid and each.exit is None:
                self.ran[key] = replace(each, stop=now, exit=exit)

    def pid(self, slot: Slot) -> int:
        """Return the id of a living process, 0 if there is none."""
        return self.trees[slot].pid if slot in self.trees else 0

    def all_trees(self) -> Iterator[Tree]:
        yield from (*self.trees.values(), *self.leftovers)

    def members(self) -> frozenset[int]:
        """Return the ids of all processes alive, the main and the control one included."""
        return frozenset().union(*(tree.members() for tree in self.all_trees()))

    def lost(self, pid: int) -> bool:
        """Say whether a process that has ended may have been one of these."""
        return any(tree.lost(pid) for tree in self.all_trees())

    def stragglers(self) -> bool:
        """Say whether anybody lives beside the main and the control process."""
        if not self.leftovers and not self.trees:
            return False
        return bool(self.members() - {tree.pid for tree in self.trees.values()})

    def signal(self, names: tuple[str, ...], *, everyone: bool) -> None:
        """Send signals: to everyone, or to the main and control process only, if the rules still reckon with them."""
        alive = {Slot.MAIN: self.life.main, Slot.CONTROL: self.life.control}
        for tree in self.all_trees() if everyone else [tree for slot, tree in self.trees.items() if alive[slot]]:
            if everyone and "SIGKILL" in names:
                tree.kill()
            else:
                tree.signal(*names, whom="all" if everyone else "main")
