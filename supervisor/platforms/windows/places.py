"""Folders and files made for services. A service is nobody else than we here: modes and owners mean nothing."""

import _winapi
import contextlib
import msvcrt
import os
import shutil
import sys
from collections.abc import Mapping

from ....units.light import BinaryIO
from .. import Owner
from . import security

assert sys.platform == "win32"

_SHARE_ALL, _OPEN_ALWAYS = 0x7, 4  # FILE_SHARE_READ, _WRITE and _DELETE; made if it is not there


def make_folder(path: str, mode: int, owner: Owner | None) -> None:
    os.makedirs(path, exist_ok=True)


def make_link(target: str, link: str) -> None:
    """Make a junction: links proper are for administrators."""
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.lexists(link):
        _winapi.CreateJunction(target, link)


def open_log(path: str) -> int:
    return _open(path, _winapi.GENERIC_READ | _winapi.GENERIC_WRITE, _OPEN_ALWAYS, os.O_RDWR)


def read_log(path: str) -> BinaryIO:
    return open(_open(path, _winapi.GENERIC_READ, _winapi.OPEN_EXISTING, os.O_RDONLY), "rb")


def _open(path: str, access: int, disposition: int, flags: int) -> int:
    """Open a file in such a way that others may read, write, rename and remove it, which `os.open` does not allow."""
    handle = _winapi.CreateFile(path, access, _SHARE_ALL, 0, disposition, 0, 0)
    return msvcrt.open_osfhandle(handle, flags | os.O_BINARY)


def empty(path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)


def unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.rmdir(path)


def write_secrets(path: str, secrets: Mapping[str, bytes], owner: Owner | None) -> None:
    os.makedirs(path, exist_ok=True)
    security.keep_private(path)
    for name, data in secrets.items():
        new = os.path.join(path, ".new")
        with open(new, "wb") as file:
            file.write(data)
        security.keep_private(new)
        os.replace(new, os.path.join(path, name))


def state_folder(environ: Mapping[str, str]) -> str:
    return environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
