"""Process trees on Linux: pidfd tells of an exit, a subreaper gets every orphan back, and so loses nobody.

Who is in a tree. Its main process, and every descendant of a member. When a member's parent ends, the kernel makes it
a child of this process (prctl(2), PR_SET_CHILD_SUBREAPER), a *stranger*. Which tree it came from is told by its
session, which the main process began; else by the mark in its environment, which also names the trees of an owner that
was a member itself; else by our having seen it in the tree before. A control group, if any, is a second opinion.

When a tree is empty. A process that ends has left its children to this one before it is seen dead, and a child of this
one stays in the kernel's list until it is reaped here. So a look that finds neither the main process nor a stranger of
the tree is right, although processes fork and end meanwhile, if it read that list after the last of them was seen dead.
"""

import contextlib
import ctypes
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...units.light import Literal
from ..rules.exitstatus import Exit
from . import Order, cgroup, procfs
from .children import Process, Wakeup, everyone, exit_of, give_children_default_signals, reap, signal_number
from .launch import LACKS, Launch, inherited_mark, start
from .notify import UnixNotifySocket, abstract_socket

_PR_SET_CHILD_SUBREAPER = 36


class LinuxTree:
    """One tree; `Linux` makes it."""

    def __init__(self, platform: "Linux", order: Order, launch: Launch) -> None:
        self._platform = platform
        self.mark = inherited_mark(order)
        self.condemned = False
        self._seen: dict[int, float] = {}  # process id -> start time of the members found by the last look
        self._leaf: cgroup.Leaf | None = None
        self._launch = launch
        self.pid = launch.pid
        self._fd = os.pidfd_open(self.pid) if self.pid else os.eventfd(1, os.EFD_CLOEXEC)
        self._exit = Exit(code=launch.at_once.code) if launch.at_once else None

    def fileno(self) -> int:
        return self._fd

    def poll(self) -> Exit | None:
        if self._exit is None and not self._lives_elsewhere() and (status := reap(self.pid)) is not None:
            self._exit = exit_of(status)
            self._platform.running.discard(self.pid)
            self._platform.led.discard(self.pid)
        return self._exit

    def _lives_elsewhere(self) -> bool:
        """Say whether the main process is one that may be another's child, and is alive."""
        return self.pid in self._platform.led and not select.select([self._fd], [], [], 0)[0]

    def exec_fileno(self) -> int | None:
        return self._launch.report

    def refusal(self) -> str | None:
        refused = self._launch.refused()
        return refused.words if refused else None

    def members(self) -> frozenset[int]:
        return frozenset(member.pid for member in self.look())

    def orphans(self) -> frozenset[int]:
        return frozenset(child.pid for child in self._platform.strangers_of(self))

    def lead(self, pid: int) -> bool:
        if pid not in self.members():
            return False
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return False
        os.close(self._fd)
        self._platform.running.discard(self.pid)  # whoever led before is one member of many
        self._platform.led.discard(self.pid)
        self.pid, self._fd, self._exit = pid, fd, None
        self._platform.follow(self)
        return True

    def signal(self, name: str, *, whom: Literal["main", "all"]) -> None:
        number = signal_number(name)
        if whom == "all":
            everyone(self.look, lambda member: _send(member, number))
        elif self._exit is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, number)

    def kill(self) -> None:
        self.condemned = True
        if self._leaf is not None:
            self._leaf.kill()
        self.end_members()

    def end_members(self) -> None:
        """Stop everyone, so that none can fork, and then end them: the main process, whose end is looked for, last."""
        for member in sorted(everyone(self.look, _stop_group), key=lambda member: member.pid == self.pid):
            _send(member, signal.SIGKILL)

    def close(self) -> None:
        if self._fd == -1:
            return
        self._platform.forget(self)
        os.close(self._fd)
        self._fd = -1
        self._launch.close()
        if self._leaf is not None:
            self._leaf.remove()

    def enter(self, base: Path | None) -> None:
        """Give the tree a control group, where it can have one."""
        if base is not None and self.pid:
            self._leaf = cgroup.make(base, f"farmhand-{self.pid}-{time.monotonic_ns()}", self.pid)

    def look(self) -> Iterable[Process]:
        """Return the members that are alive, and remember them."""
        found: dict[int, Process] = {}
        waiting = list(self._roots())
        while waiting:
            member = waiting.pop()
            if member.alive and member.pid not in found:
                found[member.pid] = member
                waiting += filter(None, map(procfs.look_at, procfs.children(member.pid)))
        self._seen = {pid: member.start for pid, member in found.items()}
        return found.values()

    def _roots(self) -> Iterator[Process]:
        """Yield the members that need not have a member as their parent; strangers last.

        Whoever is seen dead here has left its children to this process before, so they are among them.
        """
        if self.pid and self._exit is None and (main := procfs.look_at(self.pid)):
            yield main
        for pid, birth in self._seen.items():
            if (member := procfs.look_at(pid)) and member.start == birth:
                yield member
        if self._leaf is not None:
            yield from filter(None, map(procfs.look_at, self._leaf.members()))
        yield from self._platform.strangers_of(self)


