"""systemd as one service manager among others: units for the machine or for a user, templates, and drop-ins."""

from collections.abc import Iterator
from dataclasses import replace

from ..dialect import EVENT_NAMES, Commands, Dialect, Found, Signs, Target
from ..directives import DIRECTIVES
from ..rendered import Loss, Rendered
from ..spec import Service
from ..specifiers import AS_WRITTEN, TEMPLATE_AS_WRITTEN
from ..versions import known_to
from . import systemd

_FOLDERS = {"system": systemd.FOLDER, "user": "~/.config/systemd/user"}
# systemctl(1), "show": a line for each.
ASKED = "ActiveState,SubState,UnitFileState,MainPID,NRestarts"
SIGNS = Signs(
    running=r"^ActiveState=(active|reloading|refreshing)$",
    failed=r"^ActiveState=failed$|^SubState=auto-restart",
    enabled=r"^UnitFileState=(enabled|enabled-runtime|alias)$",
    process=r"^(MainPID=\d+)$",
)


def means(service: Service, target: Target) -> Service:
    return service  # the policy is systemd's own


def write(service: Service, target: Target) -> Rendered:
    service, unknown = (service, ()) if target.version is None else known_to(target.version, service)
    service, foreign = _of_a_user(service) if target.scope == "user" else (service, ())
    written = systemd.write(service, as_written=target.as_written)
    written = replace(written, losses=(*unknown, *foreign, *written.losses))
    path = f"{_FOLDERS[target.scope]}/{_unit(service)}"
    if target.variant == "drop-in":
        return replace(written, path=f"{path}.d/50-farmhand.conf", text="".join(_in_place(written.text)))
    return replace(written, path=path)


def _of_a_user(service: Service) -> tuple[Service, tuple[Loss, ...]]:
    """Fit a service to a user's manager, which runs all as that user and knows but the targets of the user."""
    wanted_by = tuple("default.target" if name == "multi-user.target" else name for name in service.wanted_by)
    accounts = {name: getattr(service, name.lower()) for name in ("User", "Group")}
    losses = (Loss(name, "a user's own manager runs it as that user") for name, said in accounts.items() if said)
    return replace(service, wanted_by=wanted_by, user=None, group=None, supplementary_groups=()), tuple(losses)


def _in_place(text: str) -> Iterator[str]:
    """Have each list of a drop-in take the place of what the unit says, instead of adding to it."""
    begun = set()
    for line in text.splitlines(keepends=True):
        name = line.partition("=")[0]
        row = DIRECTIVES.get(name)
        if row and row.kind.repeatable and row.kind.resets and row.field not in begun:
            begun.add(row.field)  # all conditions are one list, which any of them empties
            yield f"{name}=\n"
        yield line


def commands(service: Service, target: Target) -> Commands:
    user = ("--user",) if target.scope == "user" else ()
    systemctl = ("systemctl", *user)
    unit = _unit(service)
    load, enable, start = (*systemctl, "daemon-reload"), (*systemctl, "enable", unit), (*systemctl, "restart", unit)
    return Commands(
        check=("systemd-analyze", *user, "--man=no", "verify", f"{_FOLDERS[target.scope]}/{unit}"),
        install=(load, enable, start),
        uninstall=((*systemctl, "disable", "--now", unit),),
        gone=(load, (*systemctl, "reset-failed", unit)),
        enable=(load, enable),
        start=(load, start),
        status=(*systemctl, "status", unit),
        signs=replace(SIGNS, ask=(*systemctl, "show", f"--property={ASKED}", unit)),
        hint="it ends as you sign out, unless you say: loginctl enable-linger" if user else "",
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
    hardens=True,
    endings=(".service",),
    checked={"252": EVENT_NAMES},
)
