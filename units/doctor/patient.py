"""A unit as the doctor looks at it: what it says, line by line, and the service that systemd makes of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .. import known, specifiers
from ..check import absent
from ..dialects import farmhand, systemd
from ..errors import BadConfig, Notice
from ..restart_codes import refuse_restart_code
from ..spec import Command, Service
from ..unit_file import assignments
from .workers import KNOWN_WORKERS, KnownWorker

_LINE_END = re.compile(r"\r\n|\n\r|\r|\0")  # beside "\n": systemd, read_line
_IGNORE = re.compile(r"^\s*[#;]\s*farmhand:\s*ignore\s+(.+?)\s*$", re.MULTILINE)
_RESTART_CODE = re.compile(r"(?:^|\s)--?restart-exit-(?:code|status)(?:=|\s+)(\d+)(?=\s|$|[\"'])")
_PROGRAM = re.compile(r"(?:^|[\s/\"'}])([\w.-]+)(?=$|[\s\"';&|])")


@dataclass(frozen=True)
class Written:
    """One assignment as it stands in the unit or in a drop-in."""

    path: str
    line: int
    section: str
    key: str
    value: str


@dataclass(frozen=True)
class Ignore:
    """A comment that silences a rule: "# farmhand: ignore RULE-ID"."""

    path: str
    line: int
    rule: str


@dataclass(frozen=True)
class Exposure:
    """What `systemd-analyze security` finds, 0 to 10; None if it was not asked or does not answer, and why."""

    points: float | None = None
    why: str = "nobody asked systemd-analyze"


@dataclass(frozen=True)
class Patient:
    """One service to look at. lines: as written, of a unit file; none for our YAML.

    refused: why it does not load. ignored: what is not taken into account. on_bus: it waits for a name on the bus.
    texts: (path, text) of a unit and of its drop-ins. peers: what is looked at with it, itself among them.
    """

    path: str
    service: Service
    lines: tuple[Written, ...] = ()
    refused: tuple[BadConfig, ...] = ()
    ignored: tuple[Notice, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    on_bus: bool = False
    exposure: Exposure = field(default_factory=Exposure)
    texts: tuple[tuple[str, str], ...] = ()
    peers: tuple[Service, ...] = field(default=(), compare=False)

    @property
    def is_unit(self) -> bool:
        return self.path.endswith(".service")

    @property
    def of_user(self) -> bool:
        """Say whether it is for a user's own service manager, by where it is."""
        return "/systemd/user/" in self.path.replace("\\", "/")

    def says(self, key: str) -> bool:
        return key in self.service.origin or any(line.key == key for line in self.lines)

    def says_in(self, section: str, key: str) -> bool:
        return any((line.section, line.key) == (section, key) for line in self.lines)

    def kept(self, key: str) -> str:
        """Return what a directive that Farmhand only keeps says last, "" for nothing."""
        return next((line.value for line in reversed(self.service.kept) if line.key == key), "")

    def written(self, key: str) -> tuple[Written, ...]:
        return tuple(line for line in self.lines if line.key == key)

    def place(self, key: str) -> tuple[str, int]:
        """Return where a directive was last set; the file as a whole for one that is not there."""
        path, _, line = self.service.origin.get(key, "").rpartition(":")
        if path:
            return path, int(line)
        return next(((line.path, line.line) for line in reversed(self.lines) if line.key == key), (self.path, 0))

    @cached_property
    def command_text(self) -> str:
        """The words of what it runs, in one line."""
        return "\n".join(" ".join(command.words) for command in self.service.exec_start)

    @cached_property
    def told_codes(self) -> frozenset[int]:
        """The restart codes that its command line tells the program."""
        return frozenset(int(code) for code in _RESTART_CODE.findall(self.command_text))

    @cached_property
    def planned_codes(self) -> frozenset[int]:
        """The exit codes that mean a restart that was asked for: told to the program, or always restarted on.

        Those that report a failure of any program are no plan.
        """
        meant = self.told_codes | self.service.restart_force_exit_status.codes
        return frozenset(code for code in meant if refuse_restart_code(code) is None)

    @cached_property
    def worker(self) -> KnownWorker | None:
        """What is known of the worker that it runs: of a render farm, or of a build farm."""
        return next(
            (KNOWN_WORKERS[name] for name in _PROGRAM.findall(self.command_text) if name in KNOWN_WORKERS), None
        )

    @property
    def is_of_a_farm(self) -> bool:
        return self.worker is not None or bool(self.told_codes)

    @property
    def restarts(self) -> bool:
        return self.service.restart != "no" or bool(self.service.restart_force_exit_status)

    @property
    def limited(self) -> bool:
        """Say whether there is a limit on its starts."""
        return self.service.start_limit_burst > 0 and self.service.start_limit_interval_sec > 0

    @property
    def can_hit_limit(self) -> bool:
        """Say whether ends that follow each other at once come to the start limit."""
        reached = self.service.start_limit_burst * self.service.restart_sec
        return self.limited and reached < self.service.start_limit_interval_sec

    @property
    def long_running(self) -> bool:
        return self.service.type != "oneshot"


