"""The folders that a service is given, RuntimeDirectory= and its like; systemd.exec(5).

They are made before each of its processes, as systemd does (src/core/execute.c, setup_exec_directory), and what is
below the folder for runtime files is removed when it rests.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping

from ...units.grammar import STATUSES
from ...units.spec import ExecDirectory, Service

Owner = tuple[int, int]  # user id, group id

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
        f"{word}_DIRECTORY": ":".join(os.path.join(bases[letter], item.path) for item in items)
        for field, letter, word in _KINDS
        if (items := _items(service, field))
    }


def make(service: Service, bases: Mapping[str, str], owner: Owner | None) -> None:
    """Make what is not there, and see to modes and owners. owner: None leaves them with whoever runs this.

    Raises CannotMake.
    """
    for field, letter, word in _KINDS:
        mode = getattr(service, f"{field}_directory_mode")
        try:
            for item in _items(service, field):
                path = os.path.join(bases[letter], item.path)
                _make_parents(path)
                if _make(path, mode) or field != "configuration":  # what is there already is the administrator's
                    _set(path, mode, owner)
            for item in _items(service, field):
                for link in item.links:
                    _link(os.path.join(bases[letter], item.path), os.path.join(bases[letter], link))
        except OSError as error:
            words = f"cannot make {field.capitalize()}Directory= {error.filename}: {error.strerror}"
            raise CannotMake(STATUSES[f"{word}_DIRECTORY"], words) from None


def remove(service: Service, bases: Mapping[str, str]) -> None:
    """Remove what is below the folder for runtime files; what cannot be removed stays."""
    for item in service.runtime_directory:
        empty(os.path.join(bases["t"], item.path))
        for link in item.links:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(bases["t"], link))


def empty(path: str) -> None:
    """Remove a folder and all that is in it, following no link."""
    with contextlib.suppress(OSError):
        for _, folders, files, here in os.fwalk(path, topdown=False, follow_symlinks=False):
            for name in files:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=here)
            for name in folders:
                with contextlib.suppress(OSError):
                    _remove_folder(name, here)
        os.rmdir(path)


def _remove_folder(name: str, parent: int) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except NotADirectoryError:  # a link to one
        os.unlink(name, dir_fd=parent)


def make_folder(path: str, mode: int) -> bool:
    """Make a folder with just this mode, whatever the umask; say whether it was not there."""
    _make_parents(path)
    return _make(path, mode)


def _items(service: Service, field: str) -> tuple[ExecDirectory, ...]:
    items: tuple[ExecDirectory, ...] = getattr(service, f"{field}_directory")
    return items


def _make_parents(path: str) -> None:
    parent = os.path.dirname(path)
    if parent not in ("", path) and not os.path.isdir(parent):
        _make_parents(parent)
        _make(parent, 0o755)


def _make(path: str, mode: int) -> bool:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    os.chmod(path, mode)
    return True


def _set(path: str, mode: int, owner: Owner | None) -> None:
    """Set mode and owner; of a folder that is another's, all that is in it changes hands, too."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if owner is not None and (found.st_uid, found.st_gid) != owner:
            for name, parent in _everything(fd):
                os.chown(name, *owner, dir_fd=parent, follow_symlinks=False)
            os.fchown(fd, *owner)
        os.fchmod(fd, mode)  # after the change of hands, which takes some of its bits away
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(fd)


def _everything(folder: int) -> Iterator[tuple[str, int]]:
    for _, folders, files, here in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        for name in (*folders, *files):
            yield name, here


def _link(target: str, link: str) -> None:
    """Make a relative link, unless it is there."""
    _make_parents(link)
    relative = os.path.relpath(target, os.path.dirname(link))
    try:
        os.symlink(relative, link)
    except FileExistsError:
        if not os.path.islink(link) or os.readlink(link) != relative:
            raise
