"""What each directive means on Linux, macOS and Windows: the same on all three, unless a row here says otherwise.

A row gives the systems, what becomes of the directives there, their names, and why in a sentence; and of which values
that holds, if not of all. Rows are in order: the first that is about a value decides. What no system does, because
Farmhand does not act on it at all, is taken from known.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from . import checks, known
from .directives import DIRECTIVES, Directive
from .light import Any, Literal, dataclass
from .spec import Command, Service, StatusSet

System = Literal["linux", "macos", "windows"]
Word = Literal["same", "near", "not in force", "refused"]

SYSTEMS: Mapping[System, str] = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
# What the words say of a service that has such a directive.
WORDS: Mapping[Word, str] = {
    "same": "it means what systemd's manual says",
    "near": "it is done in the system's own way, which differs as the sentence says",
    "not in force": "the service runs without it, and `farmhand check`, `run` and `status` say so",
    "refused": "the service is not started",
}


@dataclass(frozen=True)
class Values:
    """Some of a directive's values: in words, and how to tell them."""

    words: str
    hold: Callable[[Any], bool]


def _any(value: object) -> bool:
    return True


_ALL = Values("", _any)


@dataclass(frozen=True)
class Case:
    """What becomes of a directive on a system; why: a sentence, "" if it is the same."""

    word: Word
    why: str
    values: Values = _ALL


_SAME = Case("same", "")


def _among(*values: str) -> Values:
    return Values(", ".join(values), lambda value: value in values)


def _tested(*names: str) -> str:
    """Name the directives of checks: Condition…= and Assert…=."""
    return " ".join(f"{verb}{name}" for verb in checks.VERBS for name in names)


def _has_batch_file(commands: tuple[Command, ...]) -> bool:
    return any(command.words[0].lower().endswith((".bat", ".cmd")) for command in commands)


def _is_from_socket(stream: str) -> bool:
    return stream.partition(":")[0] in ("socket", "fd")


def _is_terminal(stream: str) -> bool:
    return stream in ("tty", "tty-force", "tty-fail")


def _is_ambiguous(variables: Mapping[str, str]) -> bool:
    return len({name.upper() for name in variables}) < len(variables)


def _has_signals(statuses: StatusSet) -> bool:
    return bool(statuses.signals)


_BATCH = Values("batch files", _has_batch_file)
_SOCKETS = Values("socket, fd", _is_from_socket)
_TERMINALS = Values("terminals", _is_terminal)
_AMBIGUOUS = Values("names that differ in capitals only", _is_ambiguous)
_SIGNALS = Values("signals", _has_signals)
_PERCENTAGES = Values("percentages", lambda amount: amount.endswith("%"))
_YES, _NO = Values("yes", bool), Values("no", lambda value: not value)

_COMMANDS = "ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost"
_OUTPUTS = "StandardOutput StandardError"
_STREAMS = f"StandardInput {_OUTPUTS}"
_SENT = "KillSignal RestartKillSignal WatchdogSignal FinalKillSignal"
_ALL_SYSTEMS = "linux macos windows"

_Row = tuple[str, Word, str, str] | tuple[str, Word, str, str, Values]

