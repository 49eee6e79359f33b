"""The folders that a service is given, RuntimeDirectory= and its like; systemd.exec(5).

They are made before each of its processes, as systemd does (src/core/execute.c, setup_exec_directory), and what is
below the folder for runtime files is removed when it rests. We may be root, and the services, which run meanwhile, own
what is in there: everything is done to descriptors, never to a path that may lead elsewhere a moment later.
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping

from ...units.spec import ExecDirectory, Service
from ...units.statuses import STATUSES

Owner = tuple[int, int]  # user id, group id

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PASS = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)  # also where we may not list

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
                if field != "configuration" or not os.path.lexists(path):  # what is there is the administrator's
                    _make(path, mode, owner)
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
            with contextlib.suppress(OSError), _parent(os.path.join(bases["t"], link)) as (parent, name):
                os.unlink(name, dir_fd=parent)


def empty(path: str) -> None:
    """Remove a folder and all that is in it, following no link; one too deep to be gone through stays."""
    with contextlib.suppress(OSError, RecursionError), _parent(path) as (parent, top):
        for _, folders, files, here in os.fwalk(top, topdown=False, follow_symlinks=False, dir_fd=parent):
            for name in files:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=here)
            for name in folders:
                with contextlib.suppress(OSError):
                    _remove_folder(name, here)
        os.rmdir(top, dir_fd=parent)


def _remove_folder(name: str, parent: int) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except NotADirectoryError:  # a link to one
        os.unlink(name, dir_fd=parent)


@contextlib.contextmanager
def made(path: str, mode: int) -> Iterator[int]:
    """Give the descriptor of a folder, which is made with just this mode, whatever the umask, if it is not there."""
    with _parent(path, make=True) as (parent, name):
        folder = _enter(parent, name, mode, link_ok=False, only_through=False)
    try:
        yield folder
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(folder)


@contextlib.contextmanager
def _parent(path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Give the descriptor of the folder that a path is in, and its last word. make: what is not there of the way.

    A link is followed only out of a folder that root or we alone may write into: any other may have been put there
    by a service that owns a folder above, to have us change what it cannot.
    """
    *way, name = os.path.normpath(path).split(os.sep)
    at = os.open(os.sep, _PASS)
    try:
        for each in filter(None, way):
            below = _enter(at, each, 0o755 if make else None, link_ok=_is_ours_alone(at), only_through=True)
            os.close(at)
            at = below
        yield at, name
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(at)


def _enter(parent: int, name: str, mode: int | None, *, link_ok: bool, only_through: bool) -> int:
    """Return the descriptor of a folder, made if it is not there and `mode` is one."""
    new = False
    if mode is not None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=parent)
            new = True
    flags = _PASS if only_through and not new else _OPEN
    folder = os.open(name, flags if link_ok and not new else flags | os.O_NOFOLLOW, dir_fd=parent)
    if new and mode is not None:
        os.fchmod(folder, mode)
    return folder


def _is_ours_alone(folder: int) -> bool:
    found = os.fstat(folder)
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _items(service: Service, field: str) -> tuple[ExecDirectory, ...]:
    items: tuple[ExecDirectory, ...] = getattr(service, f"{field}_directory")
    return items


def _make(path: str, mode: int, owner: Owner | None) -> None:
    """Make a folder, set mode and owner; of one that is another's, all that is in it changes hands, too."""
    with made(path, mode) as fd:
        found = os.fstat(fd)
        if owner is not None and (found.st_uid, found.st_gid) != owner:
            for name, parent in _everything(fd):
                os.chown(name, *owner, dir_fd=parent, follow_symlinks=False)
            os.fchown(fd, *owner)
        os.fchmod(fd, mode)  # after the change of hands, which takes some of its bits away


def _everything(folder: int) -> Iterator[tuple[str, int]]:
    for _, folders, files, here in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        for name in (*folders, *files):
            yield name, here


def _link(target: str, link: str) -> None:
    """Make a relative link, unless it is there."""
    relative = os.path.relpath(target, os.path.dirname(link))
    with _parent(link, make=True) as (parent, name):
        try:
            os.symlink(relative, name, dir_fd=parent)
        except FileExistsError:
            if not _leads_to(relative, name, parent):
                raise


def _leads_to(target: str, link: str, parent: int) -> bool:
    try:
        return os.readlink(link, dir_fd=parent) == target
    except OSError:  # it is no link
        return False
