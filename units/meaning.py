"""The service as another service manager runs it, in systemd's words, and what it has lost on the way."""

from dataclasses import replace
from typing import Any

from .directives import DIRECTIVES, Directive
from .errors import BadValue
from .rendered import Loss
from .spec import Service

# A difference in these counts even where the service leaves them at systemd's default: it decides what will happen.
_MATTERS = frozenset({
    *("Restart", "StartLimitIntervalSec", "StartLimitBurst", "RestartPreventExitStatus", "RestartForceExitStatus"),
    *("KillMode", "KillSignal", "SendSIGKILL", "TimeoutStopSec", "RuntimeMaxSec", "SuccessExitStatus"),
})  # fmt: skip
# What no service manager can but show, and what follows from others.
_NO_LOSS = frozenset({"MemoryAccounting", "TasksAccounting", "CPUAccounting", "IOAccounting", "DefaultDependencies"})


def meaning(service: Service, says: str, **does: Any) -> Service:
    """Give the service as a manager runs it that can be told only the directives that it `says`.

    does: what the manager does its own way, by field of Service; all else is as if it had not been said.
    """
    said = {row.field: getattr(service, row.field) for name in says.split() for row in (DIRECTIVES[name],)}
    return replace(Service(service.name, origin=service.origin), **{**said, **does})


def losses(service: Service, meant: Service, title: str) -> tuple[Loss, ...]:
    """Say what is not the same about the service as it is meant, in words."""
    found = [loss for row in DIRECTIVES.values() if (loss := _loss(row, service, meant, title))]
    kept = [line for line in service.kept if line not in meant.kept]
    return (*found, *(Loss(line.key, f"{title} has nothing like it") for line in kept))


def _loss(row: Directive, service: Service, meant: Service, title: str) -> Loss | None:
    wanted, got = _said(row, service), _said(row, meant)
    unasked = wanted == _said(row, _PLAIN) and row.name not in _MATTERS
    if wanted == got or unasked or row.name in _NO_LOSS or _follows(row, service, meant):
        return None
    if got == _said(row, _PLAIN) or not got:
        return Loss(row.name, f"{title} has nothing like it")
    return Loss(row.name, f"{title} does as with {row.name}={' '.join(got)}")


_PLAIN = Service("plain")


def _follows(row: Directive, service: Service, meant: Service) -> bool:
    """Say whether a difference is told by another directive: how many starts, where there is no limit."""
    return row.name == "StartLimitBurst" and (
        meant.start_limit_interval_sec == 0 or not service.start_limit_interval_sec
    )


def _said(row: Directive, service: Service) -> tuple[str, ...]:
    """Give the texts of a directive, none if the field that it shares with others says nothing of it."""
    value = getattr(service, row.field)
    try:
        return () if value is None else tuple(row.kind.write(value, str))
    except BadValue:  # nothing that a line of a unit can hold
        return (repr(value),)
