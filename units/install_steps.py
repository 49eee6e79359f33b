"""What is to be done to install services, to undo that, and to take them away: steps, as data.

A record says what is about to be done and what was there before, and is kept before anything else is done. An
installation that failed and one that was interrupted are undone by the same steps, which follow from the record alone
and can be taken any number of times.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .dialect import Commands
from .installation import Found, Kept, Present, Record, Standing, Wanted, condition, digest, edited
from .rendered import File


@dataclass(frozen=True)
class Note:
    """Keep a record."""

    record: Record


@dataclass(frozen=True)
class Forget:
    """Drop a record."""

    record: Record


@dataclass(frozen=True)
class Put:
    """Write files: all of them, or none."""

    files: tuple[File, ...]


@dataclass(frozen=True)
class Back:
    """Have a file as it was before, or gone."""

    path: str
    before: Present | None


@dataclass(frozen=True)
class Leave:
    """Remove folders that are empty, the inner first; those of `litter` whatever is in them."""

    folders: tuple[str, ...]
    litter: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tell:
    """Run a command line. or_else: what a failure of it means. optional: the program may be missing."""

    words: tuple[str, ...]
    or_else: Literal["fail", "warn", "nothing"] = "fail"
    optional: bool = False


@dataclass(frozen=True)
class Watch:
    """See that a service runs, and still does after a moment of so many seconds; None: that it runs no more."""

    name: str
    commands: Commands
    moment: float | None


Step = Note | Forget | Put | Back | Leave | Tell | Watch


# -- installing


def install(wanteds: Sequence[tuple[Wanted, Found]], moment: float) -> list[Step]:
    """Plan to install services; what is there is as `mended`. Those that are as they should be are left alone.

    moment: seconds that a service has to run for its start to count.
    """
    due = [(wanted, found) for wanted, found in wanteds if not _is_done(wanted, found)]
    if not due:
        return []
    begun = [_begun(wanted, found) for wanted, found in due]
    starting = [replace(record, state="starting") for record in begun]
    return [
        *(Note(record) for record in begun),
        Put(tuple(file for wanted, _ in due for file in wanted.files)),
        *(step for wanted, found in due for step in _superseded(wanted, found)),
        *(Tell(wanted.commands.check, optional=True) for wanted, _ in due if wanted.commands.check),
        *(Note(record) for record in starting),
        *(step for wanted, found in due for step in _made_room(wanted, found)),
        *(Tell(words) for wanted, _ in due for words in wanted.commands.install),
        *(Watch(wanted.name, wanted.watched, moment) for wanted, _ in due if wanted.watched),
        *(Note(_settled(record)) for record in starting),
    ]


def _is_done(wanted: Wanted, found: Found) -> bool:
    how = {condition(file, found.files[file.path], found.record) for file in wanted.files}
    up = found.standing.running is not False or not wanted.watched
    return found.record is not None and how == {"same"} and up and found.standing.enabled is not False


def _begun(wanted: Wanted, found: Found) -> Record:
    kept = [Kept(file.path, digest(file.text), found.files[file.path]) for file in wanted.files]
    kept += [Kept(step.path, "", found.files.get(step.path)) for step in _superseded(wanted, found)]
    return Record(
        wanted.name,
        wanted.dialect,
        wanted.scope,
        "writing",
        tuple(kept),
        wanted.commands,
        found.missing,
        found.standing,
        wanted.arguments,
        found.record,
    )


def _superseded(wanted: Wanted, found: Found) -> list[Back]:
    """Take away the files of what was installed before that are none any more."""
    paths = {file.path for file in wanted.files}
    before = found.record.files if found.record else ()
    return [Back(kept.path, kept.before) for kept in before if kept.path not in paths]


def _made_room(wanted: Wanted, found: Found) -> list[Step]:
    """Have a service of that name uninstalled where the service manager takes no second one."""
    known = found.record or found.standing.enabled or found.standing.running
    if not (wanted.commands.anew and known):
        return []
    commands = found.record.commands if found.record else wanted.commands
    return [*(Tell(words, "warn") for words in commands.uninstall), Watch(wanted.name, commands, None)]


def _settled(record: Record) -> Record:
    """Say of an installation that succeeded what was there before the first one of it."""
    earlier = record.earlier
    if earlier is None:
        return replace(record, state="installed")
    first = {kept.path: kept.before for kept in earlier.files}
    files = tuple(replace(kept, before=first.get(kept.path, kept.before)) for kept in record.files if kept.digest)
    folders = tuple(dict.fromkeys((*earlier.folders, *record.folders)))
    return replace(record, state="installed", files=files, folders=folders, before=earlier.before, earlier=None)


def rescue(record: Record | None, files: Mapping[str, Present | None], folder: str) -> list[Step]:
    """Plan to keep a copy of what somebody changed by hand."""
    copies = []
    for path in edited(record, files) if record else ():
        there = files[path]
        assert there is not None
        name = re.split(r"[\\/]", path)[-1]
        copies.append(File(f"{folder}/{name}.{digest(there.text)[:8]}", there.text, 0o600))
    return [Put(tuple(copies))] if copies else []


# -- undoing and taking away


def mend(record: Record) -> list[Step]:
    """Plan to end what was interrupted: an installation is undone, a removal done."""
    if record.state == "installed":
        return []
    return uninstall(record) if record.state == "leaving" else undo(record)


def mended(found: Found) -> Found:
    """Say what is there once `mend` is done."""
    record = found.record
    if record is None or record.state == "installed":
        return found
    files = {**found.files, **{kept.path: kept.before for kept in record.files}}
    missing = tuple(sorted({*found.missing, *record.folders}))
    return Found(files, record.earlier, record.before, missing)


def removal(record: Record) -> list[Step]:
    """Plan to take a service away, whatever was being done with it."""
    if record.state in ("installed", "leaving"):
        return uninstall(record)
    return [*undo(record), *(uninstall(record.earlier) if record.earlier else ())]


def undo(record: Record) -> list[Step]:
    """Plan to have everything as it was before an installation that is not done."""
    told = record.state == "starting"
    earlier = record.earlier
    return [
        *(Tell(words, "nothing") for words in record.commands.uninstall if told),
        *_restored(record),
        *(_revived((earlier or record).commands, record.before) if told else ()),
        Note(earlier) if earlier else Forget(record),
    ]


def uninstall(record: Record) -> list[Step]:
    """Plan to take a service away, and have what was there before the first installation as it was."""
    return [
        Note(replace(record, state="leaving")),
        *(Tell(words, "warn") for words in record.commands.uninstall),
        Watch(record.name, record.commands, None),
        *_restored(record),
        *_revived(record.commands, record.before),
        Forget(record),
    ]


def _restored(record: Record) -> Iterator[Step]:
    yield from (Back(kept.path, kept.before) for kept in reversed(record.files))
    yield Leave(record.folders, record.commands.litter)
    yield from (Tell(words, "nothing") for words in record.commands.gone)


def _revived(commands: Commands, before: Standing) -> Iterator[Step]:
    """Have a service of that name start again as it did; where none was, none is enabled and none runs."""
    lines: tuple[tuple[str, ...], ...] = ()
    if before.running:
        lines = commands.install if before.enabled is not False else commands.start or commands.install
    elif before.enabled:
        lines = commands.enable or commands.install
    yield from (Tell(words, "warn") for words in lines)
