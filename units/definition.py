"""A service as some file defines it, ready to be written for another machine.

What only that machine knows, `%H` or `%h`, can stay as it is written in the dialects that have such specifiers,
systemd's and ours. For the others a definition is plain: with all of them replaced, which is possible if there are only
those that are the same on every machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from . import specifiers
from .dialects import farmhand, systemd
from .errors import BadConfig, Notice
from .places import SYSTEM_FOLDERS
from .rendered import Loss
from .sayable import check_sayable
from .spec import Service
from .worker_unit import Worker

# Stands for what only the machine knows; no file can hold it.
_UNKNOWN = "\ufdd0"
_MARKED: Mapping[str, str] = {
    **dict.fromkeys(specifiers.MACHINE_LETTERS, _UNKNOWN),
    **dict.fromkeys("dhsyY", f"/{_UNKNOWN}"),
    **SYSTEM_FOLDERS,
}


@dataclass(frozen=True)
class Definition:
    """One service. written: its texts hold specifiers as they are written, if `as_written`.

    plain: with all of them replaced; None if something is said that only the machine knows.
    """

    written: Service
    plain: Service | None
    as_written: bool = False

    @property
    def name(self) -> str:
        return self.written.name


@dataclass(frozen=True)
class Source:
    """What is to be written elsewhere: services, what was ignored of their file, and what goes no further.

    worker: whose service the only one was made for, if nobody wrote it.
    """

    definitions: tuple[Definition, ...]
    notices: tuple[Notice, ...] = ()
    losses: tuple[Loss, ...] = ()
    worker: Worker | None = None


def made(service: Service) -> Definition:
    """Define a service that was not read from a file of ours: `%` is nothing special in its texts.

    Raises BadValue for what no unit can say, by the name of its directive.
    """
    check_sayable(service)
    return Definition(service, service)


def from_unit(path: str, text: str, instance: str | None = None, drop_ins: Sequence[tuple[str, str]] = ()) -> Source:
    """Take a `.service` file with its drop-ins, (path, text) each, or one instance of a template. Raises BadConfig."""
    name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".service")
    if name.endswith("@") and instance:
        name += instance
    values = specifiers.TEMPLATE_AS_WRITTEN if name.endswith("@") else specifiers.AS_WRITTEN
    reading = systemd.read(path, text, values, name, drop_ins)
    if name.endswith("@"):
        return Source((Definition(reading.service, None, as_written=True),), reading.warnings)
    plain = systemd.read(path, text, _MARKED, name, drop_ins).service
    return Source((Definition(reading.service, _known(plain), as_written=True),), reading.warnings)


def from_yaml(path: str, text: str) -> Source:
    """Take all services of a file of ours. Raises BadConfig."""
    written, losses = farmhand.for_elsewhere(farmhand.read(path, text, specifiers.AS_WRITTEN))
    plain, _ = farmhand.for_elsewhere(farmhand.read(path, text, _MARKED))
    pairs = zip(written, plain, strict=True)
    return Source(tuple(Definition(one, _known(other), as_written=True) for one, other in pairs), losses=losses)


def _known(service: Service) -> Service | None:
    return None if repr(_UNKNOWN)[1:-1] in repr(replace(service, origin={})) else service


def plain_of(definition: Definition, title: str) -> Service:
    """Give the service without specifiers; raises BadConfig where that cannot be."""
    if definition.plain is not None:
        return definition.plain
    name = definition.name
    if name.endswith("@"):
        problem, hint = f"it is a template, which {title} has not", "name an instance: --instance 1"
    else:
        problem, hint = f"it has % specifiers that only its machine knows, and {title} has none", "use --way supervised"
    raise BadConfig(name, 0, "", problem, hint)
