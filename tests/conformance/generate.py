"""Random scenarios about a service's life: a unit, children that misbehave, and commands at odd moments.

`scenario(seed, number)` is always the same for the same two numbers. Times stand on a grid of 150 ms: children sleep
an even number of steps, deadlines are an odd one, and each command has an offset of its own within a step, as has the
last look. So hardly two things happen at the same moment, and what comes first is no matter of luck.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from player import Scenario

Unit = dict[str, Any]
Script = dict[str, list[list[str]]]

_STEP = 150
_SLEEPS = (300, 600)
_DEADLINES = {"150ms": 3, "450ms": 6, "750ms": 3, "1050ms": 1}
_UNBOUNDED = {**_DEADLINES, "0": 0.7, "infinity": 0.7}
_OFFSETS = (30, 60, 90)
_LAST_LOOK = 120
_HORIZONS = {9: 2, 12: 3, 15: 2}

_TYPES = {"simple": 30, "exec": 10, "forking": 18, "oneshot": 18, "notify": 24, "idle": 2}
_RESTARTS = ("no", "always", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort")
_CODES = {0: 8, 1: 6, 3: 2, 7: 2, 47: 3, 143: 1, 255: 2}
_DEATHS = {"TERM": 4, "KILL": 4, "HUP": 2, "INT": 2, "USR1": 2, "SEGV core": 1, "ABRT": 2, "PIPE": 1}
_STATUSES = ("0", "1", "3", "7", "47", "255", "1 47", "SIGUSR1", "SIGKILL", "SIGTERM", "TERM 47", "TEMPFAIL", "143")
_SIGNALS = {
    "SIGTERM": 6,
    "SIGINT": 3,
    "SIGHUP": 2,
    "SIGUSR1": 3,
    "SIGQUIT": 1,
    "SIGABRT": 1,
    "SIGKILL": 2,
    "SIGCONT": 1,
}
_HANDLED = ("TERM", "TERM", "TERM", "INT", "HUP", "USR1", "USR1", "ABRT", "QUIT", "CONT")
_MESSAGES = {
    "READY=1": 8, "STATUS=busy": 3, "READY=1|STATUS=up": 2, "RELOADING=1": 3, "STOPPING=1": 3,
    "STOPPING=1|STATUS=going": 1, "RELOADING=1|READY=1": 1, "ERRNO=5": 1, "WATCHDOG=1": 2, "WATCHDOG=trigger": 1,
    "WATCHDOG_USEC=450000": 1, "WATCHDOG_USEC=0": 1, "EXTEND_TIMEOUT_USEC=750000": 2,
    "EXTEND_TIMEOUT_USEC=450000|STATUS=more": 1, "MAINPID=$child": 2, "MAINPID=$self": 1,
    "MAINPID=$child|READY=1": 1, "STATUS=a|STATUS=b": 1, "READY=0": 1, "FDSTORE=1": 1, "STATUS=": 1,
    "READY=1|STOPPING=1": 1, "STOPPING=1|READY=1": 1, "RELOADING=1|STOPPING=1": 0.5, "RELOADING=1|STATUS=again": 1,
    "MAINPID=1": 0.5, "MAINPID=none": 0.5, "WATCHDOG_USEC=none": 0.5, "EXTEND_TIMEOUT_USEC=0": 0.5,
    "ERRNO=none": 0.5, "UNKNOWN=1|READY=1": 0.5, "ready=1": 0.5,
}  # fmt: skip
_COMMANDS = {
    "stop": 10,
    "start": 7,
    "restart": 7,
    "try-restart": 3,
    "reload": 5,
    "reload-or-restart": 3,
    "reset-failed": 3,
    "kill": 7,
}
_OBSERVED = (
    "StatusErrno",
    "WatchdogUSec",
    "TimeoutAbortUSec",
    "TimeoutStartUSec",
    "NotifyAccess",
    "CanReload",
    "Restart",
)
_HOOKS = {
    "ExecCondition": 0.12,
    "ExecStartPre": 0.3,
    "ExecStartPost": 0.3,
    "ExecReload": 0.4,
    "ExecStop": 0.35,
    "ExecStopPost": 0.45,
}


class Dice(Random):
    """Random choices by weight and by chance."""

    def pick(self, weights: Mapping[Any, float]) -> Any:
        return self.choices(list(weights), list(weights.values()))[0]

    def chance(self, share: float) -> bool:
        return self.random() < share


def scenario(seed: int, number: int) -> Scenario:
    """Return one scenario, to be played; its id names it for ever."""
    dice = Dice(f"life/{seed}/{number}")
    kind = dice.pick(_TYPES)
    child = Child(dice, kind)
    service: Unit = {"Type": kind} if kind != "simple" or dice.chance(0.3) else {}
    script: Script = {}
    _starts(dice, kind, service, script, child)
    for directive, share in _HOOKS.items():
        if dice.chance(share):
            _hook(dice, directive, service, script, child)
    for settings in (_restarting, _timing, _killing, _telling, _environment):
        settings(dice, kind, service)
    script.update({role: [child.other()] for role in ("kid", "imp") if child.uses(script, role)})
    steps = dice.pick(_HORIZONS)
    return Scenario(
        id=f"life/{seed}/{number}",
        unit=("[Unit]", "DefaultDependencies=no", *_lines(_limits(dice)), "[Service]", *_lines(service)),
        script=script,
        commands=_commands(dice, steps),
        until=steps * _STEP + _LAST_LOOK,
        observe=[f"prop:{name}" for name in dice.sample(_OBSERVED, 2)],
        alone=kind == "idle",  # it waits for the jobs of others
    )


def _lines(section: Unit) -> Iterator[str]:
    for key, value in section.items():
        yield from (f"{key}={each}" for each in (value if isinstance(value, list) else [value]))


@dataclass(frozen=True)
class Child:
    """What the processes of one scenario do."""

    dice: Dice
    kind: str

    def handlers(self) -> list[str]:
        acts = {"ignore": 4, "exit 0": 5, "exit 3": 3, "exit 47": 1, "die TERM": 2, "die USR1": 1, "die KILL": 1}
        acts |= {"notify STOPPING=1": 1, "notify READY=1": 1, "notify STATUS=asked": 1}
        wanted = self.dice.sample(_HANDLED, self.dice.pick({0: 5, 1: 5, 2: 2, 3: 1}))
        delays = {0: 5, 300: 3, 600: 1}
        return [f"on {name} {self.dice.pick(delays)} {self.dice.pick(acts)}" for name in dict.fromkeys(wanted)]

    def end(self, *, lasting: float) -> list[str]:
        """Return how a run ends. lasting: the chance that it does not."""
        if self.dice.chance(lasting):
            return ["forever"]
        wait = [f"sleep {self.dice.choice(_SLEEPS)}"] if self.dice.chance(0.8) else []
        return [*wait, f"exit {self.dice.pick(_CODES)}" if self.dice.chance(0.7) else f"die {self.dice.pick(_DEATHS)}"]

    def deeds(self, weights: Mapping[str, float], most: int) -> list[str]:
        """Return some things to do, each after a while or at once."""
        done: list[str] = []
        for _ in range(self.dice.randint(0, most)):
            if self.dice.chance(0.5):
                done.append(f"sleep {self.dice.choice(_SLEEPS)}")
            match self.dice.pick(weights):
                case "notify":
                    done.append(f"notify {self.dice.pick(_MESSAGES)}")
                case "watchdog":
                    done.append(f"watchdog 300 {self.dice.randint(1, 4)}")
                case "fork":
                    done.append(self.dice.choice(("fork kid", "fork kid double", "fork imp")))
                case "killpid":
                    done.append(
                        self.dice.choice(("killpid TERM mainpid", "killpid USR1 mainpid", "killpid HUP mainpid"))
                    )
                case deed:
                    done.append(deed)
        return done

    def main(self) -> list[str]:
        weights = {"notify": 3.0, "fork": 3, "waitchild": 0.5, "print hello": 0.5}
        if self.kind == "notify":
            ready = [] if self.dice.chance(0.12) else [self._ready()]
            return [*self.handlers(), *self.deeds(weights, 1), *ready, *self._later(weights), *self.end(lasting=0.5)]
        lasting = {"oneshot": 0.1, "forking": 0.1}.get(self.kind, 0.5)
        return [*self.handlers(), *self.deeds(weights, 2), *self.end(lasting=lasting)]

    def _ready(self) -> str:
        return self.dice.pick({"notify READY=1": 6, "notify READY=1|STATUS=up": 2, "notify MAINPID=$self|READY=1": 1})

    def _later(self, weights: dict[str, float]) -> list[str]:
        return self.deeds({**weights, "watchdog": 2}, 3)

    def hook(self) -> list[str]:
        if self.dice.chance(0.3):
            return ["exit 0"]
        lasting = 0.07
        return [
            *self.handlers()[:1],
            *self.deeds({"notify": 2, "fork": 1.5, "killpid": 1}, 1),
            *self._hook_end(lasting),
        ]

    def _hook_end(self, lasting: float) -> list[str]:
        if self.dice.chance(0.6):
            return [f"sleep {self.dice.choice((300, 300, 600))}", "exit 0"]
        return self.end(lasting=lasting)

    def other(self) -> list[str]:
        """Return what a descendant does that nobody waits for."""
        return [*self.handlers(), *self.deeds({"notify": 1}, 1), *self.end(lasting=0.6)]

    @staticmethod
    def uses(script: Script, role: str) -> bool:
        return any(f"fork {role}" in act for runs in script.values() for run in runs for act in run)


def _starts(dice: Dice, kind: str, service: Unit, script: Script, child: Child) -> None:
    """Give the service its ExecStart= lines and what they do."""
    if kind == "forking":
        _forks(dice, service, script, child)
        return
    roles = ["main"]
    if kind == "oneshot":
        roles = [["main"], ["main", "main2"], ["main", "main2", "main3"], []][dice.pick({0: 6, 1: 4, 2: 1, 3: 0.4})]
    lines = [_line(dice, role, dash=0.15) for role in roles]
    if lines:
        service["ExecStart"] = lines[0] if len(lines) == 1 else lines
    for role in roles:
        script[role] = [child.main() for _ in range(dice.pick({1: 6, 2: 4, 3: 1}))]
    if not roles:
        service |= {"ExecStop": "@child@ stop", "RemainAfterExit": "yes"}
    if kind in ("simple", "notify", "exec") and dice.chance(0.04):
        service["PIDFile"] = "@state@/pid"
        script["main"][0].insert(0, dice.choice(("pidfile @state@/pid self", "sleep 300", "fork kid")))


def _forks(dice: Dice, service: Unit, script: Script, child: Child) -> None:
    """A parent that leaves a daemon behind, or does not; with a pid file early, late, wrong or never."""
    service["ExecStart"] = _line(dice, "main", dash=0.1)
    with_file = dice.chance(0.5)
    if with_file:
        service["PIDFile"] = "@state@/pid"
    elif dice.chance(0.1):
        service["PIDFile"] = "@state@/missing"
    if dice.chance(0.15):
        service["GuessMainPID"] = dice.choice(("yes", "no"))
    script["main"] = [_parent(dice, with_file) for _ in range(dice.choice((1, 1, 2)))]
    script["daemon"] = [_daemon(dice, child, with_file) for _ in range(dice.choice((1, 1, 2)))]


def _parent(dice: Dice, with_file: bool) -> list[str]:
    wait = [f"sleep {dice.choice(_SLEEPS)}"] if dice.chance(0.4) else []
    fork = {("fork daemon double",): 6, ("fork daemon",): 4, ("fork daemon", "fork kid double"): 2, (): 1}
    forks = list(dice.pick(fork))
    writes = ["pidfile @state@/pid child"] if with_file and forks and dice.chance(0.5) else []
    end = [f"exit {dice.pick({0: 12, 1: 1, 3: 1})}"] if dice.chance(0.93) else [f"die {dice.pick(_DEATHS)}"]
    return [*wait, *forks, *writes, *([f"sleep {dice.choice(_SLEEPS)}"] if dice.chance(0.3) else []), *end]


def _daemon(dice: Dice, child: Child, with_file: bool) -> list[str]:
    late = [f"sleep {dice.choice(_SLEEPS)}"] if dice.chance(0.5) else []
    writes = [*late, "pidfile @state@/pid self"] if with_file and dice.chance(0.6) else []
    return [*child.handlers(), *writes, *child.deeds({"notify": 2, "fork": 2}, 1), *child.end(lasting=0.5)]


def _hook(dice: Dice, directive: str, service: Unit, script: Script, child: Child) -> None:
    short = directive.removeprefix("Exec").lower().removeprefix("start").removesuffix("ition")
    roles = [f"{short}{number}" if number else short for number in range(dice.pick({1: 7, 2: 2.5, 3: 0.5}))]
    lines = [_line(dice, role, dash=0.2) for role in roles]
    service[directive] = lines[0] if len(lines) == 1 else lines
    for role in roles:
        if dice.chance(0.85):
            script[role] = [child.hook() for _ in range(dice.pick({1: 7, 2: 3}))]


def _line(dice: Dice, role: str, *, dash: float) -> str:
    """Return a command; now and then one that is not there."""
    prefix = "-" if dice.chance(dash) else ""
    prefix += dice.pick({"": 12, "+": 1, "!": 0.5, ":": 0.7, "!!": 0.2})
    if dice.chance(0.02):
        return f"{prefix}/nonexistent/{role}"
    if dice.chance(0.05):
        return f"{prefix}@@bin@ {role}-by-name @state@ {role}"
    return f"{prefix}@child@ {role}"


def _some(dice: Dice, service: Unit, choices: dict[str, tuple[float, Any]]) -> None:
    """Set directives by chance: name -> (chance, values to choose from, or weights)."""
    for name, (share, values) in choices.items():
        if dice.chance(share):
            service[name] = dice.pick(values) if isinstance(values, dict) else dice.choice(values)


def _restarting(dice: Dice, kind: str, service: Unit) -> None:
    _some(
        dice,
        service,
        {
            "Restart": (0.7, [name for name in _RESTARTS if kind != "oneshot" or name not in ("always", "on-success")]),
            "RestartSec": (0.6, {**_DEADLINES, "0": 1}),
            "SuccessExitStatus": (0.15, _STATUSES),
            "RestartPreventExitStatus": (0.15, _STATUSES),
            "RestartForceExitStatus": (0 if kind == "oneshot" else 0.15, _STATUSES),
            "RemainAfterExit": (0.35 if kind in ("oneshot", "forking") else 0.15, ("yes", "yes", "no")),
        },
    )
    if service.get("Restart") not in (None, "no") and "RestartSec" not in service:
        service["RestartSec"] = dice.pick(_DEADLINES)


def _timing(dice: Dice, kind: str, service: Unit) -> None:
    modes = ("terminate", "abort", "kill")
    _some(
        dice,
        service,
        {
            "TimeoutStartSec": (0.35, _UNBOUNDED),
            "TimeoutStopSec": (0.55, _UNBOUNDED),
            "TimeoutAbortSec": (0.2, _UNBOUNDED),
            "TimeoutSec": (0.05, _UNBOUNDED),
            "TimeoutStartFailureMode": (0.15, modes),
            "TimeoutStopFailureMode": (0.2, modes),
            "RuntimeMaxSec": (0.15, {**_DEADLINES, "infinity": 0.5}),
            "RuntimeRandomizedExtraSec": (0.01, ("0",)),
        },
    )


def _killing(dice: Dice, kind: str, service: Unit) -> None:
    _some(
        dice,
        service,
        {
            "KillMode": (0.4, {"control-group": 1, "mixed": 4, "process": 4, "none": 2}),
            "KillSignal": (0.2, _SIGNALS),
            "RestartKillSignal": (0.12, _SIGNALS),
            "FinalKillSignal": (0.08, _SIGNALS),
            "WatchdogSignal": (0.08, _SIGNALS),
            "SendSIGHUP": (0.12, ("yes",)),
            "SendSIGKILL": (0.12, ("no",)),
        },
    )


def _telling(dice: Dice, kind: str, service: Unit) -> None:
    access = ("none", "main", "exec", "all", "all")
    _some(
        dice,
        service,
        {
            "NotifyAccess": (0.5 if kind == "notify" else 0.25, access),
            "WatchdogSec": (0.3 if kind == "notify" else 0.08, {**_DEADLINES, "0": 0.5, "infinity": 0.2}),
            "ExitType": (0.06, ("cgroup", "cgroup", "main")),
        },
    )


def _environment(dice: Dice, kind: str, service: Unit) -> None:
    _some(
        dice,
        service,
        {
            "User": (0.04, ("nobody", "root", "daemon", "nobody-knows")),
            "Group": (0.02, ("daemon", "nobody-knows")),
            "StandardInput": (0.02, ("null", "file:/nonexistent")),
            "Environment": (0.05, ("A=1", "NOTIFY_SOCKET=", "MAINPID=7 SERVICE_RESULT=odd")),
            "EnvironmentFile": (0.02, ("/nonexistent/environment", "-/nonexistent/environment")),
            "WorkingDirectory": (0.03, ("/", "/nonexistent", "-/nonexistent")),
            "Nice": (0.02, ("5",)),
            "IgnoreSIGPIPE": (0.04, ("no",)),
            "StandardOutput": (0.03, ("null", "journal")),
            "UnsetEnvironment": (0.02, ("MAINPID SERVICE_RESULT", "NOTIFY_SOCKET")),
        },
    )


def _limits(dice: Dice) -> Unit:
    unit: Unit = {}
    _some(
        dice,
        unit,
        {
            "StartLimitBurst": (0.15, ("1", "2", "3", "0")),
            "ConditionPathExists": (0.03, ("/", "!/", "/nonexistent", "|/nonexistent")),
            "AssertPathExists": (0.02, ("/", "/nonexistent")),
            "RefuseManualStart": (0.01, ("yes",)),
            "RefuseManualStop": (0.02, ("yes",)),
            "StopWhenUnneeded": (0.02, ("yes",)),
            "JobTimeoutSec": (0.03, _DEADLINES),
            "JobRunningTimeoutSec": (0.03, _DEADLINES),
            "StartLimitIntervalSec": (0.12, ("10s", "450ms", "1050ms", "0")),
        },
    )
    return unit


def _commands(dice: Dice, steps: int) -> list[tuple[int, str]]:
    """Start, then some more; each at an offset of its own."""
    offsets = dice.sample(_OFFSETS, dice.pick({0: 2, 1: 6, 2: 6, 3: 5}))
    issued = [(dice.randint(1, steps - 2) * _STEP + offset, _command(dice)) for offset in offsets]
    return [(0, "start"), *sorted(issued)]


def _command(dice: Dice) -> str:
    verb = dice.pick(_COMMANDS)
    if verb != "kill":
        return verb
    signal = dice.pick({"": 1, **{f" --signal={name}": weight for name, weight in _SIGNALS.items()}})
    return f"kill{signal}{dice.pick({'': 3, ' --kill-whom=main': 4, ' --kill-whom=control': 2, ' --kill-whom=all': 1})}"