class Linux:
    """This machine's processes; `LINUX` is the one there is, unless a test makes its own."""

    name = "linux"
    lacks = LACKS
    look_again: float | None = None

    def __init__(self, *, cgroups: bool = True) -> None:
        self._base = cgroup.base() if cgroups else None
        self._wakeup: Wakeup | None = None
        # By the id of the main process that was started, which is also that of its session, and of one followed since.
        self._trees: dict[int, LinuxTree] = {}
        self._marks: dict[str, list[LinuxTree]] = {}  # those of each mark, the oldest first
        self._owners: dict[tuple[int, float], LinuxTree] = {}  # (process id, start time) of a stranger -> its tree
        self._reaped: set[int] = set()
        self.running: set[int] = set()  # main processes that were started here and are not reaped yet
        self.led: set[int] = set()  # those that became it later; children of this process, or of a member

    def adopt_orphans(self) -> None:
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl: cannot become the parent of orphans")
        give_children_default_signals()
        self._wakeup = Wakeup()

    def fileno(self) -> int:
        return self._awake().reader

    def spawn(self, order: Order) -> LinuxTree:
        self._awake()
        tree = LinuxTree(self, order, start(order))
        if tree.pid:
            self._trees[tree.pid] = tree
            self._marks.setdefault(tree.mark, []).append(tree)
            self.running.add(tree.pid)
            tree.enter(self._base)
        return tree

    def follow(self, tree: LinuxTree) -> None:
        """Leave the reaping of a tree's new main process to the tree."""
        self._trees[tree.pid] = tree
        self.led.add(tree.pid)

    def reap_strangers(self) -> frozenset[int]:
        self._awake().drain()
        self._strangers()
        for tree in [tree for tree in self._trees.values() if tree.condemned]:
            tree.end_members()
        reaped, self._reaped = frozenset(self._reaped), set()
        return reaped

    def notify_socket(self) -> UnixNotifySocket:
        return abstract_socket()

    def strangers_of(self, tree: LinuxTree) -> list[Process]:
        """Return the living children of this process that were born in the tree."""
        strangers = self._strangers()
        owners = {(child.pid, child.start): self._owner(child) for child in strangers}
        self._owners = {key: owner for key, owner in owners.items() if owner is not None}
        return [child for child in strangers if owners[child.pid, child.start] is tree]

    def _strangers(self) -> list[Process]:
        """Return the living ones; reap those that have ended.

        Each of these may have left children to this process since the list was read: so read it again.
        """
        while True:
            strangers = list(filter(None, map(procfs.look_at, procfs.own_children(but=self.running))))
            ended = {child.pid for child in strangers if not child.alive and child.pid not in self.led}
            ended = {pid for pid in ended if reap(pid) is not None}
            if not ended:
                return [child for child in strangers if child.alive]
            self._reaped |= ended

    def forget(self, tree: LinuxTree) -> None:
        """Drop a closed tree; a newer one may have its ids by now."""
        self.led.discard(tree.pid)
        for pid in [pid for pid, known in self._trees.items() if known is tree]:
            del self._trees[pid]
        if tree in (alike := self._marks.get(tree.mark, [])):
            alike.remove(tree)
        if not alike:
            self._marks.pop(tree.mark, None)

    def _owner(self, child: Process) -> LinuxTree | None:
        known = self._trees.get(child.pid) if child.pid in self.led else None
        known = known or self._owners.get((child.pid, child.start)) or self._trees.get(child.session)
        if known is not None:
            return known
        mark = procfs.mark(child.pid)
        while mark and mark not in self._marks:
            mark = mark.rpartition("/")[0]
        return self._marks[mark][0] if mark else None

    def _awake(self) -> Wakeup:
        if self._wakeup is None:
            raise RuntimeError("adopt_orphans comes before the first spawn")
        return self._wakeup


def _stop_group(member: Process) -> None:
    """Stop a member and its process group, the one unit that no fork slips out of.

    A group has only members in it, for it lies within a session that a member began; and while a stopped member
    is in it, its id is not used again.
    """
    if _send(member, signal.SIGSTOP):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(member.group, signal.SIGSTOP)


def _send(member: Process, number: int) -> bool:
    """Send a signal unless the process is gone, even if its id is another's now; say whether it was sent."""
    try:
        fd = os.pidfd_open(member.pid)
    except OSError:
        return False
    try:
        now = procfs.look_at(member.pid)
        if now is None or now.start != member.start:
            return False
        signal.pidfd_send_signal(fd, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(fd)
    return True


LINUX = Linux()
