"""The one table of directives: everything else about them is made from it.

A row gives a directive's section, the kind of its value (kinds.py), the systemd version that brought it
(0: it was always there), and one line of help. Its field in `spec.Service` follows from its name, its
default is that field's. Directives that systemd 252 knows and Farmhand only keeps are in known.py.
"""

import functools
import re
from collections.abc import Iterator

from . import checks, execution, grammar, known, shares, spec
from .errors import nearest
from .kinds import (
    ACTION,
    AFFINITY,
    BOOLEAN,
    COMMANDS,
    CPUS,
    FIRM_BOOLEAN,
    SIGNAL,
    STATUSES,
    TEXT,
    UMASK,
    Kind,
    append,
    choice,
    integer,
    limit,
    numbered,
    service_type,
    span,
)
from .light import Any, dataclass, defaults, get_args
from .named import (
    ACCOUNT,
    ACCOUNTS,
    ENVIRONMENT,
    ENVIRONMENT_FILES,
    FOLDER,
    PID_FILE,
    UNITS,
    names,
    stream,
)


@dataclass(frozen=True)
class Directive:
    """One row of the table."""

    name: str
    section: str
    kind: Kind
    since: int
    help: str

    @property
    def field(self) -> str:
        """The field of spec.Service that holds it."""
        return _field(self.name)

    @property
    def default(self) -> Any:
        return _DEFAULTS[self.field]

    def in_force(self, value: Any) -> bool:
        """Say whether Farmhand does what this value asks for."""
        if value in _NOT_DONE.get(self.name, ()):
            return False
        return self.name not in _ONLY_SHOWN or value in (self.default, *_ONLY_SHOWN[self.name])


# Beginnings of names whose directives are one field together.
_SHARED_FIELDS = {"Limit": "limits", "Condition": "conditions", "Assert": "asserts"}
_FIELD_EXCEPTIONS = {
    "StandardInputText": "standard_input_data",
    "TTYVHangup": "tty_vhangup",
    "TimerSlackNSec": "timer_slack_nsec",
    "AllowedCPUs": "allowed_cpus",
    "UMask": "umask",
    "X-FarmhandBackoffMaxSec": "backoff_max_sec",
    "X-FarmhandBackoffResetSec": "backoff_reset_sec",
}
# What Farmhand reads, shows and writes again, and does nothing about; with the values that ask for nothing, either.
_ONLY_SHOWN = {
    **dict.fromkeys(("StartLimitAction", "FailureAction", "SuccessAction", "JobTimeoutAction"), ()),
    **dict.fromkeys(("FailureActionExitStatus", "SuccessActionExitStatus"), ()),
    **dict.fromkeys(("RebootArgument", "JobTimeoutRebootArgument", "TimeoutCleanSec"), ()),
    "OOMPolicy": ("continue",),
    "IOAccounting": (),
}


# Values of directives in force that are taken for another: the kernel's log and the console are not written to.
_NOT_DONE: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("StandardOutput", "StandardError"), ("kmsg", "kmsg+console", "journal+console")
)


@functools.cache
def _field(name: str) -> str:
    shared = next((field for prefix, field in _SHARED_FIELDS.items() if name.startswith(prefix)), None)
    return shared or _FIELD_EXCEPTIONS.get(name, _snake(name))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


_DEFAULTS = defaults(spec.Service)

_FAILURE_MODE = choice(*get_args(spec.FailureMode))
_TIMEOUT = span(grammar.parse_timeout)
_LARGEST_COUNT = 2**32 - 1


def _check_variable(text: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) else "is not the name of a variable"


def _check_unset(text: str) -> str | None:
    return _check_variable(text.partition("=")[0])


def _check_url(text: str) -> str | None:
    """Say what is wrong with an address of documentation; systemd, documentation_url_is_valid."""
    good = re.fullmatch(r"(https?://|file:/|info:|man:)[\x01-\x7f]+", text)
    return None if good else "is not the address of documentation: http://, https://, file:/, info: or man: and more"


def _check_anything(text: str) -> str | None:
    return None


