"""A world whose processes do what a script says, on a virtual clock: whole lives of services in no time at all.

A script names for each role what its runs do, one after the other; the last one repeats. A role is the first argument
of a command: "/probe main" plays "main". Without a script "main" runs for ever, and any other role exits with 0 at
once. What a run may do is in tests/conformance/README.md; what only real processes can show is passed over.
"""

import heapq
import itertools
from collections import Counter
from dataclasses import dataclass, field

from world import Process, World

from farmhand.supervisor.rules import notify
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.jobs import Kind, wanted
from farmhand.supervisor.rules.life import Event, Slot, Spawn, TakeMain
from farmhand.supervisor.rules.moves import PHASES
from farmhand.supervisor.rules.properties import Facts, properties
from farmhand.supervisor.rules.states import State
from farmhand.units.grammar import parse_signal

PROGRAM = "/probe"
NOWHERE, NOBODY = "/nonexistent", "no-such"  # what a unit names that is not there
_HARMLESS = frozenset({"SIGCONT", "SIGCHLD", "SIGWINCH", "SIGURG", "SIGSTOP"})
_STATES = frozenset(state.value for state in State)
_FINDS = frozenset({State.START, State.START_POST, State.RELOAD})
_SHOWN = (
    "ActiveState",
    "SubState",
    "Result",
    "ReloadResult",
    "NRestarts",
    "StatusText",
    "ExecMainCode",
    "ExecMainStatus",
)


@dataclass(eq=False)
class Player:
    """One process and what it has yet to do. parent: who forked it; None if that is the supervisor, or is gone."""

    process: Process
    pid: int
    parent: "Player | None" = None
    left: list[str] = field(default_factory=list)
    reactions: dict[str, tuple[float, str]] = field(default_factory=dict)
    children: list["Player"] = field(default_factory=list)
    waits: bool = False
    done: bool = False


