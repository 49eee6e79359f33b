"""Folders and files made for services. A service is nobody else than we here: modes and owners mean nothing."""

import _winapi
import contextlib
import os
import shutil
import sys
from collections.abc import Mapping

from .. import Owner
from . import security

assert sys.platform == "win32"


def make_folder(path: str, mode: int, owner: Owner | None) -> None:
    os.makedirs(path, exist_ok=True)


def make_link(target: str, link: str) -> None:
    """Make a junction: links proper are for administrators."""
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.lexists(link):
        _winapi.CreateJunction(target, link)


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
