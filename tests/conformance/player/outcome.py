"""What came of a scenario, read from what its processes, the supervisor and its log left behind.

An outcome is a dict that can be written as JSON; README.md has its fields.
"""

import fcntl
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Outcome = dict[str, Any]

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "ExecMainCode",
    "ExecMainStatus",
    "StatusText",
    "MainPID",
    "ControlPID",
    "ReloadResult",
)
BY_KEY = frozenset({"final", "props"})  # fields of which each key stands for itself
USUALLY = {
    "LoadState": "loaded",
    "NRestarts": "0",
    "ExecMainCode": "0",
    "ExecMainStatus": "0",
    "StatusText": "",
    "MainPID": "no",
    "ControlPID": "no",
    "ReloadResult": "success",
}
EMPTY: Outcome = {
    "order": [],
    "ends": {},
    "signals": {},
    "signal_ms": {},
    "notify": {},
    "gaps_ms": [],
    "handed": {},
    "failures": [],
}

# They differ from one start, machine or service manager to the next.
_VOLATILE = frozenset(
    {"INVOCATION_ID", "JOURNAL_STREAM", "NOTIFY_SOCKET", "MAINPID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID"}
)
_VOLATILE |= {"MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "SHLVL", "_", "PWD", "OLDPWD"}
_HANDED = ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")
_MICROSECONDS = {
    "us": 1,
    "ms": 10**3,
    "s": 10**6,
    "min": 60 * 10**6,
    "h": 3600 * 10**6,
    "d": 86400 * 10**6,
    "w": 604800 * 10**6,
    "month": 2629800 * 10**6,
    "y": 31557600 * 10**6,
}


@dataclass
class Start:
    """One start of a role. at: microseconds of the monotonic clock; end: "exit 1", "signal TERM", "killed", "alive"."""

    role: str
    number: int
    at: int
    pid: int
    handed: dict[str, str]
    end: str
    signals: list[tuple[str, int]] = field(default_factory=list)
    notify: list[str] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.role}.{self.number}"


def locked(log: Path) -> bool:
    """Say whether the process that keeps a log is alive; one under Wine has the other kind of lock."""
    with log.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def starts(folder: Path) -> list[Start]:
    """Read the logs of all processes of a scenario; the order is that of time."""
    logs = [path for path in folder.iterdir() if path.suffix[1:].isdecimal() and path.is_file()]
    return sorted(filter(None, map(_start, logs)), key=lambda start: start.at)


def _start(log: Path) -> Start | None:
    alive = locked(log)  # before it is read: what ends meanwhile has not written its end, and is alive
    events = [json.loads(line) for line in _visible(log.read_bytes()).split("\n") if line.endswith("}")]
    if not events:
        return None
    first, *others = events
    role, _, number = log.name.rpartition(".")
    start = Start(role, int(number), first["t"], first["pid"], first, "alive" if alive else "killed")
    for event in others:
        match event["event"]:
            case "signal":
                start.signals.append((event["what"], event["t"]))
            case "notify":
                start.notify.append(event["what"])
            case "facts":
                start.facts.append(event)
            case "exit" | "die" as how:
                start.end = f"{'exit' if how == 'exit' else 'signal'} {event['what']}"
    return start


def _visible(text: bytes) -> str:
    """Decode JSON; bytes that are no UTF-8 become texts such as \\xe4 in it."""
    decoded = text.decode(errors="surrogateescape")
    return re.sub(r"[\udc80-\udcff]", lambda byte: f"\\\\x{ord(byte[0]) - 0xDC00:02x}", decoded)


def outcome(scenario_starts: Sequence[Start], observe: Sequence[str]) -> Outcome:
    """Say what the processes of a scenario saw."""
    roles = {start.role: [] for start in sorted(scenario_starts, key=lambda start: start.role)}  # type: dict[str, list[Start]]
    for start in sorted(scenario_starts, key=lambda start: start.number):
        roles[start.role].append(start)
    mains = [start.at for start in roles.get("main", ())]
    seen = {
        "order": _order(scenario_starts),
        "ends": {role: [start.end for start in runs] for role, runs in roles.items()},
        "signals": _where(roles, lambda start: [name for name, _ in start.signals]),
        "signal_ms": _where(roles, lambda start: [_ms(at - start.at) for _, at in start.signals]),
        "notify": _where(roles, lambda start: _without_repeats(start.notify)),
        "gaps_ms": [_ms(later - earlier) for earlier, later in itertools.pairwise(mains)],
        "handed": _where(roles, lambda start: _handed(start, scenario_starts)),
    }
    facts = {start.name: _facts(start.facts[-1], observe) for start in scenario_starts if start.facts}
    facts = {name: told for name, told in facts.items() if told}
    return {**seen, **({"facts": facts} if facts else {})}


def _where(roles: Mapping[str, Sequence[Start]], tell: Any) -> dict[str, list[Any]]:
    """Say something of each start, but only of roles of which there is something to say."""
    told = {role: [tell(start) for start in runs] for role, runs in roles.items()}
    return {role: values for role, values in told.items() if any(values)}


def _ms(microseconds: int) -> int:
    return round(microseconds / 1000)


def _without_repeats(words: Sequence[str]) -> list[str]:
    """How often a keep-alive was sent is a matter of timing."""
    return [word for word, before in zip(words, [None, *words], strict=False) if word != before]


def _order(scenario_starts: Sequence[Start]) -> list[str]:
    """ExecStart= of a simple service and its ExecStartPost= start at the same moment: the former is named first."""
    names = [start.name for start in scenario_starts]
    for i, (this, following) in enumerate(itertools.pairwise(tuple(names))):
        role, _, number = this.rpartition(".")
        if role.startswith("post") and following == f"main.{number}":
            names[i : i + 2] = following, this
    return names


def _handed(start: Start, everyone: Sequence[Start]) -> dict[str, str]:
    """What systemd.exec(5) promises to ExecStop= and ExecStopPost=; MAINPID by the role that has the pid."""
    told = {key: start.handed[key] for key in _HANDED if key in start.handed}
    if "MAINPID" in start.handed:
        owners = {str(other.pid): other.role for other in everyone}
        owners |= {str(other.pid): "main" for other in everyone if other.role == "main"}
        told["MAINPID"] = owners.get(start.handed["MAINPID"], "other")
    return told


def _facts(facts: Mapping[str, Any], observe: Iterable[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for wanted in observe:
        kind, _, names = wanted.partition(":")
        if kind == "env":
            environment = dict(pair.split("=", 1) for pair in facts["env"] if "=" in pair)
            if names:
                told["env"] = {name: environment.get(name) for name in names.split(",")}
            else:
                told["env"] = {key: value for key, value in sorted(environment.items()) if key not in _VOLATILE}
        elif kind == "limit":
            told[wanted] = facts["limits"][names]
        elif kind in facts:
            told[kind] = facts[kind]
    return told


def shown(properties: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str | None]:
    """Take properties from what `show` says: whether there is a process instead of its pid, spans in microseconds."""
    told: dict[str, str | None] = {}
    for name in wanted:
        value = properties.get(name)
        if value is not None and name.endswith("PID"):
            value = "no" if value in ("", "0") else "yes"
        elif value is not None and name.endswith("USec"):
            value = _microseconds(value)
        told[name] = value
    return told


def _microseconds(text: str) -> str:
    """Turn a span as `show` prints it ("1min 30s", "infinity") into a number."""
    parts = re.findall(r"([\d.]+)(us|ms|s|min|h|d|w|month|y)(?![a-z])", text)
    return str(round(sum(float(number) * _MICROSECONDS[unit] for number, unit in parts))) if parts else text
