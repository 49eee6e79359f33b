"""Which process of a service is the main one, if it was not started as such.

systemd.service(5), PIDFile= and GuessMainPID=; sd_notify(3), MAINPID=.
"""

import contextlib
import os
from collections.abc import Callable

from .execution.opening import without_waiting
from .platforms import Tree
from .rules.life import Slot
from .rules.states import State
from .unit import Unit

LOOK_AGAIN = 0.05  # seconds between two looks for a PIDFile=, while nothing else is waited for

_LONGEST = 64  # bytes of a PIDFile= that are looked at
_ASKS = frozenset({State.START, State.START_POST, State.RELOAD})


def find(unit: Unit) -> int | None:
    """Return the id of the process that PIDFile= names, or of the only one that was left behind, if there is one."""
    if unit.life.state not in _ASKS:
        return None
    if unit.service.pid_file:
        return suitable(unit, _read(unit.service.pid_file))
    if unit.life.main_known or not unit.service.guess_main_pid:
        return None
    children = {tree.pid for tree in unit.leftovers if tree.poll() is None}.union(
        *(tree.orphans() for tree in unit.all_trees())
    )
    return children.pop() if len(children) == 1 else None


def moved(unit: Unit) -> int | None:
    """Return the id of the process that PIDFile= names, as the one that was the main process has ended."""
    return suitable(unit, _read(unit.service.pid_file)) if unit.service.pid_file else None


def suitable(unit: Unit, pid: int | None) -> int | None:
    """Return the id if it is one of a living member that may become the main process."""
    if pid is None or pid == unit.pid(Slot.CONTROL):
        return None
    return pid if pid in unit.members() else None


def told_id(unit: Unit, spent_id: Callable[[], int]) -> int:
    """Return the id that commands get as MAINPID=, 0 for none.

    As under systemd that may be one of a process that is gone: whose program is not there, or whose end nobody saw.
    """
    if Slot.MAIN in unit.trees:
        return unit.pid(Slot.MAIN) or spent_id()
    return unit.main_pid if unit.followed and unit.life.main_known and unit.life.exit is None else 0


def tree_of(unit: Unit, pid: int) -> Tree | None:
    """Return the tree that a process is in, unless that has a command to be waited for."""
    trees = (tree for tree in unit.all_trees() if tree is not unit.trees.get(Slot.CONTROL))
    return next((tree for tree in trees if pid in tree.members()), None)


def remove_pid_file(unit: Unit) -> None:
    if unit.service.pid_file:
        with contextlib.suppress(OSError):
            os.unlink(unit.service.pid_file)


def _read(path: str) -> int | None:
    """Return the id that a file says: one that the service wrote, and may have made a FIFO or filled with anything."""
    try:
        with open(path, "rb", opener=without_waiting) as file:
            text = (file.read(_LONGEST) or b"").partition(b"\n")[0].strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
