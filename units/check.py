"""The unit doctor: what is wrong with a file, what is ignored in it, and what is kept without being in force."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import specifiers
from .dialects import farmhand, systemd
from .errors import BadConfig, Notice
from .spec import Service

# Enough for a check, which runs nothing: any text will do for what only the machine knows.
_ANY_MACHINE: Mapping[str, str] = {
    **dict.fromkeys(specifiers.MACHINE_LETTERS, "x"),
    **dict.fromkeys("dhsyY", "/x"),
    **specifiers.SYSTEM_FOLDERS,
}


@dataclass(frozen=True)
class Report:
    """What a check found. error: why the file cannot be used at all; then nothing else is known."""

    services: tuple[Service, ...] = ()
    error: BadConfig | None = None
    warnings: tuple[Notice, ...] = ()
    kept: tuple[Notice, ...] = ()


def check(path: str, text: str) -> Report:
    """Check the text of a `.service` file, or of our YAML whatever its name."""
    try:
        services, warnings = _read(path, text)
    except BadConfig as error:
        return Report(error=error)
    kept = {
        Notice(line.path, line.line, line.key, "it is kept, but not in force under Farmhand", "systemd acts on it")
        for service in services
        for line in service.kept
    }
    return Report(services, None, warnings, tuple(sorted(kept, key=lambda notice: (notice.line, notice.key))))


def _read(path: str, text: str) -> tuple[tuple[Service, ...], tuple[Notice, ...]]:
    if not path.endswith(".service"):
        return farmhand.read(path, text, _ANY_MACHINE).services, ()
    template = path.endswith("@.service")
    name = path.replace("\\", "/").rpartition("/")[2].replace("@.service", "@instance") if template else ""
    reading = systemd.read(path, text, _ANY_MACHINE, name)
    return (reading.service,), reading.warnings