def _checks() -> Iterator[tuple[str, str, Kind, int, str]]:
    for verb, otherwise in checks.VERBS.items():
        for name, what in {**checks.ON_PATHS, **checks.ON_WORDS}.items():
            kind = checks.kind(f"{verb}{name}", path=name in checks.ON_PATHS)
            yield f"{verb}{name}", "Unit", kind, checks.SINCE.get(name, 0), f"unless {what}, {otherwise}"


_ROWS = [
    # systemd.unit(5)
    ("Description", "Unit", TEXT, 0, "what the service is, for people"),
    (
        "Documentation",
        "Unit",
        names("URLs", _check_url, escapes="keep", combine=append),
        201,
        "where its documentation is",
    ),
    ("After", "Unit", UNITS, 0, "start it only when these have started; stop it before they stop"),
    ("Before", "Unit", UNITS, 0, "the other way round: these start after it"),
    ("Requires", "Unit", UNITS, 0, "start these, too; stop it when one of them is stopped or cannot start"),
    ("Wants", "Unit", UNITS, 0, "start these, too, and do not mind if they fail"),
    ("Requisite", "Unit", UNITS, 0, "start it only if these are active already"),
    ("BindsTo", "Unit", UNITS, 0, "as Requires=, and stop it whenever one of them stops, for whatever reason"),
    ("PartOf", "Unit", UNITS, 0, "stop and restart it with these; do not start it with them"),
    ("Upholds", "Unit", UNITS, 249, "start these, too, and again whenever they are down while it runs"),
    ("Conflicts", "Unit", UNITS, 0, "stop these when it starts; their start stops it"),
    ("OnFailure", "Unit", UNITS, 0, "start these when it fails for good"),
    ("OnFailureJobMode", "Unit", choice(*get_args(spec.JobMode)), 209, "how their start goes with other jobs"),
    ("OnSuccess", "Unit", UNITS, 249, "start these when it ends well"),
    ("OnSuccessJobMode", "Unit", choice(*get_args(spec.JobMode)), 249, "how their start goes with other jobs"),
    ("PropagatesReloadTo", "Unit", UNITS, 0, "reload these with it"),
    ("ReloadPropagatedFrom", "Unit", UNITS, 0, "reload it with these"),
    ("PropagatesStopTo", "Unit", UNITS, 249, "stop these with it"),
    ("StopPropagatedFrom", "Unit", UNITS, 249, "stop it with these"),
    ("StopWhenUnneeded", "Unit", BOOLEAN, 0, "stop it when no active service needs or wants it any more"),
    ("DefaultDependencies", "Unit", BOOLEAN, 0, "on targets, that is, and there are none here: it changes nothing"),
    ("JobTimeoutSec", "Unit", _TIMEOUT, 0, "how long a job may take in all, waiting for others included"),
    ("JobRunningTimeoutSec", "Unit", _TIMEOUT, 234, "how long it may take from its turn on"),
    *_checks(),
    ("RefuseManualStart", "Unit", BOOLEAN, 0, "start it only with services that need it, not on request"),
    ("RefuseManualStop", "Unit", BOOLEAN, 0, "stop it only with services that it needs, not on request"),
    ("StartLimitIntervalSec", "Unit", span(), 230, "the time in which starts are counted; 0 for no limit"),
    ("StartLimitBurst", "Unit", integer(0, _LARGEST_COUNT), 199, "how many starts that time allows before it fails"),
    ("StartLimitAction", "Unit", ACTION, 189, "what systemd does to the computer then; Farmhand leaves it alone"),
    ("FailureAction", "Unit", ACTION, 209, "what systemd does to the computer when it fails; Farmhand leaves it alone"),
    ("SuccessAction", "Unit", ACTION, 236, "what systemd does to the computer when it ends well; the same"),
    ("FailureActionExitStatus", "Unit", integer(0, 255, resets=True), 240, "with which status systemd then exits"),
    ("SuccessActionExitStatus", "Unit", integer(0, 255, resets=True), 240, "with which status systemd then exits"),
    ("JobTimeoutAction", "Unit", ACTION, 240, "what systemd does to the computer when a job takes too long; the same"),
    ("JobTimeoutRebootArgument", "Unit", TEXT, 240, "what systemd passes to reboot(2) then"),
    ("RebootArgument", "Unit", TEXT, 229, "what systemd passes to reboot(2) with such an action"),
    # systemd.service(5)
    ("Type", "Service", service_type(*get_args(spec.Type)), 0, "when a start counts as done"),
    ("ExecStart", "Service", COMMANDS, 0, "the command to run"),
    ("ExecStartPre", "Service", COMMANDS, 0, "commands to run before it, one after the other"),
    ("ExecStartPost", "Service", COMMANDS, 0, "commands to run once it has started"),
    ("ExecCondition", "Service", COMMANDS, 243, "commands that decide: exit 1 to 254 skips the start"),
    ("ExecReload", "Service", COMMANDS, 0, "commands that make it read its configuration again"),
    ("ExecStop", "Service", COMMANDS, 0, "commands that ask it to stop; what is left is killed"),
    ("ExecStopPost", "Service", COMMANDS, 0, "commands to run after it has ended, however it did"),
    ("RemainAfterExit", "Service", BOOLEAN, 0, "count it as active after its processes have ended well"),
    ("GuessMainPID", "Service", BOOLEAN, 0, "with Type=forking, guess which process is the main one"),
    ("PIDFile", "Service", PID_FILE, 0, "with Type=forking, the file that names the main process"),
    ("ExitType", "Service", choice(*get_args(spec.ExitType)), 250, "whose end is its end: main, or its last process"),
    ("ReloadSignal", "Service", SIGNAL, 253, "with Type=notify-reload, the signal that makes it reload"),
    ("Restart", "Service", choice(*get_args(spec.Restart)), 0, "after which ends to start it again"),
    ("RestartSec", "Service", span(), 0, "the pause before it is started again"),
    ("RestartSteps", "Service", integer(0, _LARGEST_COUNT), 254, "in how many restarts it grows to the longest pause"),
    ("RestartMaxDelaySec", "Service", span(), 254, "the longest pause that RestartSteps= leads to"),
    ("RestartMode", "Service", choice(*get_args(spec.RestartMode)), 254, "direct: no failed or dead in between"),
    ("X-FarmhandBackoffMaxSec", "Service", span(), 0, "after each crash pause twice as long, up to this; 0 for not"),
    ("X-FarmhandBackoffResetSec", "Service", span(resets=True), 0, "a run this long makes the pause short again"),
    ("SuccessExitStatus", "Service", STATUSES, 189, "more exit codes and signals that count as success"),
    ("RestartPreventExitStatus", "Service", STATUSES, 189, "never start it again after these"),
    ("RestartForceExitStatus", "Service", STATUSES, 215, "always start it again after these"),
    ("TimeoutStartSec", "Service", _TIMEOUT, 188, "how long a start may take; infinity for ever"),
    ("TimeoutStopSec", "Service", _TIMEOUT, 188, "how long it may take to stop before it is killed"),
    ("TimeoutAbortSec", "Service", span(resets=True), 243, "the same after a watchdog's signal"),
    ("TimeoutStartFailureMode", "Service", _FAILURE_MODE, 246, "how to end a start that took too long"),
    ("TimeoutStopFailureMode", "Service", _FAILURE_MODE, 246, "how to end a stop that took too long"),
    ("RuntimeMaxSec", "Service", span(), 229, "end it after it has run this long"),
    ("RuntimeRandomizedExtraSec", "Service", span(), 250, "at random, up to this much longer"),
    ("TimeoutCleanSec", "Service", span(), 244, "how long `systemctl clean` may take; there is no such verb here"),
    ("WatchdogSec", "Service", span(), 0, "it must send WATCHDOG=1 this often, or is ended; 0 for off"),
    ("NotifyAccess", "Service", choice(*get_args(spec.NotifyAccess)), 0, "whose notifications to believe"),
    # systemd.kill(5)
    ("KillMode", "Service", choice(*get_args(spec.KillMode), resets=True), 0, "which of its processes a stop ends"),
    ("KillSignal", "Service", SIGNAL, 0, "the signal that asks it to stop"),
    ("RestartKillSignal", "Service", SIGNAL, 244, "the signal that asks it to stop for a restart"),
    ("SendSIGHUP", "Service", BOOLEAN, 0, "send SIGHUP right after the first signal"),
    ("SendSIGKILL", "Service", BOOLEAN, 0, "kill what has not stopped in time"),
    ("FinalKillSignal", "Service", SIGNAL, 240, "the signal that kills it then"),
    ("WatchdogSignal", "Service", SIGNAL, 240, "the signal when the watchdog has waited in vain"),
    # systemd.exec(5)
    ("User", "Service", ACCOUNT, 0, "the user to run as"),
    ("Group", "Service", ACCOUNT, 0, "the group to run as; else the user's own"),
    ("SupplementaryGroups", "Service", ACCOUNTS, 0, "more groups to be in"),
    ("WorkingDirectory", "Service", FOLDER, 0, 'the folder to run in; "~" is the user\'s home'),
    ("DynamicUser", "Service", FIRM_BOOLEAN, 232, "run as User=, else as the user of the service's name; none is made"),
    ("SetLoginEnvironment", "Service", BOOLEAN, 255, "set HOME, LOGNAME, SHELL and USER without User=, too"),
    ("PermissionsStartOnly", "Service", BOOLEAN, 0, "run the other commands than ExecStart= with all privileges"),
    ("RootDirectory", "Service", execution.ROOT, 0, "the folder that is / to it; nothing is mounted there"),
    ("RootDirectoryStartOnly", "Service", BOOLEAN, 0, "for ExecStart= only"),
    ("ExecSearchPath", "Service", execution.SEARCH_PATH, 250, "where programs without a path are looked for"),
    ("UMask", "Service", UMASK, 0, "the file mode creation mask"),
    ("Nice", "Service", integer(-20, 19, resets=True), 0, "-20 for the most, 19 for the least processor time"),
    ("CPUSchedulingPolicy", "Service", numbered("other", "fifo", "rr", "batch", None, "idle"), 0, "its scheduling"),
    ("CPUSchedulingPriority", "Service", integer(0, 99), 0, "its priority under fifo and rr, 1 to 99"),
    ("CPUSchedulingResetOnFork", "Service", BOOLEAN, 0, "give its children back the usual scheduling"),
    ("CPUAffinity", "Service", AFFINITY, 0, "the processors it may use, such as 0-3,8"),
    ("IOSchedulingClass", "Service", numbered("none", "realtime", "best-effort", "idle"), 0, "its disk access"),
    ("IOSchedulingPriority", "Service", integer(0, 7, resets=True), 0, "0 for the most, 7 for the least disk access"),
    ("OOMScoreAdjust", "Service", integer(-1000, 1000, resets=True), 0, "1000: killed first for memory, -1000: never"),
    ("NoNewPrivileges", "Service", BOOLEAN, 187, "no program that it runs gives it more privileges"),
    ("TimerSlackNSec", "Service", execution.NANOSECONDS, 0, "how late its timers may be, to save power"),
    ("CoredumpFilter", "Service", execution.CORE_MASK, 246, "which parts of memory a core dump has"),
    ("Personality", "Service", choice(*execution.PERSONALITIES), 209, "the machine that uname(2) tells it of"),
    *(
        row
        for name, since, where, kind in execution.DIRECTORIES
        for row in (
            (f"{name}Directory", "Service", kind, since, f"folders to make in {where}"),
            (f"{name}DirectoryMode", "Service", UMASK, since, "their access mode"),
        )
    ),
    ("RuntimeDirectoryPreserve", "Service", execution.PRESERVE, 235, "whether RuntimeDirectory= stays after a stop"),
    ("SetCredential", "Service", execution.SET_CREDENTIAL, 247, "a secret, in a file that only it may read"),
    ("LoadCredential", "Service", execution.LOAD_CREDENTIAL, 247, "a secret from a file, in one that only it may read"),
    ("ImportCredential", "Service", names("patterns", _check_anything), 254, "secrets of such names"),
    ("OOMPolicy", "Service", choice(*get_args(spec.OomPolicy)), 243, "what systemd does when the kernel kills one"),
    *((f"Limit{name}", "Service", limit(name), 0, f"RLIMIT_{name}, soft and hard") for name in grammar.LIMITS),
    ("Environment", "Service", ENVIRONMENT, 0, "variables to set"),
    ("EnvironmentFile", "Service", ENVIRONMENT_FILES, 0, 'a file of variables; "-" before it: if it is there'),
    (
        "PassEnvironment",
        "Service",
        names("names of variables", _check_variable, escapes="protect"),
        228,
        "variables to hand on",
    ),
    ("UnsetEnvironment", "Service", names("names of variables", _check_unset), 235, "variables to take away"),
    ("IgnoreSIGPIPE", "Service", BOOLEAN, 0, "start it with SIGPIPE ignored"),
    (
        "StandardInput",
        "Service",
        stream("null", "tty", "tty-force", "tty-fail", "data", "socket", "fd", files=("file:",)),
        0,
        "where its input comes from",
    ),
    (
        "StandardOutput",
        "Service",
        stream("inherit", "null", "tty", "journal", "kmsg", "journal+console", "kmsg+console", "socket", "fd"),
        0,
        "where its output goes; journal is Farmhand's own log",
    ),
    (
        "StandardError",
        "Service",
        stream("inherit", "null", "tty", "journal", "kmsg", "journal+console", "kmsg+console", "socket", "fd"),
        0,
        "where its errors go",
    ),
    ("StandardInputText", "Service", execution.INPUT_TEXT, 236, "a line of its input, with StandardInput=data"),
    ("StandardInputData", "Service", execution.INPUT_DATA, 236, "a part of its input, in base64"),
    ("TTYPath", "Service", execution.ABSOLUTE_PATH, 0, "the terminal of StandardInput=tty; else /dev/console"),
    ("TTYReset", "Service", BOOLEAN, 0, "set the terminal right before"),
    ("TTYVHangup", "Service", BOOLEAN, 0, "part all others from the terminal before"),
    # systemd.resource-control(5)
    ("CPUAccounting", "Service", BOOLEAN, 208, "count its processor time"),
    ("CPUWeight", "Service", shares.CPU_WEIGHT, 232, "its share of busy processors; others have 100"),
    ("CPUQuota", "Service", shares.QUOTA, 213, "the most processor time it gets; 200% is two processors"),
    ("CPUQuotaPeriodSec", "Service", shares.PERIOD, 242, "over which time CPUQuota= counts; else 100ms"),
    ("AllowedCPUs", "Service", CPUS, 244, "the processors its processes run on, such as 0-3,8"),
    ("AllowedMemoryNodes", "Service", CPUS, 244, "the NUMA nodes its memory is on"),
    ("MemoryAccounting", "Service", BOOLEAN, 208, "count its memory"),
    ("MemoryMin", "Service", shares.FLOOR, 240, "memory that is never taken from it"),
    ("MemoryLow", "Service", shares.FLOOR, 240, "memory that is taken from it only if nobody else has any"),
    ("MemoryHigh", "Service", shares.CEILING, 231, "the memory above which it is slowed down"),
    ("MemoryMax", "Service", shares.CEILING, 231, "the most memory; above it some process of it is killed"),
    ("MemorySwapMax", "Service", shares.FLOOR, 232, "the most swap space"),
    ("TasksAccounting", "Service", BOOLEAN, 227, "count its processes and threads"),
    ("TasksMax", "Service", shares.TASKS, 227, "the most processes and threads"),
    ("IOAccounting", "Service", BOOLEAN, 230, "count its disk access"),
    ("IOWeight", "Service", shares.WEIGHT, 230, "its share of a busy disk; others have 100"),
    ("WantedBy", "Install", names("units", _check_anything), 0, "what `enable` lets it be started with"),
    ("RequiredBy", "Install", names("units", _check_anything), 0, "the same, and what then needs it"),
    ("Alias", "Install", names("units", _check_anything), 0, "more names that `enable` gives it"),
    ("Also", "Install", names("units", _check_anything), 0, "what to enable and disable with it"),
    ("DefaultInstance", "Install", TEXT, 215, "the instance of a template that `enable` takes if none is named"),
]  # fmt: skip

