"""launchd's property lists, read: what each key means in systemd's words, and what none of them says."""

import plistlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from .. import launchd_job as job
from ..again import CLEAN_SIGNALS, SIGNAL_NAMES
from ..dialect import Found
from ..errors import BadConfig
from ..foreign import Foreign
from ..spec import INFINITY, Limit, Restart, StatusSet
from ..xml_text import parse

LIMITS = {
    "CORE": "Core",
    "CPU": "CPU",
    "DATA": "Data",
    "FSIZE": "FileSize",
    "MEMLOCK": "MemoryLock",
    "NOFILE": "NumberOfFiles",
    "NPROC": "NumberOfProcesses",
    "RSS": "ResidentSetSize",
    "STACK": "Stack",
}


_NONE = StatusSet()


@dataclass(frozen=True)
class Kept:
    """What a KeepAlive comes to: a policy, with the endings that it would take for others than launchd does."""

    restart: Restart
    prevent: StatusSet = _NONE
    force: StatusSet = _NONE


# "typically associated with a crash (SIGILL, SIGSEGV, etc.)": those that dump core; nobody has tried which they are.
_CRASHES = frozenset(f"SIG{name}" for name in ("QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "SYS"))
_ASKED = StatusSet(signals=CLEAN_SIGNALS)  # a clean end for systemd, and none for launchd
_ALWAYS, _NEVER = Kept("always"), Kept("no")
_UNLESS_CRASHED = Kept("always", prevent=StatusSet(signals=_CRASHES))
_UNSUCCESSFUL = Kept("on-failure", force=_ASKED)
_SUCCESSFUL = Kept("on-success", prevent=_ASKED)
_CRASHED = Kept("on-abnormal", prevent=StatusSet(signals=frozenset(SIGNAL_NAMES) - _CRASHES))

# By SuccessfulExit and Crashed, None for what is not said: any of them that holds is enough.
KEPT: Mapping[tuple[bool | None, bool | None], Kept] = {
    (None, None): _NEVER,
    (None, True): _CRASHED,
    (None, False): _UNLESS_CRASHED,
    (False, None): _UNSUCCESSFUL,
    (False, True): _UNSUCCESSFUL,
    (False, False): _ALWAYS,
    (True, None): _SUCCESSFUL,
    (True, True): Kept("on-success", prevent=_ASKED, force=StatusSet(signals=_CRASHES)),
    (True, False): _UNLESS_CRASHED,
}

_TIMER = "write a .timer unit for it"
_SOCKET = "write a .socket unit for it"
_PATH = "write a .path unit for it"
# What has no meaning for a service of systemd, by what can be done about it.
_NOT_SAID = {
    **dict.fromkeys(("StartInterval", "StartCalendarInterval"), ("it starts at certain times", _TIMER)),
    **dict.fromkeys(("WatchPaths", "QueueDirectories"), ("it starts when a file changes", _PATH)),
    **dict.fromkeys(("Sockets", "inetdCompatibility"), ("it starts when somebody connects", _SOCKET)),
    **dict.fromkeys(("MachServices", "LaunchEvents"), ("it starts on messages of macOS", "start it otherwise")),
    "StartOnMount": ("it starts when a disk is mounted", "say RequiresMountsFor= in a unit"),
    "EnableGlobbing": ("its arguments are patterns of files", "have a shell expand them"),
    **dict.fromkeys(("SandboxProfile", "SandboxFlags"), ("it is confined by macOS", "say ProtectSystem= and others")),
    **dict.fromkeys(
        ("LimitLoadToSessionType", "LimitLoadToHosts", "LimitLoadFromHosts", "LimitLoadToHardware",
         "LimitLoadFromHardware"),
        ("it is loaded only in some places", "install it only there"),
    ),
}  # fmt: skip
# What makes no difference elsewhere.
_ONLY_THERE = frozenset({
    *("InitGroups", "OnDemand", "ServiceIPC", "EnableTransactions", "EnablePressuredExit", "Debug", "WaitForDebugger"),
    *("SessionCreate", "LegacyTimers", "MaterializeDatalessFiles", "AssociatedBundleIdentifiers", "ProcessType"),
    *("LowPriorityBackgroundIO", "TimeOut", "HopefullyExitsFirst", "HopefullyExitsLast", "ServiceDescription"),
})  # fmt: skip
_HARMLESS = {"InitGroups": True, "OnDemand": False, "ProcessType": job.PROCESS_TYPE, "Debug": False}


def read(path: str, text: str) -> Found:
    """Take the job of a property list, in XML. Raises BadConfig."""
    plist = _plist(path, text)
    foreign = Foreign(path, _lines(path, text))
    for key, value in plist.items():
        if key in _READERS:
            _read(foreign, key, value)
        elif key in _NOT_SAID:
            foreign.ignore(key, *_NOT_SAID[key])
        elif key not in _ONLY_THERE:
            foreign.unknown(key, [*_READERS, *_NOT_SAID, *_ONLY_THERE], "launchd")
        elif _HARMLESS.get(key, _Nothing) != value:
            foreign.ignore(key, "it is a matter of macOS alone", "it is left out")
    _program(foreign, plist)
    _as_by_default(foreign, plist)
    return foreign.found(str(plist.get("Label", "")))


class _Nothing:
    """No value of a plist is it."""


def _plist(path: str, text: str) -> dict[str, Any]:
    try:
        plist = plistlib.loads(text.encode("utf-8", "surrogatepass"), fmt=plistlib.FMT_XML)
    except (ExpatError, ValueError, TypeError, AttributeError, IndexError, plistlib.InvalidFileException) as error:
        hint = "write it with plutil -convert xml1"
        raise BadConfig(
            path, getattr(error, "lineno", 0), "", f"it is no property list in XML: {error}", hint
        ) from None
    if not isinstance(plist, dict) or not all(isinstance(key, str) for key in plist):
        raise BadConfig(path, 0, "", "it describes no job", "write a <dict> with Label and ProgramArguments")
    return plist


def _lines(path: str, text: str) -> dict[str, int]:
    whole = parse(path, text).find("dict")
    return {child.text: child.line for child in whole.children if child.name == "key"} if whole else {}


def _read(foreign: Foreign, key: str, value: Any) -> None:
    kind, take = _READERS[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise foreign.wrong(key, f"{value!r} is of another kind than launchd wants", "see launchd.plist(5)")
    take(foreign, key, value)


def _says(directive: str, prefix: str = "") -> Callable[[Foreign, str, Any], None]:
    return lambda foreign, key, value: foreign.say(key, directive, f"{prefix}{value}")


def _nothing(foreign: Foreign, key: str, value: Any) -> None:
    """It is read together with others."""


def _stream(directive: str) -> Callable[[Foreign, str, str], None]:
    prefix = "file:" if directive == "StandardInput" else "append:"
    return lambda foreign, key, path: foreign.say(key, directive, "null" if path == "/dev/null" else prefix + path)


def _environment(foreign: Foreign, key: str, variables: dict[str, Any]) -> None:
    for name, value in variables.items():
        foreign.variable(key, name, str(value))


def _umask(foreign: Foreign, key: str, value: Any) -> None:
    """It is a number, or octal in a string."""
    foreign.say(key, "UMask", f"{value:04o}" if isinstance(value, int) else value)


def _keep_alive(foreign: Foreign, key: str, value: bool | dict[str, Any]) -> None:
    conditions = value if isinstance(value, dict) else {}
    for name in sorted(conditions.keys() - {"SuccessfulExit", "Crashed"}):
        foreign.ignore(key, f"{name} keeps it alive", "only SuccessfulExit and Crashed can be said elsewhere")
    said = conditions.get("SuccessfulExit"), conditions.get("Crashed")
    if any(each not in (None, True, False) for each in said):
        raise foreign.wrong(key, f"{value!r} is of another kind than launchd wants", "write true or false")
    _keep(foreign, key, _ALWAYS if value is True else KEPT[said])


def _keep(foreign: Foreign, key: str, kept: Kept) -> None:
    foreign.put(key, "Restart", kept.restart)
    for directive, statuses in (("RestartPreventExitStatus", kept.prevent), ("RestartForceExitStatus", kept.force)):
        if statuses:
            foreign.put(key, directive, statuses)


def _exit_time_out(foreign: Foreign, key: str, seconds: int) -> None:
    foreign.put(key, "TimeoutStopSec", float(seconds) or INFINITY)


def _abandon(foreign: Foreign, key: str, alone: bool) -> None:
    foreign.put(key, "KillMode", "process" if alone else "control-group")


def _limits(foreign: Foreign, key: str, limits: dict[str, Any]) -> None:
    known = {theirs: name for name, theirs in LIMITS.items()}
    for theirs, value in limits.items():
        if theirs not in known or not isinstance(value, int):
            foreign.ignore(key, f"{theirs} is not one of its limits", f"there are {', '.join(known)}")
            continue
        old = foreign.draft.values.get("limits", {}).get(known[theirs], Limit(value, value))
        new = Limit(value, old.hard) if key.startswith("Soft") else Limit(min(old.soft, value), value)
        foreign.put(key, f"Limit{known[theirs]}", {known[theirs]: new})


def _low_priority(foreign: Foreign, key: str, low: bool) -> None:
    if low:
        foreign.put(key, "IOSchedulingClass", "idle")


def _only_once(foreign: Foreign, key: str, once: bool) -> None:
    if once:
        _keep(foreign, key, _NEVER)


def _disabled(foreign: Foreign, key: str, disabled: bool) -> None:
    if disabled:
        foreign.ignore(key, "it is not to be loaded", "do not enable it")


_READERS: Mapping[str, tuple[Any, Callable[[Foreign, str, Any], None]]] = {
    **dict.fromkeys(("Label", "Program"), (str, _nothing)),
    "ProgramArguments": (list, _nothing),
    "RunAtLoad": (bool, _nothing),
    "KeepAlive": ((bool, dict), _keep_alive),
    "LaunchOnlyOnce": (bool, _only_once),
    "Disabled": (bool, _disabled),
    "UserName": (str, _says("User")),
    "GroupName": (str, _says("Group")),
    "RootDirectory": (str, _says("RootDirectory")),
    "WorkingDirectory": (str, _says("WorkingDirectory")),
    "EnvironmentVariables": (dict, _environment),
    "Umask": ((int, str), _umask),
    "Nice": (int, _says("Nice")),
    "ThrottleInterval": (int, _says("RestartSec")),
    "ExitTimeOut": (int, _exit_time_out),
    "AbandonProcessGroup": (bool, _abandon),
    "HardResourceLimits": (dict, _limits),
    "SoftResourceLimits": (dict, _limits),
    "LowPriorityIO": (bool, _low_priority),
    "StandardInPath": (str, _stream("StandardInput")),
    "StandardOutPath": (str, _stream("StandardOutput")),
    "StandardErrorPath": (str, _stream("StandardError")),
}


def _program(foreign: Foreign, plist: dict[str, Any]) -> None:
    """Program is the file, ProgramArguments all words; the first of them is the file where that is not said."""
    words = plist.get("ProgramArguments", [])
    if not all(isinstance(word, str) for word in words):
        raise foreign.wrong("ProgramArguments", "it holds something else than strings", "write each word as a string")
    key = "ProgramArguments" if words else "Program"
    program = plist.get("Program") or (words[0] if words else None)
    if program is None:
        raise BadConfig(foreign.path, 0, "ProgramArguments", "it is missing", "name the program and its arguments")
    named = words[0] if words and words[0] != program else None
    foreign.command(key, "ExecStart", [program, *words[1:]], argv0=named)


def _as_by_default(foreign: Foreign, plist: dict[str, Any]) -> None:
    """Say what launchd does unless it is told otherwise; it never gives up."""
    foreign.put("Label", "StartLimitIntervalSec", 0.0)
    if "KeepAlive" in plist and "ThrottleInterval" not in plist:
        foreign.put("KeepAlive", "RestartSec", float(job.THROTTLE))
    if "ExitTimeOut" not in plist:
        foreign.put("Label", "TimeoutStopSec", float(job.EXIT_TIME_OUT))
    if plist.get("RunAtLoad") or plist.get("KeepAlive"):
        foreign.put("RunAtLoad" if plist.get("RunAtLoad") else "KeepAlive", "WantedBy", ("multi-user.target",))
    elif not plist.keys() & _NOT_SAID.keys():
        foreign.ignore("RunAtLoad", "nothing starts it by itself", "enable it with WantedBy= if it is to start")
