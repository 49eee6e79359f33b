"""The one table of directives: everything else about them is made from it.

A row gives a directive's section, the kind of its value (kinds.py), the systemd version that brought it
(0: it was always there), and one line of help. Its field in `spec.Service` follows from its name, its
default is that field's. Directives that systemd 252 knows and Farmhand only keeps are in known.py.
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import get_args

from . import checks, grammar, known, spec
from .errors import nearest
from .kinds import (
    BOOLEAN,
    COMMANDS,
    CPUS,
    SIGNAL,
    STATUSES,
    TEXT,
    UMASK,
    Kind,
    choice,
    integer,
    limit,
    numbered,
    service_type,
    span,
)
from .light import Any, dataclass
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
        shared = next((field for prefix, field in _SHARED_FIELDS.items() if self.name.startswith(prefix)), None)
        return shared or _FIELD_EXCEPTIONS.get(self.name, _snake(self.name))

    @property
    def default(self) -> Any:
        return _DEFAULTS[self.field]


# Beginnings of names whose directives are one field together.
_SHARED_FIELDS = {"Limit": "limits", "Condition": "conditions", "Assert": "asserts"}
_FIELD_EXCEPTIONS = {"UMask": "umask"}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


_DEFAULTS = {
    field.name: field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
    for field in dataclasses.fields(spec.Service)
}

_FAILURE_MODE = choice(*get_args(spec.FailureMode))
_TIMEOUT = span(grammar.parse_timeout)
_LARGEST_COUNT = 2**32 - 1


def _check_variable(text: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) else "is not the name of a variable"


def _check_unset(text: str) -> str | None:
    return _check_variable(text.partition("=")[0])


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
    ("Documentation", "Unit", names("URLs", _check_anything), 201, "where its documentation is"),
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
    ("Restart", "Service", choice(*get_args(spec.Restart)), 0, "after which ends to start it again"),
    ("RestartSec", "Service", span(), 0, "the pause before it is started again"),
    ("SuccessExitStatus", "Service", STATUSES, 189, "more exit codes and signals that count as success"),
    ("RestartPreventExitStatus", "Service", STATUSES, 189, "never start it again after these"),
    ("RestartForceExitStatus", "Service", STATUSES, 215, "always start it again after these"),
    ("TimeoutStartSec", "Service", _TIMEOUT, 188, "how long a start may take; infinity for ever"),
    ("TimeoutStopSec", "Service", _TIMEOUT, 188, "how long it may take to stop before it is killed"),
    ("TimeoutAbortSec", "Service", span(resets=True), 243, "the same after a watchdog's signal"),
    ("TimeoutStartFailureMode", "Service", _FAILURE_MODE, 246, "how to end a start that took too long"),
    ("TimeoutStopFailureMode", "Service", _FAILURE_MODE, 246, "how to end a stop that took too long"),
    ("RuntimeMaxSec", "Service", span(), 229, "end it after it has run this long"),
    ("WatchdogSec", "Service", span(), 0, "it must send WATCHDOG=1 this often, or is ended; 0 for off"),
    ("NotifyAccess", "Service", choice(*get_args(spec.NotifyAccess)), 0, "whose notifications to believe"),
    # systemd.kill(5)
    ("KillMode", "Service", choice(*get_args(spec.KillMode)), 0, "which of its processes a stop ends"),
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
    ("UMask", "Service", UMASK, 0, "the file mode creation mask"),
    ("Nice", "Service", integer(-20, 19, resets=True), 0, "-20 for the most, 19 for the least processor time"),
    ("CPUSchedulingPolicy", "Service", numbered("other", "fifo", "rr", "batch", None, "idle"), 0, "its scheduling"),
    ("CPUSchedulingPriority", "Service", integer(0, 99), 0, "its priority under fifo and rr, 1 to 99"),
    ("CPUSchedulingResetOnFork", "Service", BOOLEAN, 0, "give its children back the usual scheduling"),
    ("CPUAffinity", "Service", CPUS, 0, "the processors it may use, such as 0-3,8"),
    ("IOSchedulingClass", "Service", numbered("none", "realtime", "best-effort", "idle"), 0, "its disk access"),
    ("IOSchedulingPriority", "Service", integer(0, 7, resets=True), 0, "0 for the most, 7 for the least disk access"),
    ("OOMScoreAdjust", "Service", integer(-1000, 1000, resets=True), 0, "1000: killed first for memory, -1000: never"),
    *((f"Limit{name}", "Service", limit(name), 0, f"RLIMIT_{name}, soft and hard") for name in grammar.LIMITS),
    ("Environment", "Service", ENVIRONMENT, 0, "variables to set"),
    ("EnvironmentFile", "Service", ENVIRONMENT_FILES, 0, 'a file of variables; "-" before it: if it is there'),
    ("PassEnvironment", "Service", names("names of variables", _check_variable), 228, "variables to hand on"),
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
    ("WantedBy", "Install", names("units", _check_anything), 0, "what `enable` lets it be started with"),
    ("RequiredBy", "Install", names("units", _check_anything), 0, "the same, and what then needs it"),
    ("Alias", "Install", names("units", _check_anything), 0, "more names that `enable` gives it"),
    ("Also", "Install", names("units", _check_anything), 0, "what to enable and disable with it"),
    ("DefaultInstance", "Install", TEXT, 215, "the instance of a template that `enable` takes if none is named"),
]  # fmt: skip

DIRECTIVES = {name: Directive(name, *rest) for name, *rest in _ROWS}  # type: ignore[arg-type]

# Older or wider names: (section, name) -> the directives that they set.
ALIASES = {
    ("Service", "TimeoutSec"): ("TimeoutStartSec", "TimeoutStopSec"),
    ("Service", "StartLimitBurst"): ("StartLimitBurst",),
    ("Service", "StartLimitInterval"): ("StartLimitIntervalSec",),
    ("Unit", "StartLimitInterval"): ("StartLimitIntervalSec",),
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


def suggest(name: str, section: str | None = None) -> str:
    """Give a hint for an unknown key: the nearest right one, or another section where it belongs."""
    if section:
        for other in known.SECTIONS:
            if other != section and name in section_names(other):
                return f"it belongs in [{other}]"
    sections = [section] if section in known.SECTIONS else known.SECTIONS
    near = nearest(name, [key for place in sections for key in section_names(place)])
    return f'did you mean "{near}"?' if near else "take it out, or name it X-… if it is for another program"