_UNASKED = Exposure()


def of_unit(path: str, text: str, drop_ins: Iterable[tuple[str, str]] = (), exposure: Exposure = _UNASKED) -> Patient:
    """Examine a `.service` file with its drop-ins; what keeps it from loading does not end the examination.

    BadConfig: it cannot be read at all.
    """
    more = tuple(drop_ins)
    found = _Reading(_LINE_END.sub("\n", text))
    service = None
    while service is None:
        service = _read_on(found, path, more)
    lines = tuple(line for where, what in ((path, text), *more) for line in _lines(where, what))
    ignores = tuple(found for where, what in ((path, text), *more) for found in _ignores(where, what))
    return Patient(
        path,
        service,
        lines,
        tuple(found.refused),
        found.ignored,
        ignores,
        found.on_bus,
        exposure,
        ((path, text), *more),
    )


@dataclass
class _Reading:
    """How far a unit was read. text: what is left of it without the lines for which systemd refuses it."""

    text: str
    ignored: tuple[Notice, ...] = ()
    refused: list[BadConfig] = field(default_factory=list)
    on_bus: bool = False


def _read_on(found: _Reading, path: str, drop_ins: tuple[tuple[str, str], ...]) -> Service | None:
    """Read what is left; where that is refused for one line, take the line out and give None."""
    try:
        reading = _read(path, found.text, drop_ins)
        found.ignored = reading.warnings
        return reading.service
    except BadConfig as bad:
        if bad.load_state == "error":
            raise
        if bad.key == "BusName" or (bad.key == "Type" and bad.problem.startswith('"dbus"')):
            found.on_bus = True  # which systemd can wait for
        else:
            found.refused.append(bad)
        rest = _without(found.text, bad.line, bad.key)
        if bad.service is not None or bad.path != path or not bad.line or rest == found.text:
            found.ignored = bad.warnings
            return bad.service or Service(_name(path))
        found.text = rest
        return None


def of_ours(path: str, text: str) -> tuple[Patient, ...]:
    """Examine the services of Farmhand's YAML; BadConfig: it is no YAML. Of one with a fault none is loaded."""
    ignores = tuple(_ignores(path, text))
    try:
        services = farmhand.read(path, text, specifiers.AS_WRITTEN).services
    except BadConfig as bad:
        if not bad.key:
            raise
        return (Patient(path, Service(""), refused=(bad,), ignores=ignores),)
    missing = absent(services)
    return tuple(
        Patient(path, service, ignored=missing if number == 0 else (), ignores=ignores)
        for number, service in enumerate(services)
    )


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].removesuffix(".service")


def _read(path: str, text: str, drop_ins: tuple[tuple[str, str], ...]) -> systemd.Reading:
    if _name(path).endswith("@"):
        return systemd.read(path, text, specifiers.TEMPLATE_AS_WRITTEN, _name(path), drop_ins)
    return systemd.read(path, text, specifiers.AS_WRITTEN, drop_ins=drop_ins)


def _without(text: str, number: int, key: str) -> str:
    """Take out the line that ends at `number`; of a command a sound one is left, so that no other fault comes of it."""
    lines = text.split("\n")
    first = number - 1
    while first > 0 and lines[first - 1].rstrip("\r").endswith("\\"):
        first -= 1
    lines[first:number] = [""] * (number - first)
    lines[number - 1] = f"{key}=/unreadable" if key == "ExecStart" else ""
    return "\n".join(lines)


def _lines(path: str, text: str) -> Iterator[Written]:
    try:
        for line in assignments(path, text, known.SECTIONS, lambda line, key, problem, hint: None):
            yield Written(path, line.line, line.section, line.key, line.value)
    except BadConfig:
        return  # of a drop-in, which is told as ignored


def _ignores(path: str, text: str) -> Iterator[Ignore]:
    for found in _IGNORE.finditer(text):
        line = text.count("\n", 0, found.start(1)) + 1
        yield from (Ignore(path, line, rule) for rule in re.split(r"[\s,]+", found[1]))


def shell_text(command: Command) -> str | None:
    """Return what a shell is told to run by `-c`, None if no shell is."""
    program, *arguments = command.words
    if program.rpartition("/")[2] not in ("sh", "bash", "dash", "zsh", "ksh", "ash"):
        return None
    for at, word in enumerate(arguments):
        if word.startswith("-") and not word.startswith("--") and "c" in word:
            return arguments[at + 1] if at + 1 < len(arguments) else None
    return None


def shell_stays(command: Command) -> bool:
    """Say whether a shell is the main process while the program runs: only bash makes room for its last command."""
    told = shell_text(command)
    if told is None:
        return False
    last = re.split(r"[;\n]|&&", told.strip())[-1]
    if re.match(r"\s*exec\b", last):
        return False
    makes_room = command.words[0].endswith("/bash") and not re.search(r"[|&]", told.replace("&&", ""))
    return not makes_room
