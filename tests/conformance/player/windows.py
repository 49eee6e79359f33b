"""Windows under Wine: how Farmhand is booted there, and what a scenario is where there are no signals.

Signals that ask to stop are CTRL_C; a crash is told by an exit code, in which not all signals are told apart.
"""

import asyncio
import dataclasses
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from .backends import BACKEND, MOST, Socketed, Supervisor, running
from .outcome import Outcome
from .scenario import Scenario
from .stage import Cast, Stage

sys.path.append(str(BACKEND.parents[1] / "windows"))
from wine import WindowsPython, as_windows_has_it

# From one program's start to the next one's it is 160 ms under Wine, and 20 at most where the corpus was recorded.
SLOWNESS = 8
FAMILIES = ("restart", "status", "types", "limits", "kill", "timeout", "remain", "hooks", "manual", "notify")

# What a signal that ends a process is there: the exit codes have no more names than these.
ENDED_BY = {"TERM": "INT", "HUP": "INT", "PIPE": "INT", "USR1": "FPE", "ALRM": "BUS"}
NUMBERS = {"1": "2", "15": "2", "13": "2", "10": "8", "14": "7"}
_STATUSES = re.compile(r"^(?:SuccessExitStatus|RestartForceExitStatus|RestartPreventExitStatus)=")
_SIGNAL = re.compile(rf"\b(SIG)?({'|'.join(ENDED_BY)})\b")
_ASKING = {"TERM", "INT"}  # those that are CTRL_C
_NOTHING = {"CONT"}  # nobody is asleep there, and nobody is woken


def _named(path: Path) -> str:
    return as_windows_has_it(path).replace("\\", "/")


_SOON = 10  # seconds


def _hire(folder: Path) -> tuple[str, str]:
    child = _named(BACKEND.with_name("child.py"))
    return child, f"{_named(WindowsPython().program)} -I -S {child} {SLOWNESS}"


CAST = Cast(_hire, _named, has_our_ids=False, second=SLOWNESS)


@asynccontextmanager
async def boot(stage: Stage) -> AsyncIterator[Supervisor]:
    port = _free_port()
    options = ("--unit-dir", _named(stage.units), "--control", f"127.0.0.1:{port}", "--slowness", SLOWNESS)
    backend = as_windows_has_it(BACKEND.with_name("backend_windows.py"))
    with WindowsPython().started(backend, "daemon", *options) as daemon, _copied(daemon, stage.log):
        supervisor = Socketed(lambda: asyncio.open_connection("127.0.0.1", port, limit=MOST))
        async with running(supervisor, daemon, stage.log):
            yield supervisor


@contextmanager
def _copied(daemon: "subprocess.Popen[str]", log: Path) -> Iterator[None]:
    """Windows' Python cannot begin with a file of this system as its output."""
    with log.open("wb") as file:
        copier = subprocess.Popen(["cat"], stdin=daemon.stdout, stdout=file)
        try:
            yield
        finally:
            daemon.kill()
            _ended(copier)


def _ended(copier: "subprocess.Popen[bytes]") -> None:
    """Wait until all is copied; what Wine has started for itself has the pipe open at times, and is ended then."""
    try:
        copier.wait(_SOON)
    except subprocess.TimeoutExpired:
        WindowsPython().clear()
        copier.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def why_not(scenario: Scenario) -> str | None:
    """Say what a scenario is about that Windows or Wine has not, None if it can be played."""
    text = json.dumps([scenario.unit, scenario.script, scenario.commands])
    heard = {name for runs in (scenario.expect or {}).get("signals", {}).values() for run in runs for name in run}
    heard -= _ASKING | _NOTHING
    if scenario.id in _NAMED:
        return _NAMED[scenario.id]
    if scenario.family not in FAMILIES:
        return "it is not about the life of a service"
    if heard & {"ABRT", "QUIT"}:
        return "Wine has no CTRL_BREAK, which ABRT and QUIT are"
    if heard or re.search(r'"KillSignal=(?!SIGINT|2|")|kill --signal=(SIG)?(HUP|USR1|STOP)', text):
        return "a signal that Windows has not"
    if (
        "fork " in text
        and "/main-ends/" not in scenario.id
        and re.search(r"KillMode=(mixed|process)|--kill-whom=(main|control)", text)
    ):
        return "CTRL_C reaches all that share the console"
    if "Type=forking" in text and "PIDFile=" not in text:
        return "Windows does not tell which process was left behind (GuessMainPID=)"
    return next((why for words, why in _UNKNOWN.items() if words in text), None)