@dataclass
class Scripted(World):
    """scripts: role -> runs, each a list of what it does. files: path -> the id that was written to it."""

    scripts: dict[str, list[list[str]]] = field(default_factory=dict)
    runs: Counter = field(default_factory=Counter)
    agenda: list = field(default_factory=list)
    players: list[Player] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    _numbers: itertools.count = field(default_factory=itertools.count)
    _pids: itertools.count = field(default_factory=lambda: itertools.count(2))

    def __post_init__(self):
        super().__post_init__()
        if any(file.path.startswith(NOWHERE) and not file.optional for file in self.service.environment_file):
            self.refuse = frozenset({"ExecStart", *(phase.directive for phase in PHASES.values())})

    def play(self, commands, until):
        """Give the commands, pairs of a time in seconds and a verb, and let everything happen until a time."""
        for at, verb in commands:
            self._later(at, lambda verb=verb: self._command(verb))
        while (due := self._due()) is not None and due <= until:
            self.now = max(self.now, due)
            if self.agenda and self.agenda[0][0] <= due:
                heapq.heappop(self.agenda)[2]()
            else:
                self.tell(self.unit, Event.TIMER if self.life.timer == due else Event.WATCHDOG)
            self._settle()

    def states(self):
        passed = [text for _, text in self.log if text in _STATES]
        return ["dead", *passed] if passed else []

    def shown(self):
        told = properties(self.service, self.life, Facts())
        pids = {"MainPID": Slot.MAIN, "ControlPID": Slot.CONTROL}
        alive = {name: "yes" if slot in self.processes else "no" for name, slot in pids.items()}
        return {name: told[name] for name in _SHOWN} | alive

    def tell(self, unit, event, **what):
        self.daemon, self.moves = self._daemon(event, what), event is Event.MAIN_ENDED
        super().tell(unit, event, **what)

    def _daemon(self, event, what):
        """Say which process may become the main one, as daemons.py does."""
        if event is Event.MESSAGE:
            return self._member(what["message"].main_pid)
        if event is Event.MAIN_ENDED or (event in (Event.CONTROL_ENDED, Event.PID_FILE) and self.service.pid_file):
            return self._member(self.files.get(self.service.pid_file))
        guesses = self.service.type == "forking" and self.service.guess_main_pid and not self.life.main_known
        if event is not Event.CONTROL_ENDED or self.state not in _FINDS or not guesses:
            return None
        left = [player for player in self._alive() if any(player.process is other for other in self.stragglers)]
        orphans = [player.pid for player in left if player.parent is None]
        return orphans[0] if len(orphans) == 1 else None

    def _member(self, pid):
        control = self.processes.get(Slot.CONTROL)
        return next((each.pid for each in self._alive() if each.pid == pid and each.process is not control), None)

    def _alive(self):
        return [player for player in self.players if not player.done]

    def _due(self):
        agenda = self.agenda[0][0] if self.agenda else None
        return min((at for at in (agenda, self._next_deadline()) if at is not None), default=None)

    def _later(self, at, do):
        heapq.heappush(self.agenda, (at, next(self._numbers), do))

    def _command(self, text):
        verb, *options = text.split()
        if verb == "reset-failed":
            self.reset_failed()
        elif verb == "kill":
            given = dict(option.removeprefix("--").split("=") for option in options)
            self._kill(parse_signal(given.get("signal", "TERM")), given.get("kill-whom", "all"))
        else:
            kind = wanted(verb, self.service, self.state)
            refused = {Kind.START: self.service.refuse_manual_start, Kind.STOP: self.service.refuse_manual_stop}
            if kind is not None and not refused.get(kind) and (kind is not Kind.RELOAD or self.service.can_reload):
                self.ask(kind)

    def _kill(self, name, whom):
        if whom == "all":
            self._send(name, everyone=True)
        elif Slot(whom) in self.processes:
            self._receive(self._player(self.processes[Slot(whom)]), name)

    def _player(self, process):
        return next(player for player in self.players if player.process is process)

    def _obey(self, order):
        if isinstance(order, TakeMain):
            found = next(player.process for player in self.players if player.pid == order.pid)
            self.stragglers = [found, *(other for other in self.stragglers if other is not found)]
            for slot in [slot for slot, process in self.processes.items() if process is found]:
                del self.processes[slot]
        super()._obey(order)
        if not isinstance(order, Spawn):
            return
        player = self._begin(self.processes[order.slot], None)
        program, *arguments = order.command.words
        if code := _missing(self.service):
            self._exit(player, Exit(code=code))
            return
        if program != PROGRAM:
            self._exit(player, Exit(code=203), executed=False)
            return
        if self.service.type == "exec" and order.slot is Slot.MAIN:
            self._later(self.now, self.execs)
        self._perform(player, arguments[0])

    def _begin(self, process, parent):
        player = Player(process, next(self._pids), parent)
        self.players.append(player)
        return player

    def _perform(self, player, role):
        runs = self.scripts.get(role, [["forever"]] if role == "main" else [["exit 0"]])
        player.left = [*runs[min(self.runs[role], len(runs) - 1)], "exit 0"]
        self.runs[role] += 1
        self._later(self.now, lambda: self._go_on(player))

    def _go_on(self, player):
        """Do what comes next, up to what takes time."""
        while player.left and not player.done and not player.waits:
            act = player.left.pop(0)
            what, *words = act.split()
            if what in ("sleep", "watchdog"):
                if what == "watchdog" and int(words[1]):
                    rest = f"watchdog {words[0]} {int(words[1]) - 1}"
                    player.left[:0] = [f"sleep {words[0]}", "notify WATCHDOG=1", rest]
                elif what == "sleep":
                    self._later(self.now + int(words[0]) / 1000, lambda: self._go_on(player))
                    return
            elif what == "forever":
                return
            elif what in ("exit", "die", "abort"):
                self._exit(player, _exit(what, words))
            elif what == "notify":
                self._hear(player, act.removeprefix("notify "))
            else:
                self._act(player, what, words)

    def _act(self, player, what, words):
        match what:
            case "on":
                player.reactions[parse_signal(words[0])] = (int(words[1]) / 1000, " ".join(words[2:]))
            case "fork":
                child = self._begin(Process(words[0]), None if words[1:] else player)
                player.children.append(child)
                self.stragglers.append(child.process)
                self._perform(child, words[0])
            case "waitchild":
                player.waits = any(not child.done for child in player.children)
            case "pidfile":
                self.files[words[0]] = self._whom(player, words[1]).pid
                if words[0] == self.service.pid_file and self.life.awaits_pid_file:
                    self.tell(self.unit, Event.PID_FILE)
            case "unlink":
                self.files.pop(words[0], None)
            case "killpid":
                self._receive(self._whom(player, words[1]), parse_signal(words[0]))

    def _whom(self, player, who):
        main = self.processes.get(Slot.MAIN)
        found = {"self": player, "child": player.children[-1] if player.children else None, "parent": player.parent}
        return found[who] if who in found else self._player(main)

    def _hear(self, player, text):
        slot = next((slot for slot, process in self.processes.items() if process is player.process), None)
        if notify.may_tell(self.service, slot.value if slot else "other"):
            for name in ("self", "child", "parent"):
                if f"${name}" in text:
                    text = text.replace(f"${name}", str(self._whom(player, name).pid))
            self.says(text.replace("|", "\n"))

    def _exit(self, player, exit, *, executed=True):
        """End a process now; who forked it, or is told of it, goes on."""
        if player.done:
            return
        player.done, parent = True, player.parent
        for child in player.children:
            child.parent = None
        slot = next((slot for slot, process in self.processes.items() if process is player.process), None)
        if slot is None:
            self.stragglers = [other for other in self.stragglers if other is not player.process]
        else:
            self._later(self.now, lambda: self._ended(player, slot, exit, executed))
        if parent is not None and parent.waits and all(child.done for child in parent.children):
            parent.waits = False
            self._later(self.now, lambda: self._go_on(parent))

    def _ended(self, player, slot, exit, executed):
        if self.processes.get(slot) is not player.process:
            self.stragglers = [other for other in self.stragglers if other is not player.process]
            return
        del self.processes[slot]
        if slot is Slot.CONTROL:
            self.tell(self.unit, Event.CONTROL_ENDED, exit=exit)
        elif player.parent is not None and not player.parent.done:
            self.tell(self.unit, Event.MAIN_LOST)
        else:
            self.tell(self.unit, Event.MAIN_ENDED, exit=exit, executed=executed)

    def _send(self, name, everyone):
        for process in (*self.processes.values(), *(self.stragglers if everyone else ())):
            self._receive(self._player(process), name)

    def _receive(self, player, name):
        delay, act = player.reactions.get(name, (0, "die"))
        if name == "SIGKILL":
            delay, act = 0, "die"
        if player.done or act == "ignore" or (name in _HARMLESS and name not in player.reactions):
            return
        what, *words = act.split()
        match what:
            case "exit":
                self._later(self.now + delay, lambda: self._exit(player, Exit(code=int(words[0]))))
            case "notify":
                self._later(self.now + delay, lambda: self._hear(player, " ".join(words)))
            case _:
                signal = parse_signal(words[0]) if what == "kill" else name
                self._later(self.now + delay, lambda: self._exit(player, Exit(signal=signal)))


def _missing(service):
    """Return the exit code of a process that cannot be set up as its unit says, 0 for none; systemd.exec(5)."""
    folder = service.working_directory
    return (
        (217 if (service.user or "").startswith(NOBODY) else 0)
        or (216 if (service.group or "").startswith(NOBODY) else 0)
        or (200 if folder and folder.path == NOWHERE and not folder.optional else 0)
        or (209 if service.standard_output.startswith(f"file:{NOWHERE}") else 0)
    )


def _exit(what, words):
    match what:
        case "exit":
            return Exit(code=int(words[0]))
        case "abort":
            return Exit(signal="SIGABRT")
        case _:
            return Exit(signal=parse_signal(words[0]), dumped="core" in words)