_ROWS: tuple[_Row, ...] = (
    # What Farmhand does nothing about, wherever it runs.
    (_ALL_SYSTEMS, "not in force", "StartLimitAction FailureAction SuccessAction JobTimeoutAction "
     "FailureActionExitStatus SuccessActionExitStatus RebootArgument JobTimeoutRebootArgument",
     "Farmhand leaves the computer alone"),
    (_ALL_SYSTEMS, "not in force", "TimeoutCleanSec", "there is no `clean` that could take too long"),
    (_ALL_SYSTEMS, "same", "OOMPolicy", "", _among("continue")),
    (_ALL_SYSTEMS, "not in force", "OOMPolicy", "Farmhand is not told which process the kernel killed for memory"),
    (_ALL_SYSTEMS, "not in force", "IOAccounting", "Farmhand does not count what is read and written"),
    (_ALL_SYSTEMS, "near", "DefaultDependencies", "services have no dependencies but those they name"),
    (_ALL_SYSTEMS, "refused", _STREAMS, "Farmhand has no sockets and no descriptors for services", _SOCKETS),
    (_ALL_SYSTEMS, "not in force", _OUTPUTS, "the output goes to Farmhand's log alone",
     _among("kmsg", "kmsg+console", "journal+console")),

    # [Unit]: what macOS and Windows have nothing to tell by counts as met.
    ("macos windows", "not in force", _tested(
        "Virtualization", "KernelCommandLine", "ControlGroupController", "OSRelease", "Security", "Capability"),
     "it asks about Linux: it counts as met"),
    ("macos windows", "near", _tested("FirstBoot"), "systemd alone notes that: here it is never the first"),
    ("macos windows", "near", _tested("Host"), "by the machine's name alone: there is no machine id"),
    ("macos windows", "near", _tested("KernelVersion"), "it is the system's own release, another series than Linux'"),
    ("macos", "near", _tested("NeedsUpdate"), "only systemd notes an update: it always holds"),
    ("windows", "not in force", _tested("NeedsUpdate", "PathIsReadWrite", "Group"),
     "Windows has nothing to tell it by: it counts as met"),
    ("windows", "near", _tested("User"), "by the account's name alone: accounts have no numbers"),
    ("windows", "near", _tested("FileIsExecutable"), "by the ending of its name: .exe, .com, .bat or .cmd"),

    # [Service]: how it starts and what tells that it has.
    ("macos", "near", "Type", "which process is the main one is not known: the service ends with its last process",
     _among("forking")),
    ("macos", "not in force", "GuessMainPID", "macOS does not tell which process was left behind"),
    ("macos", "not in force", "PIDFile", "macOS does not tell how a process ended that the service itself started"),
    ("macos", "near", "NotifyAccess", "macOS does not tell who sent a message: it counts as the main process"),
    ("macos", "near", "ExitType", "its processes are looked for ten times a second", _among("cgroup")),
    ("windows", "near", "Type", "what the first process leaves behind is the service; name its main one by PIDFile=",
     _among("forking")),
    ("windows", "near", "Type", "NOTIFY_SOCKET is the path of a named pipe, to which each message is written",
     _among("notify")),
    ("windows", "near", "Type", "NOTIFY_SOCKET is the path of a named pipe; reload it by ExecReload=, not by a signal",
     _among("notify-reload")),
    ("windows", "near", "NotifyAccess WatchdogSec", "NOTIFY_SOCKET is the path of a named pipe"),
    ("windows", "not in force", "GuessMainPID", "Windows does not tell which process was left behind; use PIDFile="),
    ("windows", "near", _COMMANDS, 'no argument of a batch file may have any of " % ! or a line break in it', _BATCH),
    ("windows", "near", "Restart", "a crash is told by its exit code, such as 0xC0000005",
     _among("on-abnormal", "on-abort")),
    ("windows", "near", "SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus",
     "a signal stands for the crash that is told by an exit code: SIGSEGV for 0xC0000005", _SIGNALS),

    # How it is stopped.
    ("macos", "near", "KillMode", "a process is lost that leaves session and environment before it is seen",
     _among("control-group", "mixed")),
    ("windows", "near", "KillMode", "CTRL_C goes to all that share the main process' console, SIGKILL to the whole job",
     _among("control-group")),
    ("windows", "near", "KillMode", "CTRL_C reaches all that share the main process' console, not it alone",
     _among("mixed", "process")),
    ("windows", "near", "KillMode", "what is not stopped runs on until the supervisor ends", _among("none")),
    ("windows", "near", _SENT, "it is CTRL_C on the service's console; windows are closed",
     _among("SIGTERM", "SIGINT")),
    ("windows", "near", _SENT, "it is CTRL_BREAK on the service's console; windows are closed",
     _among("SIGQUIT", "SIGABRT")),
    ("windows", "same", _SENT, "", _among("SIGKILL")),
    ("windows", "not in force", _SENT,
     "Windows has no such signal: nobody hears it, and the next step comes when its time is over; use ExecStop="),
    ("windows", "not in force", "ReloadSignal", "Windows has no signal for it; use ExecReload="),
    ("windows", "not in force", "SendSIGHUP", "Windows has no SIGHUP", _YES),
    ("windows", "near", "SendSIGKILL", "what is not killed runs on until the supervisor ends", _NO),
    ("windows", "near", "TimeoutStartFailureMode TimeoutStopFailureMode",
     "it is CTRL_BREAK on the service's console, and no core is dumped", _among("abort")),
    ("windows", "not in force", "IgnoreSIGPIPE", "a broken pipe is an error there, and never a signal", _NO),

    # Who it runs as, and where.
    ("macos", "near", "SupplementaryGroups", "a process is in 16 groups at most"),
    ("macos windows", "same", "RootDirectory", "", _among("/")),
    ("macos", "near", "RootDirectory", "programs below it need libraries of macOS that are not files"),
    ("windows", "refused", "User Group SupplementaryGroups",
     "services run as Farmhand does; install Farmhand under that account"),
    ("windows", "refused", "DynamicUser", "services run as Farmhand does", _YES),
    ("windows", "refused", "RootDirectory", "Windows has no root directory for a process alone"),
    ("windows", "not in force", "RootDirectoryStartOnly", "Windows has no root directory for a process alone"),
    ("windows", "near", "PermissionsStartOnly", "all commands run as Farmhand does", _YES),
    ("windows", "not in force", "SetLoginEnvironment", "USERNAME and USERPROFILE are there anyway"),
    ("windows", "not in force", "UMask", "what is made has the permissions of the folder that it is in"),
    ("macos", "near", "SetCredential LoadCredential ImportCredential", "the files are on a disk, not in memory"),
    ("windows", "near", "SetCredential LoadCredential ImportCredential",
     "the files are on a disk, and kept from others by access lists"),
    ("windows", "near", " ".join(f"{name}Directory" for name in ("Runtime", "State", "Cache", "Logs", "Configuration")),
     "it is where %S, %C, %L, %E and %t are there; a link is a junction"),
    ("windows", "not in force",
     " ".join(f"{name}DirectoryMode" for name in ("Runtime", "State", "Cache", "Logs", "Configuration")),
     "what is made has the permissions of the folder that it is in"),
    ("windows", "near", "Environment", "they are one variable there, the last one counts", _AMBIGUOUS),

    # Its streams.
    ("macos", "not in force", "TTYVHangup", "macOS cannot hang a terminal up"),
    ("windows", "refused", "StandardInput", "Windows has no terminals that a service could have", _TERMINALS),
    ("windows", "refused", _OUTPUTS, "Windows has no terminals that a service could have", _TERMINALS),
    ("windows", "not in force", "TTYPath TTYReset TTYVHangup", "Windows has no terminals that a service could have"),

    # What it may use.
    ("macos windows", "not in force", "CPUSchedulingPriority CPUSchedulingResetOnFork", "it is Linux' own"),
    ("macos", "not in force", "CPUSchedulingPolicy", "macOS lets nobody choose it; use Nice="),
    ("macos", "not in force", "CPUAffinity", "macOS lets nobody choose processors"),
    ("windows", "near", "Nice", "it is a class: 15 idle, 1 below normal, 0 normal, -10 above normal, -20 high"),
    ("windows", "near", "CPUSchedulingPolicy", "it is a class: idle, below normal for batch, else high",
     _among("idle", "batch", "fifo", "rr")),
    ("windows", "not in force", "CPUAffinity", "Windows is not asked for its NUMA nodes", _among("numa")),
    ("windows", "near", "CPUAffinity", "processors from 64 on cannot be chosen"),
    ("macos windows", "not in force",
     "IOSchedulingClass IOSchedulingPriority OOMScoreAdjust TimerSlackNSec CoredumpFilter Personality",
     "it is Linux' own"),
    ("macos", "not in force", "NoNewPrivileges", "macOS has nothing like it"),
    ("windows", "near", "NoNewPrivileges", "no program gives more privileges there, so nothing is done", _YES),
    ("macos", "not in force", "LimitLOCKS LimitSIGPENDING LimitMSGQUEUE LimitNICE LimitRTPRIO LimitRTTIME",
     "macOS has no such limit"),
    ("macos", "near", "LimitAS LimitRSS", "both are one limit there"),
    ("windows", "not in force", " ".join(name for name in DIRECTIVES if name.startswith("Limit")),
     "Windows has no such limits; use MemoryMax=, TasksMax= or CPUQuota="),
    ("windows", "near", "CPUQuota", "it is a part of all processors, over times that Windows chooses"),
    ("windows", "near", "MemoryMax", "above it memory is refused, and nobody is killed for it"),
    ("windows", "not in force", "TasksMax", "Windows does not say how many there may be in all", _PERCENTAGES),
    ("windows", "near", "TasksMax", "threads do not count; a process above it is ended at once"),
    ("macos", "not in force", "CPUQuota MemoryMax TasksMax", "macOS has no control groups, nor anything like them"),
    ("macos windows", "not in force",
     "CPUQuotaPeriodSec CPUWeight AllowedCPUs AllowedMemoryNodes MemoryMin MemoryLow MemoryHigh MemorySwapMax IOWeight "
     "CPUAccounting MemoryAccounting TasksAccounting",
     "it is a matter of Linux' control groups"),
)  # fmt: skip


