"""systemd's `.service` files, read as systemd reads them and written so that it reads them back.

Reading warns where systemd warns and goes on; it raises BadConfig where systemd refuses the unit.
"""

from collections.abc import Iterable, Mapping

from .. import directives, known, specifiers
from ..draft import Draft
from ..errors import BadConfig, BadValue, Notice
from ..kinds import Context
from ..light import dataclass
from ..places import SYSTEM_FOLDERS
from ..rendered import Loss, Rendered
from ..spec import Assignment, Service
from ..unit_file import Line, assignments

FOLDER = "/etc/systemd/system"


@dataclass(frozen=True)
class Reading:
    """A service as read, and what was ignored on the way."""

    service: Service
    warnings: tuple[Notice, ...] = ()


def read(
    path: str,
    text: str,
    machine: Mapping[str, str] = SYSTEM_FOLDERS,
    name: str = "",
    drop_ins: Iterable[tuple[str, str]] = (),
) -> Reading:
    """Read a unit file's text, and then those of its drop-ins, (path, text) each.

    The service's name is the file's, unless `name` gives another, as for an instance of a template; that of a target
    ends in ".target". `machine` gives the specifiers that the name does not, and wins where both do.
    BadConfig.load_state is systemd's LoadState=.
    """
    name = name.removesuffix(".service") or _name_of(path)
    if not text:
        raise BadConfig(
            path, 0, "", "it is empty, which masks the service", "write it, or remove it", load_state="masked"
        )
    reader = _Reader(Draft(name, path), specifiers.of_unit(name, path, machine), [])
    try:
        reader.read(path, text)
        for extra, more in drop_ins:
            reader.read_on(extra, more)
        draft = reader.draft
        service = draft.as_target() if name.endswith(".target") else draft.finish()
    except BadConfig as bad:
        bad.warnings = tuple(reader.warnings)  # a slip that was ignored may be what brought it about
        raise
    return Reading(service, tuple(reader.warnings))


def _name_of(path: str) -> str:
    file = path.replace("\\", "/").rpartition("/")[2]
    name = file.removesuffix(".service")
    if name == file or not name or name == "@":
        raise BadConfig(path, 0, "", "its name is not that of a service", "call it NAME.service", load_state="error")
    if name.endswith("@"):
        raise BadConfig(
            path, 0, "", "it is a template and cannot run as it is", f"name an instance: {name}1", load_state="error"
        )
    return name


@dataclass
class _Reader:
    draft: Draft
    values: Mapping[str, str]
    warnings: list[Notice]

    def read(self, path: str, text: str) -> None:
        """Read one file into the draft, after what is there already."""
        self.draft.path = path
        for line in assignments(path, text, known.SECTIONS, self.warn):
            self.take(line)

    def read_on(self, path: str, text: str) -> None:
        """Read a drop-in, as far as systemd reads it: what is wrong there keeps no unit from being used."""
        try:
            self.read(path, text)
        except BadConfig as bad:
            self.warnings.append(Notice(bad.path, bad.line, bad.key, f"{bad.problem}; the rest is ignored", bad.hint))

    def warn(self, line: int, key: str, problem: str, hint: str) -> None:
        self.warnings.append(Notice(self.draft.path, line, key, problem, hint))

    def take(self, line: Line) -> None:
        """Read one assignment into the draft."""
        rows = directives.in_section(line.section, line.key)
        if not rows:
            self._keep(line)
            return
        context = Context(
            self.values,
            lambda problem, hint: self.warn(line.line, line.key, problem, hint),
            place=f"{self.draft.path}:{line.line}",
        )
        try:
            for row in rows:
                self.draft.assign(row, line.value, line.line, context)
        except BadValue as bad:
            if bad.fatal:
                raise BadConfig(
                    self.draft.path, line.line, line.key, bad.problem, bad.hint, load_state=bad.load_state
                ) from None
            self.warn(line.line, line.key, f"{bad.problem} and is ignored", bad.hint)

    def _keep(self, line: Line) -> None:
        if (line.section, line.key) == ("Service", "BusName") and not self._is_bus_name(line.value):
            self.warn(line.line, line.key, f'"{line.value}" is not a name on a bus and is ignored', "write a.b")
        elif directives.is_kept(line.section, line.key):
            if line.key == "Slice":
                self.values = {**self.values, **specifiers.of_slice(self.draft.name, line.value)}
            try:
                value = self._named(line.value) if line.key in known.NAMED_BY_SPECIFIERS else line.value
            except BadValue as bad:
                self.warn(line.line, line.key, f"{bad.problem} and is ignored", bad.hint)
                return
            self.draft.kept.append(Assignment(line.section, line.key, value, self.draft.path, line.line))
        elif not line.key.startswith("X-") or line.key.startswith("X-Farmhand"):
            hint = directives.suggest(line.key, line.section)
            self.warn(line.line, line.key, f"it is not known in [{line.section}] and is ignored", hint)

    def _named(self, text: str) -> str:
        """Replace the specifiers in a text that is kept, and protect what then only looks like one."""
        replaced = specifiers.replace(text, self.values)
        return replaced if Context(self.values, _untold).as_written else _escape(replaced)

    def _is_bus_name(self, text: str) -> bool:
        try:
            return known.is_bus_name(specifiers.replace(text, self.values))
        except BadValue:
            return False


def _untold(problem: str, hint: str) -> None:
    """Let an oddity pass."""


def write(service: Service, *, as_written: bool = False) -> Rendered:
    """Write a service as a unit file; only what differs from systemd's defaults is said.

    as_written: its texts still hold `%` specifiers (read with `specifiers.AS_WRITTEN`) and are not escaped.
    Losses name the directives whose value has no spelling in a unit file.
    """
    losses: list[Loss] = []
    sections = {section: _section(service, section, as_written, losses) for section in known.SECTIONS}
    blocks = ["\n".join([f"[{section}]", *lines, ""]) for section, lines in sections.items() if lines]
    return Rendered(f"{FOLDER}/{service.name}.service", "\n".join(blocks), tuple(losses))


def _section(service: Service, section: str, as_written: bool, losses: list[Loss]) -> list[str]:
    lines: list[str] = []
    for name, row in directives.DIRECTIVES.items():
        value = getattr(service, row.field)
        if row.section != section or value == row.default:
            continue
        try:
            lines += [f"{name}={text}" for text in row.kind.write(value, _keep_percent if as_written else _escape)]
        except BadValue as bad:
            losses.append(Loss(name, f"{bad.problem}; {bad.hint}"))
    return lines + [f"{line.key}={line.value}" for line in service.kept if line.section == section]


def _escape(text: str) -> str:
    return text.replace("%", "%%")


def _keep_percent(text: str) -> str:
    return text