DIRECTIVES = {name: Directive(name, *rest) for name, *rest in _ROWS}  # type: ignore[arg-type]

# Those that may say something that is not done.
_NOT_ALWAYS = {name: row for name, row in DIRECTIVES.items() if name in _ONLY_SHOWN or name in _NOT_DONE}

# Older or wider names: (section, name) -> the directives that they set.
ALIASES = {
    ("Service", "TimeoutSec"): ("TimeoutStartSec", "TimeoutStopSec"),
    ("Service", "StartLimitBurst"): ("StartLimitBurst",),
    ("Service", "StartLimitInterval"): ("StartLimitIntervalSec",),
    ("Unit", "StartLimitInterval"): ("StartLimitIntervalSec",),
    ("Service", "StartLimitAction"): ("StartLimitAction",),
    ("Service", "FailureAction"): ("FailureAction",),
    ("Service", "RebootArgument"): ("RebootArgument",),
    ("Unit", "BindTo"): ("BindsTo",),
    ("Unit", "PropagateReloadTo"): ("PropagatesReloadTo",),
    ("Unit", "PropagateReloadFrom"): ("ReloadPropagatedFrom",),
    ("Unit", "RequiresOverridable"): ("Requires",),
    ("Unit", "RequisiteOverridable"): ("Requisite",),
}