_NAMED = {
    "kill/final/SIGINT/sigkill-yes": "CTRL_C is a TERM and an INT, and this one heeds one of them",
    "types/simple/no-binary-post": "there is no process where there is no program",
}
_UNKNOWN = {
    "User=": "services run as Farmhand does (User=, Group=)",
    "Group=": "services run as Farmhand does (User=, Group=)",
    "killpid": "signals from one process to another",
    "waitchild": "a parent that waits for whom it has not started",
    "SendSIGHUP=": "Windows has no SIGHUP",
}


def translated(scenario: Scenario) -> Scenario:
    """Say a scenario, and what is expected of it, in Windows' words."""
    lines = scenario.unit_text.splitlines()
    unit = [_SIGNAL.sub(_ended_by, line) if _STATUSES.match(line) else line for line in lines]
    unit = [re.sub(r"(?<![\w@/])/(nonexistent|etc)", r"Z:/\1", line) for line in unit]
    expect = _expected(scenario.expect or {})
    if "die INT" not in json.dumps(scenario.script):
        expect = _interrupted(expect)
    return dataclasses.replace(scenario, unit=unit, expect=expect)


def _interrupted(expect: Outcome) -> Outcome:
    """Have whoever was sent an INT die of CTRL_C, which is a TERM as the child tells it."""
    ends = {role: ["signal TERM" if end == "signal INT" else end for end in each] for role, each in _ends(expect)}
    return expect | ({"ends": ends} if ends else {})


def _ends(expect: Outcome) -> Iterable[tuple[str, list[str]]]:
    return expect.get("ends", {}).items()


def _ended_by(name: re.Match[str]) -> str:
    return f"{name[1] or ''}{ENDED_BY[name[2]]}"


def _expected(expect: Outcome) -> Outcome:
    told = {key: value for key, value in expect.items() if key not in ("signals", "signal_ms")}
    told["final"] = {**expect.get("final", {})}
    if told["final"].get("ExecMainCode") in ("2", "3"):  # killed, dumped
        told["final"] |= {"ExecMainCode": "2", "ExecMainStatus": _number(told["final"]["ExecMainStatus"])}
    if "failures" in told:
        told["failures"] = [_killed(name) for name in told["failures"]]
    if told["final"].get("Result") == "core-dump":
        told["final"]["Result"] = "signal"
    if "handed" in told:
        told["handed"] = {role: [_handed(run) for run in runs] for role, runs in told["handed"].items()}
    return told | _heard(expect)


def _number(number: str) -> str:
    return NUMBERS.get(number, number)


def _killed(word: str) -> str:
    return {"core-dump": "signal", "dumped": "killed"}.get(word, word)


def _handed(run: Mapping[str, str]) -> dict[str, str]:
    told = {key: _killed(value) for key, value in run.items()}
    if told.get("EXIT_CODE") == "killed":
        told["EXIT_STATUS"] = ENDED_BY.get(told["EXIT_STATUS"], told["EXIT_STATUS"])
    return told


def _heard(expect: Outcome) -> dict[str, Any]:
    """Return the signals that a process hears there, and when."""
    names: dict[str, list[list[str]]] = {}
    times: dict[str, list[list[int]]] = {}
    for role, runs in expect.get("signals", {}).items():
        pairs = [
            [(name, at) for name, at in zip(run, when, strict=True) if name in _ASKING]
            for run, when in zip(runs, expect.get("signal_ms", {}).get(role, runs), strict=True)
        ]
        if any(pairs):
            names[role] = [["TERM" for _ in run] for run in pairs]
            times[role] = [[at for _, at in run] for run in pairs]
    heard = {"signals": names, "signal_ms": times}
    return {key: value for key, value in heard.items() if value and key in expect}
