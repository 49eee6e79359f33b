"""Writes a service in a dialect, in the way that loses nothing, and says what is lost all the same."""

from dataclasses import replace

from . import supervised
from .definition import Definition, plain_of
from .dialect import Dialect, Target, Way
from .meaning import losses
from .rendered import Loss, Rendered
from .spec import Service


def render(dialect: Dialect, definition: Definition, target: Target, way: Way | None = None) -> Rendered:
    """Write a service. way: None for native, unless that loses something that Farmhand under the manager does not.

    Raises BadConfig for a definition that cannot be written so.
    """
    if (way or best_way(dialect, definition, target)) == "native":
        return _native(dialect, definition, target)
    return _supervised(dialect, definition, target)


def best_way(dialect: Dialect, definition: Definition, target: Target) -> Way:
    """Say which way loses less; that is native where both lose the same."""
    if not dialect.specifiers and definition.plain is None and not definition.name.endswith("@"):
        return "supervised"
    lost = {loss.key for loss in native_losses(dialect, definition, target)}
    lost_anyway = {loss.key for loss in supervised.config(definition, dialect, target)[1]}
    return "native" if lost <= lost_anyway else "supervised"


def native_losses(dialect: Dialect, definition: Definition, target: Target) -> tuple[Loss, ...]:
    service, _ = _as_known(dialect, definition, target)
    return losses(service, means_there(dialect, definition, target), dialect.title)


def means_there(dialect: Dialect, definition: Definition, target: Target) -> Service:
    """Give the service as the manager itself would run it. Raises BadConfig where it cannot be written so."""
    service, target = _as_known(dialect, definition, target)
    return dialect.means(service, target)


def _as_known(dialect: Dialect, definition: Definition, target: Target) -> tuple[Service, Target]:
    """Give the service as this dialect can take it: with specifiers, or without."""
    if dialect.specifiers:
        return definition.written, replace(target, as_written=definition.as_written)
    return plain_of(definition, dialect.title), replace(target, as_written=False)


def _native(dialect: Dialect, definition: Definition, target: Target) -> Rendered:
    service, target = _as_known(dialect, definition, target)
    meant = dialect.means(service, target)
    written = dialect.write(meant, target)
    return replace(written, losses=(*losses(service, meant, dialect.title), *written.losses))


def _supervised(dialect: Dialect, definition: Definition, target: Target) -> Rendered:
    file, lost = supervised.config(definition, dialect, target)
    plain = replace(target, as_written=False, config=file)
    written = dialect.write(dialect.means(supervised.keeper(definition, dialect, target), plain), plain)
    beside = written.beside if dialect.contained else (file, *written.beside)
    return replace(written, losses=(*lost, *written.losses), beside=beside)
