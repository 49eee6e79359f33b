"""The secrets that a service is given as files only it may read: LoadCredential= and its like; systemd.exec(5).

They are in a folder of the service's own below the folder for runtime files, from its first ExecStartPre= or
ExecStart= on, until it rests. Nothing of them is in a command line, an environment, a log or an answer.
"""

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping

from ...units.spec import Service
from ...units.statuses import STATUSES
from ..platforms import Owner, native_places
from .folders import CannotMake
from .opening import without_waiting

_MOST = 1024 * 1024  # bytes of all credentials of a service, names included
_STORES = ("/etc/credstore", "/run/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore")
WRITTEN_FOR = frozenset({"ExecStartPre", "ExecStart"})


def folder(service: Service, bases: Mapping[str, str]) -> str:
    """Return what CREDENTIALS_DIRECTORY says, and `%d`."""
    return os.path.join(bases["t"], "credentials", f"{service.name}.service")


def write(service: Service, directive: str, bases: Mapping[str, str], owner: Owner | None) -> None:
    """Write them, if this directive's commands get them. owner: None for whoever runs this. Raises CannotMake."""
    if not service.has_credentials or directive not in WRITTEN_FOR:
        return
    path = folder(service, bases)
    try:
        gathered = _gather(service)
        if sum(len(name) + len(data) for name, data in gathered.items()) > _MOST:
            raise OSError(0, "they are larger than 1 MiB together", path)
        native_places().write_secrets(path, gathered, owner)
    except OSError as error:
        words = f"cannot give it its credentials: {error.filename}: {error.strerror}"
        raise CannotMake(STATUSES["CREDENTIALS"], words) from None


def remove(service: Service, bases: Mapping[str, str]) -> None:
    if service.has_credentials:
        native_places().empty(folder(service, bases))


def _gather(service: Service) -> dict[str, bytes]:
    """Collect them: a file goes before what SetCredential= says, which stands in for one that is missing."""
    found: dict[str, bytes] = {}
    for name, path in service.load_credential.items():
        for each, data in _load(name, path, missing_ok=name in service.set_credential):
            found.setdefault(each, data)
    for pattern in service.import_credential:
        import fnmatch  # few services need it, and it takes memory

        for store in _stores():
            for name in sorted(fnmatch.filter(_names(store), pattern)):
                found.setdefault(name, _read(os.path.join(store, name)))
    for name, text in service.set_credential.items():
        found.setdefault(name, text.encode("utf-8", "surrogateescape"))
    return found


def _load(name: str, path: str, *, missing_ok: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the credential, or one for each file of a folder: NAME_FILE."""
    if not path.startswith("/"):
        for store in _stores():
            with contextlib.suppress(FileNotFoundError):
                yield name, _read(os.path.join(store, path))
                return
    elif os.path.isdir(path):
        for place, folders, files in os.walk(path):
            folders.sort()
            for file in sorted(files):
                whole = os.path.join(place, file)
                yield f"{name}_{os.path.relpath(whole, path).replace('/', '_')}", _read(whole)
    else:
        try:
            yield name, _read(path)
        except FileNotFoundError:
            if not missing_ok:
                raise


def _stores() -> Iterator[str]:
    """Yield where credentials are looked for by name: those that this process was given come first."""
    if own := os.environ.get("CREDENTIALS_DIRECTORY"):
        yield own
    yield from _STORES


def _names(store: str) -> list[str]:
    try:
        return os.listdir(store)
    except OSError:
        return []


def _read(path: str) -> bytes:
    with open(path, "rb", opener=without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is not a regular file", path)
        return file.read(_MOST + 1)
