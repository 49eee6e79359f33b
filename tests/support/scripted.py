"""A world whose processes do what a script says, on a virtual clock: whole lives of services in no time at all.

A script names for each role what its runs do, one after the other; the last one repeats. A role is the last word of a
command: "/probe main" plays "main". Without a script "main" runs for ever, and any other role exits with 0 at once.
What a run may do: "sleep MS", "exit CODE", "die SIGNAL [core]", "forever", "notify TEXT", "watchdog MS COUNT", and
"on SIGNAL MS ignore|die|exit CODE".
"""

import heapq
import itertools
from collections import Counter
from dataclasses import dataclass, field

from world import Process, World

from farmhand.supervisor.rules import notify
from farmhand.supervisor.rules.exitstatus import Exit
from farmhand.supervisor.rules.jobs import Kind, wanted
from farmhand.supervisor.rules.life import Event, Slot, Spawn
from farmhand.supervisor.rules.states import State, active_state
from farmhand.units.grammar import signal_number

_HARMLESS = frozenset({"SIGCONT", "SIGCHLD", "SIGWINCH", "SIGURG"})
_STATES = frozenset(state.value for state in State)


@dataclass
class Scripted(World):
    """scripts: role -> runs, each a list of what it does."""

    scripts: dict[str, list[list[str]]] = field(default_factory=dict)
    runs: Counter = field(default_factory=Counter)
    agenda: list = field(default_factory=list)
    _numbers: itertools.count = field(default_factory=itertools.count)

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
        life, exit = self.life, self.life.exit
        code = 0 if exit is None else 1 if exit.signal is None else 3 if exit.dumped else 2
        status = 0 if exit is None else exit.code if exit.signal is None else signal_number(exit.signal)
        return {
            "ActiveState": active_state(self.service, life.state).value,
            "Result": life.result.value,
            "NRestarts": str(life.restarts),
            "ExecMainCode": str(code),
            "ExecMainStatus": str(status),
        }

    def _due(self):
        agenda = self.agenda[0][0] if self.agenda else None
        return min((at for at in (agenda, self._next_deadline()) if at is not None), default=None)

    def _later(self, at, do):
        heapq.heappush(self.agenda, (at, next(self._numbers), do))

    def _command(self, verb):
        if verb == "reset-failed":
            self.reset_failed()
            return
        kind = wanted(verb, self.service, self.state)
        if kind is not None and (kind is not Kind.RELOAD or self.service.exec_reload):
            self.ask(kind)

    def _obey(self, order):
        super()._obey(order)
        if not isinstance(order, Spawn):
            return
        process = self.processes[order.slot]
        process.reactions = {}
        if self.service.type == "exec" and order.slot is Slot.MAIN and order.command.words[0] == "/probe":
            self._later(self.now, self.execs)
        self._plan(process, order)

    def _plan(self, process: Process, order: Spawn):
        """Put on the agenda what a run does."""
        role, at = order.command.words[-1], self.now
        runs = self.scripts.get(role, [["forever"]] if role == "main" else [["exit 0"]])
        script = runs[min(self.runs[role], len(runs) - 1)] if order.command.words[0] == "/probe" else ["exit 203"]
        self.runs[role] += 1
        for act in (*script, "exit 0"):
            what, *words = act.split()
            match what:
                case "sleep":
                    at += int(words[0]) / 1000
                case "exit" | "die":
                    self._later(at, lambda act=act: self._end(process, act))
                    return
                case "forever":
                    return
                case "on":
                    process.reactions[f"SIG{words[0]}"] = (int(words[1]) / 1000, " ".join(words[2:]))
                case "notify":
                    self._later(at, lambda act=act: self._hear(process, act.removeprefix("notify ")))
                case "watchdog":
                    for _ in range(int(words[1])):
                        at += int(words[0]) / 1000
                        self._later(at, lambda: self._hear(process, "WATCHDOG=1"))

    def _hear(self, process, text):
        slot = next((slot for slot, other in self.processes.items() if other is process), None)
        if slot is not None and notify.may_tell(self.service, slot.value):
            self.says(text.replace("|", "\n"))

    def _end(self, process, act):
        what, *words = act.split()
        exit = Exit(code=int(words[0])) if what == "exit" else Exit(signal=f"SIG{words[0]}", dumped="core" in words)
        if process in self.stragglers:
            self.stragglers.remove(process)
        self._endings.extend((slot, exit) for slot, other in self.processes.items() if other is process)

    def _send(self, name, everyone):
        for process in (*self.processes.values(), *(self.stragglers if everyone else ())):
            delay, act = getattr(process, "reactions", {}).get(name, (0, f"die {name.removeprefix('SIG')}"))
            if name == "SIGKILL" or (name not in _HARMLESS and act != "ignore"):
                act = f"die {name.removeprefix('SIG')}" if act == "die" or name == "SIGKILL" else act
                self._later(self.now + delay, lambda process=process, act=act: self._end(process, act))