# What `%` specifiers stand for where that is not what systemd says: letters -> the text on macOS, on Windows.
SPECIFIERS: Mapping[str, tuple[str, str]] = {
    "b m": ("nothing: there are no such ids", "nothing: there are no such ids"),
    "A B M o w W": ("nothing: there is no os-release", "nothing: there is no os-release"),
    "v": ("the release of Darwin", "the release of Windows, such as 10"),
    "g G U": ("as systemd says", "refused: accounts and groups have no numbers"),
    "s": ("as systemd says", "the shell that `COMSPEC` names"),
    "h": ("as systemd says", "`HOME`, or the folder of the account"),
    "C E S": ("as systemd says", "`LOCALAPPDATA`, or `ProgramData` for an account of Windows itself"),
    "L": ("as systemd says", "`log` in `LOCALAPPDATA` or `ProgramData`"),
    "t": ("`/var/run` for root", "`TEMP`"),
    "T V": ("as systemd says", "`TEMP`"),
}


def cases(section: str, name: str, system: System) -> tuple[Case, ...]:
    """Give what becomes of a directive on a system, value by value; none if it is the same for all of them."""
    if name in known.REFUSED:
        return (Case("refused", known.REFUSED[name][1]),)
    if name in known.KEPT[section]:
        return (Case("not in force", known.why(section, name)),)
    return tuple(
        Case(word, why, *values)
        for systems, word, names, why, *values in _ROWS
        if system in systems.split() and name in names.split()
    )


