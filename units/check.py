"""The unit doctor: what is wrong with a file, what is ignored in it, and what is kept without being in force."""

from collections.abc import Iterable, Mapping, Sequence

from . import known, specifiers, support
from .dialects import systemd
from .directives import DIRECTIVES, without_effect
from .errors import BadConfig, Notice, nearest
from .light import dataclass
from .named import UNITS
from .places import SYSTEM_FOLDERS
from .spec import Service
from .unit_names import unit_type

# Enough for a check, which runs nothing: any text will do for what only the machine knows.
_ANY_MACHINE: Mapping[str, str] = {
    **dict.fromkeys(specifiers.MACHINE_LETTERS, "x"),
    **dict.fromkeys("dhsyY", "/x"),
    **SYSTEM_FOLDERS,
}


@dataclass(frozen=True)
class Report:
    """What a check found. error: why the file cannot be used at all; then no more is known than the warnings before."""

    services: tuple[Service, ...] = ()
    error: BadConfig | None = None
    warnings: tuple[Notice, ...] = ()
    kept: tuple[Notice, ...] = ()


def check(path: str, text: str, drop_ins: Iterable[tuple[str, str]] = ()) -> Report:
    """Check the text of a `.service` file with its drop-ins, (path, text) each, or of our YAML whatever its name."""
    try:
        services, warnings = _read(path, text, drop_ins)
    except BadConfig as error:
        return Report(error=error, warnings=error.warnings)
    told = {(notice.path, notice.line, notice.key) for notice in warnings}
    more = (notice for notice in not_in_force(services) if (notice.path, notice.line, notice.key) not in told)
    return Report(services, None, warnings, tuple(more))


def not_in_force(services: Iterable[Service]) -> tuple[Notice, ...]:
    """Say what of these services Farmhand only keeps; a line that several share is said once."""
    kept = {
        Notice(line.path, line.line, line.key, *_why_not(line.section, line.key))
        for service in services
        for line in without_effect(service)
    }
    return tuple(sorted(kept, key=_place))


def _why_not(section: str, name: str) -> tuple[str, str]:
    """Say what becomes of a directive that is not acted on: the problem, and what to know about it."""
    whys = {case.word: case.why for case in support.cases(section, name, "linux")}
    if name in known.REFUSED:
        return f"a service that has it is not started: {whys['refused']}", "systemd acts on it"
    return f"it is kept, but not in force under Farmhand: {whys['not in force']}", "systemd acts on it"


def absent(services: Sequence[Service]) -> tuple[Notice, ...]:
    """Name the services that others of them wait for or need, and that are not among them: a slip of the pen, mostly.

    Other kinds of unit, a target or a mount, are the system's, and so may be what a unit file only wants.
    """
    there = {service.name for service in services}
    found: dict[Notice, None] = {}
    for service in services:
        for key, names in _named(service).items():
            path, _, line = service.origin.get(key, "").rpartition(":")
            for name in names:
                ours = unit_type(name) is None and (key in _NEEDED or not path.endswith(".service"))
                if ours and name not in there:
                    hint = nearest(name, there)
                    hint = f'did you mean "{hint}"?' if hint else f"there are {', '.join(sorted(there))}"
                    follows = "it will not be started without" if key in _NEEDED else "nothing comes of it"
                    problem = f'there is no service "{name}" here, and {follows}'
                    found[Notice(path, int(line or 0), key, problem, hint)] = None
    return tuple(found)


def foreign(services: Sequence[Service]) -> str | None:
    """Say which units of other types are named, which Farmhand takes to be there; None if there are none."""
    there = {service.name for service in services}
    found: dict[str, dict[str, None]] = {}
    for service in services:
        for names in _named(service).values():
            for name in names:
                if unit_type(name) and name not in there:
                    found.setdefault(name, {})[service.name] = None
    if not found:
        return None
    by = ", ".join(dict.fromkeys(service for each in found.values() for service in each))
    return f"not Farmhand's, so they count as there: {', '.join(sorted(found))} (named by {by})"


# What a start is refused without.
_NEEDED = frozenset({"Requires", "Requisite", "BindsTo"})


def _named(service: Service) -> dict[str, tuple[str, ...]]:
    """Give the units that each directive of a service names."""
    return {name: getattr(service, row.field) for name, row in DIRECTIVES.items() if row.kind is UNITS}


def _place(notice: Notice) -> tuple[str, int, str]:
    return notice.path, notice.line, notice.key


def _read(path: str, text: str, drop_ins: Iterable[tuple[str, str]]) -> tuple[tuple[Service, ...], tuple[Notice, ...]]:
    if not path.endswith(".service"):
        from .dialects import farmhand  # only where YAML is read: its parser takes memory

        return farmhand.read(path, text, _ANY_MACHINE).services, ()
    template = path.endswith("@.service")
    name = path.replace("\\", "/").rpartition("/")[2].replace("@.service", "@instance") if template else ""
    reading = systemd.read(path, text, _ANY_MACHINE, name, drop_ins)
    return (reading.service,), reading.warnings
