"""A backup as one file: a zip with the farm's database in it (storage/portable.py), its logs and pictures if wanted,
and a manifest that says what it is, how much of it there is, and the SHA-256 of each part.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..units.errors import BadConfig
from .storage.files import OURS

FORMAT = 1
MANIFEST, DATABASE, FILES = "manifest.json", "farmhand.sqlite", "jobs"

# What is compressed already.
_STORED = {".png", ".jpg", ".jpeg"}

_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    made_at: RFC 3339. version: the Farmhand that made it. schema: its database's. source: sqlite or postgresql.
    newest_event, audit: the ends of the events and of the audit log, as number and hash. counts: rows by table. parts:
    SHA-256 by name, hexadecimal.
    """

    made_at: str
    version: str
    manager_name: str
    schema: str
    source: str
    newest_event: int
    audit: Mapping[str, Any]
    counts: Mapping[str, int]
    parts: Mapping[str, str]
    with_files: bool = False
    format: int = FORMAT


# -- writing


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Yield a path that becomes `target` when the block ends well, and is gone where it does not.

    It is readable by its owner only, and on the disk before it has its name. Nothing that has the name is replaced.
    """
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            raise FileExistsError(f"{target}: it has come into being meanwhile; choose another name")
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def write(path: Path, database: Path, files: Path | None, said: Mapping[str, Any]) -> Manifest:
    """Write an archive of a database and, unless None, of the folder of logs and pictures; return its manifest."""
    parts = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        parts[DATABASE] = _put(archive, DATABASE, database)
        for name, file in _files(files) if files else ():
            with suppress(FileNotFoundError):  # its job was deleted meanwhile
                parts[name] = _put(archive, name, file)
        manifest = Manifest(**said, parts=parts, with_files=files is not None)
        archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix != ".partial" and path.is_file() and not path.is_symlink():
                yield f"{FILES}/{path.relative_to(root).as_posix()}", path


def _put(archive: zipfile.ZipFile, name: str, path: Path) -> str:
    info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    info.compress_type = zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        return _copy(source, target)


def _copy(source: Any, target: BinaryIO | Any | None) -> str:
    """Copy what there is, and return its SHA-256."""
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest()


# -- reading


class Archive:
    """A backup that has been opened: every part of it is what its manifest says. Raises BadConfig."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest = _manifest(self._zip)
        except OSError as error:
            raise self.bad(f"it cannot be read: {error.strerror}", "name the file of a backup") from None
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise self.bad("it is no backup of Farmhand's", "name another file") from error
        if self.manifest.format != FORMAT:
            raise self.bad(f"its format {self.manifest.format} is not known here", "restore it with a newer Farmhand")
        self._check()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def bad(self, problem: str, hint: str) -> BadConfig:
        return BadConfig(str(self._path), 0, "backup", problem, hint)

    def _check(self) -> None:
        names = self._zip.namelist()
        if len(names) != len(set(names)) or set(names) != {MANIFEST, *self.manifest.parts} or not _proper(names):
            raise self.bad("it holds other parts than it says", "name another backup")
        for name, said in self.manifest.parts.items():
            if self._digest(name) != said:
                raise self.bad(f"{name} is not as it was written", "name another backup")

    def _digest(self, name: str) -> str:
        try:
            with self._zip.open(name) as part:
                return _copy(part, None)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError):
            return ""

    def take_database(self, target: Path) -> None:
        """Write the database there, readable by its owner only."""
        opened = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(opened, "wb") as file, self._zip.open(DATABASE) as part:
            _copy(part, file)

    def take_files(self, target: Path) -> None:
        """Write the logs and pictures into a new folder."""
        target.mkdir(mode=OURS)
        for name in self.manifest.parts:
            if name != DATABASE:
                path = target.joinpath(*PurePosixPath(name).parts[1:])
                path.parent.mkdir(parents=True, exist_ok=True)
                with self._zip.open(name) as part, path.open("wb") as file:
                    _copy(part, file)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    return Manifest(**json.loads(archive.read(MANIFEST)))


def _proper(names: list[str]) -> bool:
    """Say whether parts have the names that we give: nothing leads out of the folder that it is written to."""
    others = [PurePosixPath(name) for name in names if name not in (MANIFEST, DATABASE)]
    return all(
        path.parts[:1] == (FILES,) and len(path.parts) > 1 and ".." not in path.parts and "\\" not in str(path)
        for path in others
    )
