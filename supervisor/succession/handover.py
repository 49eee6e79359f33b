"""What a running supervisor knows, as data: for the program that replaces it, and for the one that follows its death.

The first gets everything, with descriptors (`farmhand reexec`); the second finds what records.py wrote of each service,
and takes over what still runs: docs/decisions/0018. Times are monotonic seconds, which all processes since the machine
started share.
"""

import os
from collections.abc import Callable, Mapping

from ...units.light import Any, dataclass, field
from ..obey import Supervisor
from ..platforms import NotifySocket, Platform
from ..rules.life import Slot
from ..unit import Stamps, Unit
from .plain import Plain, Unreadable, lift, lower

VERSION = 1
# The number of the descriptor that `farmhand reexec` leaves all this at; after "check:" only to say if it can be read.
VARIABLE = "FARMHAND_HANDOVER"

_SIMPLE = ("shown", "main_pid", "invocation", "following", "checked")
_STAMPS = Stamps.__match_args__


@dataclass(frozen=True)
class Inherited:
    """What an earlier supervisor left. own: that was this very process, before it executed this program.

    units: values by `lift_unit`. jobs: by `Jobs.kept`.
    """

    units: Mapping[str, Mapping[str, Any]]
    own: bool
    jobs: Mapping[str, list[Any]] = field(default_factory=dict)
    stopping: bool = False


def of_unit(unit: Unit, heirs: list[int] | None = None) -> Plain:
    """Return all that is known of a unit but its service. heirs: descriptors that are to be left, too, if any are."""
    data = {
        "life": lower(unit.life),
        **{name: lower(getattr(unit, name)) for name in _SIMPLE},
        "stamps": [getattr(unit.stamps, name) for name in _STAMPS],
        "trees": {slot.name: lower(tree.kept()) for slot, tree in unit.trees.items()},
        "leftovers": [lower(tree.kept()) for tree in unit.leftovers],
    }
    if unit.socket is not None:
        data["socket"] = [unit.socket.address, -1 if heirs is None else bequeath(unit.socket.fileno(), heirs)]
    return data


def lift_unit(data: Plain) -> dict[str, Any]:
    """Return what `of_unit` was told, as values; raises Unreadable."""
    try:
        return {
            "life": lift(data["life"]),
            **{name: lift(data[name]) for name in _SIMPLE},
            "stamps": tuple(map(float, data["stamps"])),
            "trees": {Slot[name]: lift(kept) for name, kept in data["trees"].items()},
            "leftovers": [lift(kept) for kept in data["leftovers"]],
            "socket": data.get("socket"),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"a service is not described as it is here: {error!r}") from None


def restore(unit: Unit, values: Mapping[str, Any], supervisor: Supervisor, *, own: bool) -> None:
    """Put a unit back to where it was. own: this very process held it before; see `Platform.adopt`."""
    platform = supervisor.platform
    unit.life, unit.stamps = values["life"], Stamps(*values["stamps"])
    for name in _SIMPLE:
        setattr(unit, name, values[name])
    unit.trees = {slot: platform.adopt(kept, own=own) for slot, kept in values["trees"].items()}
    unit.leftovers = [platform.adopt(kept, own=own) for kept in values["leftovers"]]
    unit.socket = _socket(platform, values["socket"], supervisor.observers.log)
    supervisor.resume(unit, own=own)


def _socket(platform: Platform, kept: list[Any] | None, log: Callable[[str], None]) -> NotifySocket | None:
    if kept is None:
        return None
    address, fd = kept
    try:
        return platform.notify_socket(address, keep(fd) if fd >= 0 else None)
    except OSError as error:
        log(f"{address}: sd_notify messages cannot be received there again: {error.strerror}")
        return None


def trees(values: Mapping[str, Any]) -> list[Any]:
    """Return the kept trees of a unit."""
    return [*values["trees"].values(), *values["leftovers"]]


def bequeath(fd: int, heirs: list[int]) -> int:
    """Put a descriptor among those that are to outlive execve(2)."""
    heirs.append(fd)
    return fd


def keep(fd: int) -> int:
    """Take a descriptor that outlived it, for this program alone; raises OSError."""
    os.set_inheritable(fd, False)
    return fd
