"""What is remembered of each service should the supervisor be killed: one small file each, in a folder of its own.

A file is written anew, atomically, after each turn in which something happened to its service, and so after a restart,
not before it. That a process may run is known before it does all the same: a file names the invocation of the
*following* run, which its processes carry as their mark (one file, `first`, those of services that have never run); and
a later process of the same run waits until it is written.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Collection, Container, Iterable, Set

from ...units.light import Any
from ..platforms import Kept, Platform
from ..rules.life import Life, Slot
from ..unit import Unit
from . import handover
from .plain import Unreadable, dumps

_SUFFIX = ".json"


class Records:
    """The files of one supervisor. Its owner holds the lock of the control socket beside them."""

    def __init__(self, folder: str, epoch: str, log: Callable[[str], None]) -> None:
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o700)  # raises OSError if it is another user's
        self.folder = folder
        self._epoch = epoch
        self._log = log
        self._promised: dict[str, str] = {}  # service -> the invocation that its file announces
        self._draft = f"{folder}/draft"
        self._first = f"{folder}/first"
        self._complained = False

    def write(self, unit: Unit) -> None:
        """Remember a unit as it is now."""
        self._put(self._path(unit.name), {"name": unit.name, "unit": handover.of_unit(unit)})
        self._promised[unit.name] = unit.following

    def promise(self, units: Iterable[Unit]) -> None:
        """Name the first run of units that have had none, all in one file: one for each would take twice as long."""
        new = [unit for unit in units if not unit.following]
        for unit in new:
            unit.following = os.urandom(16).hex()
        first = {unit.name: unit.following for unit in new}
        self._put(self._first, {"first": first})
        self._promised |= first

    def _put(self, path: str, data: dict[str, Any]) -> None:
        data |= {"version": handover.VERSION, "epoch": self._epoch}
        try:
            draft = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                text = dumps(data).encode()
                if os.write(draft, text) < len(text):  # the disk took what it could
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(draft)
            os.rename(self._draft, path)
        except OSError as error:
            if not self._complained:
                self._log(f"{self.folder}: services cannot be remembered there: {error.strerror}; do not kill me")
            self._complained = True

    def announce(self, unit: Unit) -> None:
        """See that the file covers the process that is about to be started."""
        if self._promised.get(unit.name) != unit.invocation:
            self.write(unit)

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what was remembered of each service since the machine started; what is older is dropped."""
        names = sorted(name for name in os.listdir(self.folder) if name.endswith(_SUFFIX))
        read = [self._load(f"{self.folder}/{name}") for name in names]
        return {str(data["name"]): data["unit"] for data in read if data}

    def unrecorded(self, found: Container[str]) -> frozenset[str]:
        """Return the invocations of first runs that were promised, of services that nothing is remembered of."""
        data = self._load(self._first) if os.path.exists(self._first) else None
        return frozenset(mark for name, mark in (data or {"first": {}})["first"].items() if name not in found)

    def _load(self, path: str) -> dict[str, Any] | None:
        """Read a file, with the unit in it by `lift_unit` if it has one; one that is of no use is dropped."""
        import json  # seldom of use, and its reader takes memory

        try:
            with open(path, "rb") as file:
                data: dict[str, Any] = json.loads(file.read())
            if data["epoch"] == self._epoch and data["version"] == handover.VERSION:
                return {**data, "unit": handover.lift_unit(data["unit"])} if path != self._first else data
            why = "it is from before the machine started, or of another version"
        except (OSError, ValueError, KeyError, TypeError, Unreadable) as error:
            why = str(error)
        self._log(f"{path}: ignoring it: {why}")
        _remove(path)
        return None

    def clear(self, names: Iterable[str]) -> None:
        """Forget services of which nothing is left, and the folder if it is empty then."""
        for name in names:
            self.forget(name)
        _remove(self._first)
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)

    def forget(self, name: str) -> None:
        _remove(self._path(name))
        _remove(self.pipe(name))
        self._promised.pop(name, None)

    def pipe(self, name: str) -> str:
        """Return where the pipe that takes a service's output has its name."""
        return f"{self.folder}/{name.replace(os.sep, '-')}.out"

    def _path(self, name: str) -> str:
        return f"{self.folder}/{name.replace(os.sep, '-')}{_SUFFIX}"


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def end_unrecorded(
    platform: Platform, found: dict[str, dict[str, Any]], first: Set[str], log: Callable[[str], None]
) -> None:
    """End the processes that were started in the last moment of the supervisor before, too late to be recorded.

    first: the invocations of first runs that nothing is recorded of. Raises TimeoutError if one of them does not end:
    then it must not be started again.
    """
    marks = set(first)
    kept: list[Kept] = []
    for values in found.values():
        marks.add(values["following"])
        kept += handover.trees(values)
        if unrecorded(values["life"], values["trees"]):
            marks.add(values["invocation"])
    for pid in platform.end_marked(marks - {""}, kept) if marks else ():
        log(f"ending process {pid}, which was started in the very moment in which the supervisor before was killed")


def unrecorded(life: Life, trees: Collection[Slot]) -> bool:
    """Say whether a process was about to be started when the record was written."""
    return (life.main and Slot.MAIN not in trees) or (life.control and Slot.CONTROL not in trees)
