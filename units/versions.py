"""What of a service a systemd of some version knows: the rest is left out, and told.

An older systemd would only warn of it and go on, and the unit would say what is not so. Which version brought a
directive stands in directives.py and, for what the profiles have, in hardening.py; what else is kept counts as known.
"""

from collections.abc import Mapping
from typing import Any

from . import hardening
from .directives import DIRECTIVES, Directive
from .light import replace
from .rendered import Loss
from .spec import Assignment, Service

# Values that are younger than their directive: which version brought them, and what is nearest to them before.
_VALUES: Mapping[tuple[str, object], tuple[int, str]] = {
    ("Type", "exec"): (240, "simple"),
    ("Type", "notify-reload"): (253, "notify"),
    ("RestartMode", "debug"): (257, "normal"),
}
# The same of lines that are only kept; `hardening.SINCE` has which version brought them.
_NEAREST = {("ProtectSystem", "strict"): "full"}
# Directives that are only kept, beside those of the profiles.
_SINCE = {"ReadWritePaths": 231, "RequiresMountsFor": 201}


def known_to(version: int, service: Service) -> tuple[Service, tuple[Loss, ...]]:
    """Give the service as far as such a systemd knows it, and what it does not know."""
    fields: dict[str, Any] = {}
    losses: list[Loss] = []
    for row in DIRECTIVES.values():
        value = fields.get(row.field, getattr(service, row.field))
        known, loss = _known(version, row, value)
        if loss is not None:
            fields[row.field] = known
            losses.append(loss)
    kept = [_known_line(version, line) for line in service.kept]
    losses += [loss for _, loss in kept if loss]
    return replace(service, **fields, kept=tuple(line for line, _ in kept if line)), tuple(losses)


def _known(version: int, row: Directive, value: Any) -> tuple[Any, Loss | None]:
    """Give a directive's value as it is known, and what is lost of it."""
    if row.since > version:
        rest = _without(row, value)
        return rest, None if rest == value else _loss(row.name, row.name, row.since, version)
    since, nearest = _VALUES.get((row.name, value), (0, "")) if isinstance(value, str) else (0, "")
    if since <= version:
        return value, None
    return nearest, _loss(row.name, f"{row.name}={value}", since, version, nearest)


def _without(row: Directive, value: Any) -> Any:
    """Give what a field says without this directive: its default, or the others that share the field."""
    if row.field in ("conditions", "asserts"):
        return tuple(check for check in value if check.key != row.name)
    return row.default


def _known_line(version: int, line: Assignment) -> tuple[Assignment | None, Loss | None]:
    """Give a line that is only kept as it is known, None for not at all, and what is lost of it."""
    said = (line.key, line.value)
    since = hardening.SINCE.get(said, _SINCE.get(line.key, 0))
    if since <= version:
        return line, None
    nearest = _NEAREST.get(said)
    text = f"{line.key}={line.value}" if nearest else line.key
    return replace(line, value=nearest) if nearest else None, _loss(line.key, text, since, version, nearest)


def _loss(key: str, what: str, since: int, version: int, nearest: str | None = None) -> Loss:
    instead = f"; it gets {key}={nearest}" if nearest else ""
    return Loss(key, f"systemd {version} does not know {what}, which came with {since}{instead}")