def in_section(section: str, name: str) -> tuple[Directive, ...]:
    """Give the directives that `name` sets in a unit file's section; none if Farmhand does not act on it."""
    if (section, name) in ALIASES:
        return tuple(DIRECTIVES[target] for target in ALIASES[section, name])
    row = DIRECTIVES.get(name)
    return (row,) if row and row.section == section else ()


def is_kept(section: str, name: str) -> bool:
    """Say whether systemd knows the directive there and Farmhand keeps it without acting on it."""
    return name in known.KEPT.get(section, frozenset())


def anywhere(name: str) -> tuple[Directive, ...]:
    """Give the directives that `name` sets in YAML, where the section follows from the name."""
    sections = [section for section, alias in ALIASES if alias == name]
    return (DIRECTIVES[name],) if name in DIRECTIVES else in_section(sections[0], name) if sections else ()


def kept_section(name: str) -> str | None:
    """Give the section of a directive that is only kept."""
    return next((section for section, kept in known.KEPT.items() if name in kept), None)


def section_names(section: str) -> list[str]:
    return [
        *(name for name, row in DIRECTIVES.items() if row.section == section),
        *(name for place, name in ALIASES if place == section),
        *sorted(known.KEPT.get(section, ())),
    ]


def without_effect(service: spec.Service) -> tuple[spec.Assignment, ...]:
    """Give what a service says and Farmhand does not act on: what is only kept, and what is only shown."""
    shown = []
    for name, row in _NOT_ALWAYS.items():
        value = getattr(service, row.field)
        if not row.in_force(value):
            path, _, line = service.origin.get(name, "").rpartition(":")
            shown += [
                spec.Assignment(row.section, name, text, path, int(line or 0)) for text in row.kind.write(value, str)
            ]
    return (*service.kept, *shown)


def suggest(name: str, section: str | None = None) -> str:
    """Give a hint for an unknown key: the nearest right one, or another section where it belongs."""
    if section:
        for other in known.SECTIONS:
            if other != section and name in section_names(other):
                return f"it belongs in [{other}]"
    sections = [section] if section in known.SECTIONS else known.SECTIONS
    near = nearest(name, [key for place in sections for key in section_names(place)])
    return f'did you mean "{near}"?' if near else "take it out, or name it X-… if it is for another program"
