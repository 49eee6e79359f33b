"""The way for a service manager that cannot do all that a service asks for: it keeps `farmhand run` alive, no more.

Farmhand then runs the service, from a file of its own beside the manager's definition, and does the rest without loss.
"""

from dataclasses import replace
from typing import Any

from . import support
from .definition import Definition
from .dialect import Commands, Dialect, Target
from .dialects import farmhand_writer, systemd_units
from .rendered import File, Loss
from .spec import Command, Service
from .unit_names import unit_type
from .variables import literal

# What the supervisor needs to end after the last of its services has.
_LEAVE = 10.0

# Where administrators alone may write: in ProgramData anybody may make a file before them, and a service would obey it.
_FOLDERS: dict[str | None, str] = {"windows": "C:\\Program Files\\Farmhand\\", "macos": "/usr/local/etc/farmhand/"}


def config_path(name: str, dialect: Dialect, target: Target) -> str:
    return f"{target.config_folder or _FOLDERS.get(dialect.system, '/etc/farmhand/')}{name}.yaml"


def keeper(definition: Definition, dialect: Dialect, target: Target) -> Service:
    """Give what the manager is to keep running: the supervisor, ended by nobody but the manager itself."""
    service = definition.plain or definition.written
    show = ("--show-output", "*") if dialect.contained else ()
    run = (
        _program(dialect, target),
        "run",
        *_control(service.name, dialect, target),
        config_path(service.name, dialect, target),
        *show,
    )
    return Service(
        service.name,
        description=_printable(service.description) or service.name,
        documentation=service.documentation,
        after=_of_the_system(service.after),
        wants=_of_the_system(service.wants),
        start_limit_interval_sec=0.0,
        type="notify",
        exec_start=(Command((run[0], *map(literal, run[1:]))),),
        restart="always",
        restart_sec=2.0,
        kill_mode="mixed",
        timeout_start_sec=float("inf"),
        timeout_stop_sec=service.timeout_stop_sec + _LEAVE,
        oom_policy="continue",
        wanted_by=service.wanted_by,
        **_of_container(service) if dialect.contained else {},
    )


def _program(dialect: Dialect, target: Target) -> str:
    """Give what runs `farmhand` there: what this machine calls it is no path of Windows."""
    return "farmhand.exe" if dialect.system == "windows" and target.farmhand.startswith("/") else target.farmhand


def _of_container(service: Service) -> dict[str, Any]:
    """Give what a container may use: Farmhand cannot share it out in there, where control groups are read only."""
    return {field: getattr(service, field) for field in ("memory_max", "tasks_max", "cpu_quota", "allowed_cpus")}


def _control(name: str, dialect: Dialect, target: Target) -> tuple[str, ...]:
    """Give the supervisor a socket of its own, for it is one of several on the machine."""
    if target.scope == "user" or target.variant == "agent" or dialect.contained or dialect.system == "windows":
        return ()
    return ("--control", f"{'/var/run' if dialect.system == 'macos' else '/run'}/farmhand/{name}/control.sock")


def told(commands: Commands, name: str, dialect: Dialect, target: Target) -> Commands:
    """Give how the service itself is asked for, which the manager does not know: Farmhand answers as systemd does."""
    program, control = _program(dialect, target), _control(name, dialect, target)
    ask = (program, "show", *control, f"--property={systemd_units.ASKED}", name)
    return replace(commands, status=(program, "status", *control, name), signs=replace(systemd_units.SIGNS, ask=ask))


def _printable(text: str) -> str:
    """Give a text for people as any format can hold it; what the service is called is in Farmhand's own file."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _of_the_system(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if unit_type(name))


def config(definition: Definition, dialect: Dialect, target: Target) -> tuple[File, tuple[Loss, ...]]:
    """Give the file that the supervisor reads, and what it does not do there."""
    service = definition.written
    text, losses = farmhand_writer.text_of(service, as_written=definition.as_written)
    there = support.differences((service,), dialect.system or "linux")
    lost = (Loss(found.key, found.why) for found in there if found.is_loss)
    return File(config_path(service.name, dialect, target), text), (*losses, *lost)
