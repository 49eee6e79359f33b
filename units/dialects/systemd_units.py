"""systemd as one service manager among others: units for the machine or for a user, templates, and drop-ins."""

from dataclasses import replace

from ..dialect import Commands, Dialect, Found, Target
from ..rendered import Rendered
from ..spec import Service
from ..specifiers import AS_WRITTEN, TEMPLATE_AS_WRITTEN
from . import systemd

_FOLDERS = {"system": systemd.FOLDER, "user": "~/.config/systemd/user"}


def means(service: Service, target: Target) -> Service:
    """The policy is systemd's own; a user's manager knows but the targets of the user."""
    if target.scope == "system":
        return service
    wanted_by = tuple("default.target" if name == "multi-user.target" else name for name in service.wanted_by)
    return replace(service, wanted_by=wanted_by)


def write(service: Service, target: Target) -> Rendered:
    written = systemd.write(service, as_written=target.as_written)
    folder = _FOLDERS[target.scope]
    if target.variant == "drop-in":
        return replace(written, path=f"{folder}/{_unit(service)}.d/50-farmhand.conf")
    return replace(written, path=f"{folder}/{_unit(service)}")


def commands(service: Service, target: Target) -> Commands:
    systemctl = ("systemctl", *(("--user",) if target.scope == "user" else ()))
    unit = _unit(service)
    return Commands(
        check=("systemd-analyze", *systemctl[1:], "verify", f"{_FOLDERS[target.scope]}/{unit}"),
        install=((*systemctl, "daemon-reload"), (*systemctl, "enable", unit), (*systemctl, "restart", unit)),
        uninstall=((*systemctl, "disable", "--now", unit), (*systemctl, "daemon-reload")),
        status=(*systemctl, "status", unit),
    )


def read(path: str, text: str) -> Found:
    template = path.endswith("@.service")
    name = path.replace("\\", "/").rpartition("/")[2].removesuffix(".service") if template else ""
    reading = systemd.read(path, text, TEMPLATE_AS_WRITTEN if template else AS_WRITTEN, name)
    return Found((reading.service,), reading.warnings)


def _unit(service: Service) -> str:
    return f"{service.name}.service"


DIALECT = Dialect(
    name="systemd",
    title="systemd",
    system="linux",
    means=means,
    write=write,
    commands=commands,
    variants=("unit", "drop-in"),
    read=read,
    specifiers=True,
    endings=(".service",),
)
