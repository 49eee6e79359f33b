"""What is known of services that are installed, or are to be: values, and how files compare with them. No I/O."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .dialect import Commands, Scope, Signs
from .rendered import File

# writing: its files may be there; starting: and the manager may know; leaving: it is being taken away.
State = Literal["writing", "starting", "installed", "leaving"]
Arguments = Mapping[str, str | int | bool | list[str] | None]


@dataclass(frozen=True)
class Present:
    """A file as it is. text: bytes that are no UTF-8 are surrogates. link: where it leads, if it is a symbolic link."""

    text: str
    mode: int = 0o644
    owner: tuple[int, int] | None = None
    link: str | None = None


@dataclass(frozen=True)
class Kept:
    """A file of an installation: the digest of what was written, "" if it was taken away; what was there before."""

    path: str
    digest: str
    before: Present | None = None


@dataclass(frozen=True)
class Standing:
    """How a service is, by its manager; None for what that does not tell. process: changes with each start."""

    enabled: bool | None = None
    running: bool | None = None
    failed: bool = False
    process: str = ""


@dataclass(frozen=True)
class Record:
    """What is known of an installed service. folders: made for it. before: how it was.

    arguments: of the command that installed it. earlier: the record of what this one replaces, while that may fail.
    """

    name: str
    dialect: str
    scope: Scope
    state: State
    files: tuple[Kept, ...]
    commands: Commands
    folders: tuple[str, ...] = ()
    before: Standing = Standing()
    arguments: Arguments = field(default_factory=dict)
    earlier: "Record | None" = None


@dataclass(frozen=True)
class Wanted:
    """A service to install. watched: how it is told to run on after its start, None if it need not."""

    name: str
    dialect: str
    scope: Scope
    files: tuple[File, ...]
    commands: Commands
    watched: Commands | None = None
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What is there already. files: by their paths; standing: of the service; missing: folders that are to be made."""

    files: Mapping[str, Present | None]
    record: Record | None = None
    standing: Standing = Standing()
    missing: tuple[str, ...] = ()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def standing(signs: Signs, answer: str) -> Standing:
    """Read the answer of a service manager."""
    enabled, running = (
        bool(re.search(sign, answer, re.M)) if sign else None for sign in (signs.enabled, signs.running)
    )
    process = re.search(signs.process, answer, re.M) if signs.process else None
    failed = bool(signs.failed and re.search(signs.failed, answer, re.M))
    return Standing(enabled, running, failed, process[0] if process else "")


# -- how a file is

Condition = Literal["same", "missing", "outdated", "changed", "foreign"]
CONDITIONS: Mapping[Condition, str] = {
    "same": "is as it would be written now",
    "missing": "is missing",
    "outdated": "would be written otherwise now",
    "changed": "was changed since it was installed",
    "foreign": "is there, and was not installed by farmhand-units",
}


def condition(file: File, there: Present | None, record: Record | None) -> Condition:
    if there is None:
        return "missing"
    if there.link is None and there.text == file.text:
        return "same"
    written = {kept.path: kept.digest for kept in record.files} if record else {}
    if file.path not in written:
        return "foreign"
    return "outdated" if there.link is None and digest(there.text) == written[file.path] else "changed"


def in_the_way(wanted: Wanted, found: Found) -> list[tuple[str, Condition]]:
    """Name the files that are not ours, or not any more, so that nobody wants them overwritten unasked."""
    how: dict[str, Condition] = {
        file.path: condition(file, found.files[file.path], found.record) for file in wanted.files
    }
    return [(path, how[path]) for path in how if how[path] in ("foreign", "changed")]


def edited(record: Record, files: Mapping[str, Present | None]) -> list[str]:
    """Name the files that somebody changed since they were installed."""
    now = {kept.path: files.get(kept.path) for kept in record.files}
    changed = (kept for kept in record.files if (there := now[kept.path]) and digest(there.text) != kept.digest)
    return [kept.path for kept in changed] if record.state == "installed" else []
