"""How a worker's processes ended, by what the agent on its machine attests. Pure.

A manager hears a worker sign off, or does not hear of it any more; how the process ended, its supervisor alone knows.
So without an agent the cause of an end is unknown, and is called so.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .attended import UP
from .facts import Kind


class Happening(Protocol):
    """What is asked of an event here."""

    @property
    def at(self) -> int: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def detail(self) -> Mapping[str, object]: ...


class Cause(Enum):
    """Why a process ended, from the one that nobody minds to the one that nobody knows."""

    CLEAN = "clean"
    RESTART = "restart code"
    ERROR = "another exit code"
    CRASH = "crash"
    KILLED = "killed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class End:
    """One end of a process. exit: in the words of the agent, "" where nobody saw it."""

    at: int
    cause: Cause = Cause.UNKNOWN
    exit: str = ""


_CODE = re.compile(r"exit code (\d{1,10})")
_SIGNAL = re.compile(r"signal (SIG[A-Z0-9+]{1,12})")

# What somebody sends who wants a process gone; any other signal is sent to it for what it did.
_SENT = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGSTOP"})

# Windows tells of a crash by an exit code of this severity: [MS-ERREF] 2.3, NTSTATUS.
_NTSTATUS = 0xC0000000
_CRASHES: Mapping[int, str] = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC0000017: "no memory",
    0xC0000094: "division by zero",
    0xC00000FD: "stack overflow",
    0xC0000135: "a DLL was not found",
    0xC0000142: "a DLL failed to start",
    0xC0000374: "heap corruption",
    0xC0000409: "stack overrun, or abort()",
}
_CONTROL_C = 0xC000013A


def cause(exit: str, restart_code: int) -> Cause:
    """Say why a process ended of which an agent says `exit`; restart_code: with which it asks to be started again."""
    if found := _CODE.match(exit):
        return _of_code(int(found[1]), restart_code)
    if found := _SIGNAL.match(exit):
        return Cause.KILLED if found[1] in _SENT else Cause.CRASH
    return Cause.UNKNOWN


def _of_code(code: int, restart_code: int) -> Cause:
    if code == restart_code:
        return Cause.RESTART
    if code == _CONTROL_C:
        return Cause.KILLED
    if code >= _NTSTATUS:
        return Cause.CRASH
    return Cause.ERROR if code else Cause.CLEAN


def exit_words(exit: str) -> str:
    """Say an exit as people do: a crash of Windows by its name."""
    found = _CODE.match(exit)
    code = int(found[1]) if found else 0
    if code < _NTSTATUS:
        return exit
    name = "Ctrl+C" if code == _CONTROL_C else _CRASHES.get(code, "a crash")
    return f"exit code 0x{code:08X} ({name})"


# The kinds of events that this is read from.
ENDINGS = frozenset(
    {
        *(Kind.WORKER_SIGNED_OFF, Kind.WORKER_LOST, Kind.WORKER_SIGNED_ON, Kind.WORKER_BACK),
        *(Kind.SERVICE_RESTARTED, Kind.SERVICE_CHANGED),
    }
)

# What of their details it is read from.
TOLD = ("active", "exit")

# Those of them by which an agent tells how one ended.
TELLS = frozenset({Kind.SERVICE_RESTARTED, Kind.SERVICE_CHANGED})

# An agent that looks from time to time tells of an end after the worker is back, but not much later.
_LATE_MS = 60_000


def ends(events: Iterable[Happening], restart_code: int) -> list[End]:
    """Return the ends of a worker's processes, by its events, oldest first.

    Who signs on without having signed off has ended in between; who was lost and is back has not. What an agent tells
    belongs to the last end if nobody told of that yet, else it is an end of its own.
    """
    found: list[End] = []
    up = is_open = False
    for event in events:
        match event.kind:
            case Kind.WORKER_SIGNED_OFF | Kind.WORKER_LOST if up:
                found.append(End(event.at))
                up, is_open = False, True
            case Kind.WORKER_BACK:
                if is_open and not up:
                    found.pop()
                up, is_open = True, False
            case Kind.WORKER_SIGNED_ON:
                if up:
                    found.append(End(event.at))
                    is_open = True
                up = True
            case Kind.SERVICE_RESTARTED | Kind.SERVICE_CHANGED if exit := ended(event):
                if is_open and (not up or event.at - found[-1].at <= _LATE_MS):
                    found[-1] = End(found[-1].at, cause(exit, restart_code), exit)
                elif up or event.kind is Kind.SERVICE_RESTARTED:
                    found.append(End(event.at, cause(exit, restart_code), exit))
                    up = False
                is_open = False
    return found


def ended(event: Happening) -> str:
    """Return how a process ended of which an agent tells, "" where it tells of none."""
    still_up = event.kind is Kind.SERVICE_CHANGED and event.detail.get("active") in UP
    return "" if still_up else str(event.detail.get("exit") or "")
