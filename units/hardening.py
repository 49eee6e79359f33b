"""What a service is kept from under systemd: profiles, with a reason for each line and a price for each gap.

The table is the only source: units, the reasons beside their lines, and the reference page are made from it. A profile
has a rule's `strict` lines, unless it relaxes them; then the table says when that is needed, what stands there instead,
and the points that it costs: by how much `systemd-analyze security` of systemd 252 finds that profile more exposed than
with the strict lines. It rounds up to tenths, so that a gap may cost nothing by itself. A test measures all of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn

from .directives import DIRECTIVES
from .errors import BadValue
from .kinds import Context
from .light import replace
from .spec import Assignment, Service

Profile = Literal["gpu", "cpu", "manager", "compat"]
PROFILES: Mapping[Profile, str] = {
    "gpu": "A render worker, with what it takes to render on graphics cards",
    "cpu": "A render worker that uses no graphics card",
    "manager": "The manager",
    "compat": "A worker whose tasks need more than most: containers, Wine, people's homes, a /tmp that others see",
}
# The most that `systemd-analyze security` may find, of 10, and what that of systemd 252 does find.
BARS: Mapping[Profile, float] = {"gpu": 2.0, "cpu": 1.5, "manager": 1.3, "compat": 4.5}
EXPOSURE: Mapping[Profile, float] = {"gpu": 1.6, "cpu": 1.4, "manager": 1.1, "compat": 4.0}


@dataclass(frozen=True)
class Line:
    """A directive of [Service], the systemd that brought it or its value (0: too old to matter), and why."""

    name: str
    value: str
    since: int
    why: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


@dataclass(frozen=True)
class Relaxed:
    """Who has to do without the strict lines, for how many points each, when, and what stands there instead."""

    points: Mapping[Profile, float]
    when: str
    instead: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Lines that belong together, and who relaxes them.

    hides: the folders that the strict lines take away; `shown` holds for a service that needs something below them.
    """

    strict: tuple[Line, ...]
    relaxed: tuple[Relaxed, ...] = ()
    hides: tuple[str, ...] = ()
    shown: Relaxed | None = None

    def relaxed_for(self, profile: Profile, needed: Iterable[str]) -> Relaxed | None:
        """Say what holds instead of the strict lines for a service that needs these files; None if those hold."""
        always = next((relaxed for relaxed in self.relaxed if profile in relaxed.points), None)
        return always or (self.shown if any(map(self._is_hidden, needed)) else None)

    def _is_hidden(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{folder}/") for folder in self.hides)


def _line(name: str, value: str, since: int, why: str, *relaxed: Relaxed) -> Rule:
    return Rule((Line(name, value, since, why),), relaxed)


_CARDS = "The graphics cards; their driver has to be loaded before the service starts"
_NESTED = "Containers such as Apptainer's and Flatpak's"
_STORAGE = "Files on network storage belong to many users: all of them would be nobody"
_SOCKETS = "It can open no other kinds of sockets"
_MACHINE = "~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap"
_REFUSED = "A call that is not allowed fails, and does not end the program"

_RULES_OF_FILES = (
    _line(
        "ProtectSystem", "strict", 232, "It can write where ReadWritePaths= says, and nowhere else",
        Relaxed(
            {"compat": 0.0}, "Tasks that write wherever their job says",
            (Line("ProtectSystem", "full", 214, "It cannot write to /usr, /boot and /etc"),),
        ),
    ),
    Rule(
        (Line("ProtectHome", "yes", 214, "People's homes are empty to it"),),
        (Relaxed({"compat": 0.1}, "Programs, projects or settings in people's homes"),),
        hides=("/home", "/root", "/run/user"),
        shown=Relaxed(
            {"gpu": 0.1, "cpu": 0.1, "manager": 0.1}, "Something that it needs is in a home",
            (Line("ProtectHome", "read-only", 214, "Something that it needs is in a home; the rest it can only read"),),
        ),
    ),
    Rule(
        (Line("PrivateTmp", "yes", 0, "A /tmp and /var/tmp of its own, gone when it stops"),),
        (Relaxed({"compat": 0.1}, "Tasks that exchange files with other programs in /tmp"),),
        hides=("/tmp", "/var/tmp"),
        shown=Relaxed({"gpu": 0.2, "cpu": 0.2, "manager": 0.1}, "Something that it needs is in /tmp or /var/tmp"),
    ),
    _line("PrivateMounts", "yes", 239, "Nobody else sees what it mounts"),
    _line(
        "UMask", "0077", 0, "What it writes is for itself alone",
        Relaxed({"gpu": 0.0, "cpu": 0.0, "compat": 0.0}, "Frames are for others to read"),
    ),
)  # fmt: skip

_RULES_OF_KERNEL = (
    _line("ProtectProc", "invisible", 247, "It sees its own processes and nobody else's"),
    _line(
        "ProcSubset", "pid", 247, "Of /proc, it sees processes alone",
        Relaxed({"gpu": 0.0, "cpu": 0.0, "compat": 0.0}, "Blender reads how much memory there is in /proc/meminfo"),
    ),
    _line(
        "ProtectKernelTunables", "yes", 232, "It cannot change settings of the kernel",
        Relaxed({"compat": 0.1}, f"{_NESTED} mount a /proc, which the kernel may refuse where parts of it are hidden"),
    ),
    _line("ProtectKernelModules", "yes", 232, "It cannot load modules into the kernel"),
    _line(
        "ProtectKernelLogs", "yes", 244, "It cannot read the kernel's log",
        Relaxed({"compat": 0.1}, f"{_NESTED}, for the same reason"),
    ),
    _line("ProtectControlGroups", "yes", 232, "It cannot change control groups, its own limits among them"),
    _line(
        "ProtectClock", "yes", 245, "It cannot set the clock",
        Relaxed({"compat": 0.1}, "It names a device, and thereby closes all that are not named"),
    ),
    _line("ProtectHostname", "yes", 242, "It cannot rename the machine"),
    _line(
        "PrivateDevices", "yes", 209, "It has /dev/null and its like, and no other devices",
        Relaxed(
            {"gpu": 0.2}, "Graphics cards are devices",
            (
                Line("DevicePolicy", "closed", 208, "It has /dev/null and its like, and the devices that follow"),
                Line("DeviceAllow", "char-drm rw", 208, _CARDS),
                Line("DeviceAllow", "char-kfd rw", 208, _CARDS),
                Line("DeviceAllow", "char-nvidia* rw", 208, _CARDS),
            ),
        ),
        Relaxed({"compat": 0.3}, "Graphics cards, the /dev/fuse of AppImages, whatever else tasks use"),
    ),
)  # fmt: skip

_RULES_OF_RIGHTS = (
    _line("NoNewPrivileges", "yes", 187, "No setuid program gives it more rights than it has"),
    _line("CapabilityBoundingSet", "", 0, "None of root's rights, whatever it gets hold of"),
    _line(
        "PrivateUsers", "yes", 232, "Root and itself are all the users that there are to it",
        Relaxed({"gpu": 0.2, "cpu": 0.1}, _STORAGE),
        Relaxed({"compat": 0.1}, f"{_STORAGE}. {_NESTED} name users as well"),
    ),
    _line(
        "RestrictNamespaces", "yes", 233, "It can neither make nor enter namespaces, the way into many holes",
        Relaxed({"compat": 0.7}, f"{_NESTED} consist of them"),
    ),
    _line("RestrictRealtime", "yes", 231, "It cannot take the processors from all others"),
    _line("RestrictSUIDSGID", "yes", 242, "It cannot make setuid programs"),
    _line(
        "RemoveIPC", "yes", 232, "Its shared memory goes when it stops",
        Relaxed({"gpu": 0.0, "cpu": 0.0, "compat": 0.0}, "Of two workers with one user, the other's would go as well"),
    ),
)  # fmt: skip

_RULES_OF_CALLS = (
    _line("LockPersonality", "yes", 235, "It cannot pretend to be on another kind of machine"),
    _line(
        "MemoryDenyWriteExecute", "yes", 231, "Memory that it can write to is never run",
        Relaxed({"gpu": 0.0, "cpu": 0.0, "compat": 0.0}, "Blender and drivers compile shaders as they render"),
    ),
    _line(
        "RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6", 211, _SOCKETS,
        Relaxed(
            {"gpu": 0.0, "cpu": 0.0, "compat": 0.0}, "Programs ask by AF_NETLINK what networks and cards there are",
            (Line("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK", 211, _SOCKETS),),
        ),
    ),
    _line(
        "SystemCallArchitectures", "native", 209, "No 32-bit calls on a 64-bit machine",
        Relaxed({"compat": 0.1}, "32-bit programs: Wine, old plug-ins"),
    ),
    Rule(
        (
            Line("SystemCallFilter", "@system-service", 239, "The calls that services need"),
            Line("SystemCallFilter", "~@privileged", 239, "But for those that only root has a use for"),
        ),
        (
            Relaxed(
                {"compat": 0.5}, f"{_NESTED} mount, change users and use much else that services do not",
                (Line("SystemCallFilter", _MACHINE, 239, "None of the calls that change the machine itself"),),
            ),
        ),
    ),
    _line(
        "SystemCallFilter", "~@resources", 239, "It cannot change priorities and limits",
        Relaxed({"gpu": 0.1, "cpu": 0.1, "compat": 0.1}, "Blender binds its threads to processors"),
    ),
    _line("SystemCallErrorNumber", "EPERM", 209, _REFUSED),
)  # fmt: skip

RULES: tuple[Rule, ...] = (*_RULES_OF_RIGHTS, *_RULES_OF_FILES, *_RULES_OF_KERNEL, *_RULES_OF_CALLS)


def _lines() -> Iterator[Line]:
    for rule in RULES:
        yield from rule.strict
        for relaxed in (*rule.relaxed, *([rule.shown] if rule.shown else [])):
            yield from relaxed.instead


# Why a line of a profile stands there, by the line as it is written.
WHY: Mapping[str, str] = {str(line): line.why for line in _lines()}
# The systemd that knows such a line, for those that not all have.
SINCE: Mapping[tuple[str, str], int] = {(line.name, line.value): line.since for line in _lines()}


def harden(service: Service, profile: Profile, writable: Iterable[str] = (), readable: Iterable[str] = ()) -> Service:
    """Add a profile to a service.

    writable: the folders that it may write to, which have to be there when it starts. readable: files and folders that
    it needs and does not name, such as the Python that its program runs with.
    """
    folders = (*writable,)
    needed = (*_named(service), *folders, *readable)
    for rule in RULES:
        relaxed = rule.relaxed_for(profile, needed)
        for line in rule.strict if relaxed is None else relaxed.instead:
            service = _with(service, line)
    return _keep(service, "ReadWritePaths", paths(folders)) if folders else service


def paths(folders: Iterable[str]) -> str:
    """Write a list of paths, in which a backslash protects the next character and begins no C escape."""
    return " ".join(map(_quoted, folders)).replace("%", "%%")


def _quoted(path: str) -> str:
    protected = re.sub(r'(["\\])', r"\\\1", path)
    return f'"{protected}"' if re.search(r"[\s'\"\\]", path) else path


def gaps(service: Service, profile: Profile, paths: Iterable[str] = ()) -> tuple[tuple[Rule, Relaxed], ...]:
    """Give the rules that a profile relaxes for this service, and how. paths: what it may write to or has to read."""
    needed = (*_named(service), *paths)
    found = ((rule, rule.relaxed_for(profile, needed)) for rule in RULES)
    return tuple((rule, relaxed) for rule, relaxed in found if relaxed)


def describe(rule: Rule, relaxed: Relaxed, profile: Profile) -> str:
    """Say what a profile does without, when that is needed, and what it costs."""
    lines = " ".join(map(str, rule.strict))
    instead = f", but {' '.join(map(str, relaxed.instead))}" if relaxed.instead else ""
    return f"no {lines}{instead}: {relaxed.when} (exposure +{relaxed.points[profile]:.1f})"


def _named(service: Service) -> tuple[str, ...]:
    """Give the files and folders that a service names: programs, arguments, and where it runs."""
    words = [word for command in service.exec_start for word in command.words if word.startswith("/")]
    folder = service.working_directory
    return (*words, *([folder.path] if folder else []))


def _with(service: Service, line: Line) -> Service:
    """Add a line: to the field of a directive that Farmhand acts on, else to what is kept."""
    row = DIRECTIVES.get(line.name)
    if row is None:
        return _keep(service, line.name, line.value)
    return replace(service, **{row.field: row.kind.read(line.value, Context({}, _refuse))})


def _keep(service: Service, name: str, value: str) -> Service:
    return replace(service, kept=(*service.kept, Assignment("Service", name, value)))


def _refuse(problem: str, hint: str) -> NoReturn:
    raise BadValue(problem, hint)
