"""Folders and files that are made for services, who may be others than we.

We may be root, and the services, which run meanwhile, own what is in there: everything is done to descriptors, never
to a path that may lead elsewhere a moment later.
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping

from ...units.light import BinaryIO
from . import Owner

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_PASS = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)  # also where we may not list


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
def _made(path: str, mode: int) -> Iterator[int]:
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


def make_folder(path: str, mode: int, owner: Owner | None) -> None:
    """Make a folder, set mode and owner; of one that is another's, all that is in it changes hands, too."""
    with _made(path, mode) as fd:
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


def make_link(target: str, link: str) -> None:
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


def open_log(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)


def read_log(path: str) -> BinaryIO:
    return open(path, "rb")


def unlink(path: str) -> None:
    """Remove a link; none is no error."""
    with contextlib.suppress(OSError), _parent(path) as (parent, name):
        os.unlink(name, dir_fd=parent)


def write_secrets(path: str, secrets: Mapping[str, bytes], owner: Owner | None) -> None:
    """Write files into a folder of their own that nobody else can look into; raises OSError."""
    with _made(path, 0o700) as there:
        os.fchmod(there, 0o700)
        for name, data in secrets.items():
            _write_one(there, name, data, owner)
        os.fchmod(there, 0o500)
        if owner is not None:
            os.fchown(there, *owner)


def _write_one(folder: int, name: str, data: bytes, owner: Owner | None) -> None:
    """Write a file in one step, readable by its owner alone."""
    new = ":new"  # no credential has a name like this
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(new, flags, 0o600, dir_fd=folder), "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o400)
        if owner is not None:
            os.fchown(file.fileno(), *owner)
    os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


def state_folder(environ: Mapping[str, str]) -> str:
    if os.geteuid() == 0:
        return "/var/lib"
    return environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
