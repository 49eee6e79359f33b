"""Whose all the processes of this machine are, for those trees whose orphans are not given to this process. Linux only.

To look at all of them takes long where there are many. So a look holds for as long as it took, for all trees alike: who
waits for hundreds of them is busy half of the time at most.
"""

import time
from collections.abc import Callable, Hashable, Iterator

from ...units.light import TYPE_CHECKING
from . import procfs
from .children import Process

if TYPE_CHECKING:
    from .linux import LinuxTree

Owner = Callable[[Process], "LinuxTree | None"]


class Census:
    """known: tells an owner by what is noted of a process; marked: by its environment, which takes longer to read."""

    def __init__(self, known: Owner, marked: Owner) -> None:
        self._known = known
        self._marked = marked
        self._members: dict[Hashable, list[Process]] = {}
        self._nobodys: set[tuple[int, float]] = set()  # whose environment was read before: no mark comes later
        self._until = 0.0

    def members(self, tree: "LinuxTree") -> Iterator[Process]:
        """Yield the living processes of a tree."""
        if time.monotonic() >= self._until:
            self._take()
        for member in self._members.get(tree, ()):
            now = procfs.look_at(member.pid)
            if now is not None and now.start == member.start and now.alive:
                yield now

    def forget(self) -> None:
        """There is another tree now."""
        self._nobodys.clear()
        self._until = 0.0

    def _take(self) -> None:
        begun = time.monotonic()
        self._members, before, self._nobodys = {}, self._nobodys, set()
        for process in procfs.everybody():
            key = process.pid, process.start
            owner = self._known(process) or (None if key in before else self._marked(process))
            if owner is None:
                self._nobodys.add(key)
            else:
                self._members.setdefault(owner, []).append(process)
        ended = time.monotonic()
        self._until = ended + (ended - begun)