def case(row: Directive, value: object, system: System) -> Case:
    """Give what becomes of one value of a directive that Farmhand acts on."""
    return next((each for each in cases(row.section, row.name, system) if each.values.hold(value)), _SAME)


@dataclass(frozen=True)
class Difference:
    """Something that a file says and that is not the same on a system; where it says so (line 0: nobody knows)."""

    path: str
    line: int
    key: str
    system: System
    word: Word
    why: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.key}: {self.word} on {SYSTEMS[self.system]}: {self.why}"

    @property
    def is_loss(self) -> bool:
        """Whether it is not done there at all."""
        return self.word != "near"


def differences(services: Iterable[Service], system: System) -> tuple[Difference, ...]:
    """Give what services say and is not the same on a system, each once, in the order of the files.

    What is not in force and says no more than the default does is passed over: nothing is lost with it.
    """
    found = {each for service in services for each in _differences(service, system)}
    return tuple(sorted(found, key=lambda each: (each.path, each.line, each.key)))


def _differences(service: Service, system: System) -> Iterator[Difference]:
    for name in service.origin.keys() & DIRECTIVES.keys():
        row = DIRECTIVES[name]
        value = getattr(service, row.field)
        found = case(row, value, system)
        if found.word == "near" or (found.word != "same" and value != row.default):
            path, _, line = service.origin[name].rpartition(":")
            yield Difference(path, int(line or 0), name, system, found.word, found.why)
    for said in service.kept:
        [found] = cases(said.section, said.key, system)
        yield Difference(said.path, said.line, said.key, system, found.word, found.why)
