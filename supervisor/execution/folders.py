"""The folders that a service is given, RuntimeDirectory= and its like; systemd.exec(5).

They are made before each of its processes, as systemd does (src/core/execute.c, setup_exec_directory), and what is
below the folder for runtime files is removed when it rests.
"""

import os
from collections.abc import Mapping

from ...units.spec import ExecDirectory, Service
from ...units.statuses import STATUSES
from ..platforms import Owner, native_places

# The field of a Service, the specifier that stands for the base folder, and the first word of the variable: in the
# order in which they are made.
_KINDS = (
    ("runtime", "t", "RUNTIME"),
    ("state", "S", "STATE"),
    ("cache", "C", "CACHE"),
    ("logs", "L", "LOGS"),
    ("configuration", "E", "CONFIGURATION"),
)


class CannotMake(Exception):
    """Why a process cannot have its folders, and the exit code that stands for it."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def wanted(service: Service) -> bool:
    return any(_items(service, field) for field, _, _ in _KINDS)


def variables(service: Service, bases: Mapping[str, str]) -> dict[str, str]:
    """Return RUNTIME_DIRECTORY and its like. bases: specifier -> folder, as in units/machine.py."""
    return {
        f"{word}_DIRECTORY": os.pathsep.join(os.path.join(bases[letter], item.path) for item in items)
        for field, letter, word in _KINDS
        if (items := _items(service, field))
    }


def make(service: Service, bases: Mapping[str, str], owner: Owner | None) -> None:
    """Make what is not there, and see to modes and owners. owner: None leaves them with whoever runs this.

    Raises CannotMake.
    """
    places = native_places()
    for field, letter, word in _KINDS:
        mode = getattr(service, f"{field}_directory_mode")
        try:
            for item in _items(service, field):
                path = os.path.join(bases[letter], item.path)
                if field != "configuration" or not os.path.lexists(path):  # what is there is the administrator's
                    places.make_folder(path, mode, owner)
            for item in _items(service, field):
                for link in item.links:
                    places.make_link(os.path.join(bases[letter], item.path), os.path.join(bases[letter], link))
        except OSError as error:
            words = f"cannot make {field.capitalize()}Directory= {error.filename}: {error.strerror}"
            raise CannotMake(STATUSES[f"{word}_DIRECTORY"], words) from None


def remove(service: Service, bases: Mapping[str, str]) -> None:
    """Remove what is below the folder for runtime files; what cannot be removed stays."""
    places = native_places()
    for item in service.runtime_directory:
        places.empty(os.path.join(bases["t"], item.path))
        for link in item.links:
            places.unlink(os.path.join(bases["t"], link))


def _items(service: Service, field: str) -> tuple[ExecDirectory, ...]:
    items: tuple[ExecDirectory, ...] = getattr(service, f"{field}_directory")
    return items
