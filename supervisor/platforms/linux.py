"""Process trees on Linux: pidfd tells of an exit, a subreaper gets every orphan back, and so loses nobody.

Who is in a tree. Its main process, and every descendant of a member. When a member's parent ends, the kernel makes it
a child of this process (prctl(2), PR_SET_CHILD_SUBREAPER), a *stranger*. Which tree it came from is told by its
session, which the main process began; else by the mark in its environment, which also names the trees of an owner that
was a member itself; else by our having seen it in the tree before. A control group, if any, is a second opinion.

A tree that was adopted from a supervisor that died is *foreign*: its processes and their orphans are init's children,
so they are looked for among all processes, and nobody tells when the last of them ends.

When a tree is empty. A process that ends has left its children to this one before it is seen dead, and a child of this
one stays in the kernel's list until it is reaped here. So a look that finds neither the main process nor a stranger of
the tree is right, although processes fork and end meanwhile, if it read that list after the last of them was seen dead.
Where the list has no stranger, that is so for every tree whose main process was reaped before: of a thousand that end
at once all are reaped first, and the list is read once.
"""

import contextlib
import errno
import os
import selectors
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from ...units.light import Any, Literal
from ...units.spec import Service
from ..rules.exitstatus import Exit
from ..rules.shares import CONTROLLERS
from . import Channel, Kept, NotifySocket, Order, Selector, cgroup, procfs
from .census import Census
from .children import (
    Process,
    Wakeup,
    die_of,
    end_all,
    everyone,
    exit_of,
    give_children_default_signals,
    heed_signals,
    is_child,
    is_readable,
    keep_descriptors,
    keep_private,
    lasting_pipe,
    new_pipe,
    new_waker,
    reap,
    reap_all,
    signal_all,
    signal_number,
    spent_id,
)
from .clib import call
from .door import Door, take
from .launch import LACKS, Launch, inherited_mark, reserve, start
from .pidfd import lives, open_pidfd, send, stop_group
from .signals import signal

_PR_SET_CHILD_SUBREAPER = 36
_PIDFD_SIGNAL_PROCESS_GROUP = 1 << 2  # pidfd_send_signal(2): to the group that the process began, though it be gone
_LOOK_AGAIN = 0.1  # seconds, for foreign trees to be empty
_STILL_AFTER = 0.2  # seconds that a process may take to stop before it is killed all the same
_PAUSE = 0.0005
_LOOKS = 100  # at those who beget others and are gone, before they are taken for nobody's


class LinuxTree:
    """One tree; `Linux` makes it."""

    def __init__(self, platform: "Linux", mark: str, launch: Launch) -> None:
        self._platform = platform
        self.mark = mark
        self.session = launch.pid  # that of its first process, whoever is the main one
        self.condemned = False
        self.foreign = False
        self._start: float | None = None  # of the main process; see `kept`
        self._deserted = False
        self._reaped_after = platform.looks  # how many there had been when the main process was found to have ended
        self._seen: dict[int, float] = {}  # process id -> start time of the members found by the last look
        self._leaf: cgroup.Leaf | None = None
        self._launch = launch
        self.pid = launch.pid
        self.ids: tuple[int, ...] = ()  # by which the platform knows it
        self._fd = os.pidfd_open(self.pid) if self.pid else os.eventfd(1, os.EFD_CLOEXEC)
        self._exit = Exit(code=launch.at_once.code) if launch.at_once else None

    @classmethod
    def adopted(cls, platform: "Linux", kept: Kept, *, own: bool) -> "LinuxTree":
        """Make the tree that was kept; its main process may have ended meanwhile."""
        tree = cls(platform, kept.mark, Launch(None))
        main = None if kept.exit or kept.start is None else open_pidfd(kept.pid, kept.start)
        if main is not None:
            os.close(tree._fd)
            tree._fd = main
        tree.pid, tree.session, tree._start = kept.pid, kept.session, kept.start
        tree._exit = kept.exit or (Exit(lost=True) if main is None else None)
        tree._seen = dict(kept.members)
        tree.condemned, tree.foreign = kept.condemned, not own
        tree._leaf = cgroup.Leaf(kept.group) if kept.group else None
        return tree

    def is_over(self) -> bool:
        """Say whether it is known already how the main process ended."""
        return self._exit is not None

    def fileno(self) -> int:
        return self._fd

    def poll(self) -> Exit | None:
        if self._exit is None and not self._lives_elsewhere() and (exit := self._end()) is not None:
            self.ended(exit)
        return self._exit

    def ended(self, exit: Exit) -> None:
        """Note how the main process ended, which has been reaped."""
        self._exit = exit
        self._reaped_after = self._platform.looks
        self._platform.running.discard(self.pid)
        self._platform.led.discard(self.pid)

    def _end(self) -> Exit | None:
        if self.foreign and self._start is not None:
            status = procfs.end_of(self.pid, self._start, self._fd)
            return Exit(lost=True) if status is None else exit_of(status)
        if self.pid in self._platform.led and not is_child(self.pid):
            return Exit(lost=True)
        status = reap(self.pid)
        return None if status is None else exit_of(status)

    def _lives_elsewhere(self) -> bool:
        """Say whether the main process is one that may be another's child, and is alive."""
        return self.pid in self._platform.led and not is_readable(self._fd)

    def exec_fileno(self) -> int | None:
        return self._launch.report

    def refusal(self) -> str | None:
        refused = self._launch.refused()
        return refused.words if refused else None

    def members(self) -> frozenset[int]:
        return frozenset(member.pid for member in self.look())

    def lost(self, pid: int) -> bool:
        return self._platform.may_have_lost(self, pid)

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
        self.pid, self._fd, self._exit, self._start = pid, fd, None, self._seen[pid]
        self._platform.follow(self)
        return True

    def signal(self, *names: str, whom: Literal["main", "all"]) -> None:
        numbers = [signal_number(name) for name in names]
        if whom == "all":
            signal_all(self.look, send, self.pid, numbers)
        elif self._exit is None:
            with contextlib.suppress(ProcessLookupError):
                for number in numbers:
                    signal.pidfd_send_signal(self._fd, number)

    def kill(self) -> None:
        self.condemned = True
        if self._leaf is not None:
            self._leaf.kill()
        self.end_members()

    def end_members(self) -> None:
        """Stop everyone, so that none can fork, and then end them: the main process, whose end is looked for, last."""
        if self.pid == self.session and self._fd != -1:
            with contextlib.suppress(OSError):  # before Linux 6.9, or nobody is left in the group
                signal.pidfd_send_signal(self._fd, signal.SIGSTOP, None, _PIDFD_SIGNAL_PROCESS_GROUP)
        deadline = time.monotonic() + _STILL_AFTER
        while not all(procfs.is_still(member.pid) for member in everyone(self.look, stop_group)):
            if time.monotonic() > deadline:
                break
            time.sleep(_PAUSE)  # in the middle of a fork one stops only after it, and has one child more
        for member in sorted(everyone(self.look, stop_group), key=lambda member: member.pid == self.pid):
            send(member, signal.SIGKILL)

    def kept(self) -> Kept:
        if self._start is None and self._exit is None and (main := procfs.look_at(self.pid)):
            self._start = main.start
        return Kept(
            self.pid,
            self._start,
            session=self.session,
            mark=self.mark,
            members=tuple(self._seen.items()),
            exit=self._exit,
            follows=self.pid in self._platform.led,
            condemned=self.condemned,
            group=self._leaf.path if self._leaf else "",
        )

    def holds(self, process: Process) -> bool:
        """Say whether a process of its session is a member: once a foreign leader is gone, its id may be another's."""
        known = (process.pid, process.start) in self._seen.items()
        return not self.foreign or known or (self.session == self.pid and self._exit is None)

    def close(self) -> None:
        if self._fd == -1:
            return
        self._platform.forget(self)
        os.close(self._fd)
        self._fd = -1
        self._launch.close()
        if self._leaf is not None:
            self._leaf.remove()

    def enter(self, base: str | None, unit: str) -> None:
        """Give the tree a control group, where it can have one."""
        if base is not None and self.pid:
            self._leaf = cgroup.make(cgroup.home(base, unit), f"{self.pid}-{time.monotonic_ns()}", self.pid)

    def look(self) -> Iterable[Process]:
        """Return the members that are alive, and remember them. Once the last one is gone, nobody is born any more."""
        if self._deserted or self._has_left_nobody():
            return ()
        found: dict[int, Process] = {}
        waiting = list(self._roots())
        while waiting:
            member = waiting.pop()
            if member.alive and member.pid not in found:
                found[member.pid] = member
                waiting += filter(None, map(procfs.look_at, procfs.children(member.pid)))
        self._seen = {pid: member.start for pid, member in found.items()}
        self._deserted = not found and self._exit is not None and not self.foreign
        return found.values()

    def _has_left_nobody(self) -> bool:
        """Say whether a look that found no stranger came after the main process had been reaped."""
        if self._exit is None or self.foreign:
            return False
        if self._reaped_after >= self._platform.looked_in_vain:
            self._platform.look_for_strangers()
        return self._reaped_after < self._platform.looked_in_vain

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
        if self.foreign:
            yield from self._platform.census.members(self)
        yield from self._platform.strangers_of(self)


class Linux:
    """This machine's processes; `LINUX` is the one there is, unless a test makes its own."""

    name = "linux"
    outlived = replaceable = True
    clock = staticmethod(time.monotonic)
    die_of = staticmethod(die_of)
    keep_private = staticmethod(keep_private)
    pipe = staticmethod(new_pipe)
    waker = staticmethod(new_waker)
    lasting_pipe = staticmethod(lasting_pipe)

    def __init__(self, *, cgroups: bool = True) -> None:
        self._base = cgroup.base() if cgroups else None
        offered = cgroup.offered(self._base)
        self.lacks = LACKS | {name for name, controller in CONTROLLERS.items() if controller not in offered}
        self._wakeup: Wakeup | None = None
        # By the id of the main process that was started, which is also that of its session, and of one followed since.
        self._trees: dict[int, LinuxTree] = {}
        self._marks: dict[str, list[LinuxTree]] = {}  # those of each mark, the oldest first
        self._owners: dict[tuple[int, float], LinuxTree] = {}  # (process id, start time) of a stranger -> its tree
        self._foreign: set[LinuxTree] = set()
        self.census = Census(self._known_owner, self._marked_owner)
        self._reaped: set[int] = set()
        self.looks = 0  # how often strangers have been looked for
        self.looked_in_vain = 0  # the number of the last look that found none
        self.running: set[int] = set()  # main processes that were started here and are not reaped yet
        self.led: set[int] = set()  # those that became it later; children of this process, or of a member

    def unmet(self, service: Service) -> frozenset[str]:
        return self.lacks & service.origin.keys()

    def impossible(self, service: Service) -> None:
        """There is nothing that the start itself would not refuse."""

    def adopt_orphans(self) -> None:
        if call("prctl", _PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:  # it can fail for this alone
            raise OSError(errno.EINVAL, "prctl: this kernel does not let a process become the parent of orphans")
        give_children_default_signals()
        keep_descriptors()
        reserve()
        if self._base is not None:
            cgroup.sweep(self._base)
        self._wakeup = Wakeup()

    def selector(self) -> Selector:
        return selectors.DefaultSelector()

    def take(self, path: str) -> int:
        return take(path)

    def channel(self, path: str, lock: int, most_bytes: int, kept: Mapping[str, Any] | None = None) -> Channel:
        return Door(path, lock, most_bytes, kept)

    def on_signals(self, heed: Callable[[str], object]) -> None:
        heed_signals(heed)

    def fileno(self) -> int:
        return self._awake().reader

    @property
    def look_again(self) -> float | None:
        return _LOOK_AGAIN if self._foreign else None

    def spawn(self, order: Order) -> LinuxTree:
        self._awake()
        tree = LinuxTree(self, inherited_mark(order), start(order))
        if tree.pid:
            self._know(tree, tree.pid)
            self._marks.setdefault(tree.mark, []).append(tree)
            self.running.add(tree.pid)
            tree.enter(self._base, order.unit)
        return tree

    def share(self, unit: str, files: Mapping[str, str]) -> frozenset[str]:
        return cgroup.share(self._base, unit, files)

    def epoch(self) -> str:
        return procfs.epoch()

    def adopt(self, kept: Kept, *, own: bool) -> LinuxTree:
        self._awake()
        tree = LinuxTree.adopted(self, kept, own=own)
        self.census.forget()
        if tree.foreign:
            self._foreign.add(tree)
        if tree.pid:
            self._know(tree, tree.session, tree.pid)
            self._marks.setdefault(tree.mark, []).append(tree)
            if not tree.is_over():
                (self.running if own and not kept.follows else self.led).add(tree.pid)
        return tree

    def end_marked(self, marks: Set[str], but: Iterable[Kept]) -> frozenset[int]:
        sessions, known = set[int](), set[tuple[int, float | None]]()
        for kept in but:
            sessions.add(kept.session)
            known |= {(kept.pid, kept.start), *kept.members}

        def strays() -> Iterable[Process]:
            for each in procfs.everybody():
                unknown = each.session not in sessions and (each.pid, each.start) not in known
                if unknown and not marks.isdisjoint(procfs.mark(each.pid).split("/")):
                    yield each

        return end_all(strays, stop_group, send, lives)

    def follow(self, tree: LinuxTree) -> None:
        """Leave the reaping of a tree's new main process to the tree."""
        self._know(tree, tree.pid)
        self.led.add(tree.pid)

    def reap_strangers(self) -> frozenset[int]:
        self._awake().drain()
        self.look_for_strangers()
        for tree in [tree for tree in self._trees.values() if tree.condemned]:
            tree.end_members()
        reaped, self._reaped = frozenset(self._reaped), set()
        return reaped

    def notify_socket(self, address: str | None = None, fd: int | None = None) -> NotifySocket:
        from .notify import abstract_socket  # few services talk, and it takes memory

        return abstract_socket(address, fd)

    def spent_id(self) -> int:
        return spent_id()

    def strangers_of(self, tree: LinuxTree) -> list[Process]:
        """Return the living children of this process that were born in the tree."""
        owners = self._owners_of_strangers()
        for _ in range(_LOOKS):
            if all(owner or procfs.has_memory(child.pid) for child, owner in owners.items()):
                break  # else it was gone before its mark was read, and may have left a child since
            owners = self._owners_of_strangers()
        self._owners = {(child.pid, child.start): owner for child, owner in owners.items() if owner is not None}
        return [child for child, owner in owners.items() if owner is tree]

    def _owners_of_strangers(self) -> dict[Process, LinuxTree | None]:
        return {child: self._owner(child) for child in self.look_for_strangers()}

    def may_have_lost(self, tree: LinuxTree, pid: int) -> bool:
        """Say whether a process has ended as a member's child or as an orphan, unless it is another tree's.

        The dead have no environment, so an orphan in a session of its own that was never seen may be anybody's here.
        """
        ended = procfs.look_at(pid)
        if ended is None:
            return pid in self._reaped
        if ended.parent == os.getpid():
            return not ended.alive and self._owner(ended) in (tree, None)
        return not ended.alive and ended.parent in tree.members()

    def look_for_strangers(self) -> list[Process]:
        """Return the living ones; reap those that have ended, and every main process that has.

        Each of these may have left children to this process since the list was read: so read it again.
        """
        strangers: list[Process] = []
        _, others = self._reap_all()
        while others:
            strangers = list(filter(None, map(procfs.look_at, procfs.own_children(but=self.running))))
            some, others = self._reap_all()
            if not some:
                break  # else the list may lack others: proc(5), /proc/pid/task/tid/children
        self.looks += 1
        alive = [child for child in strangers if child.alive]
        if not alive:
            self.looked_in_vain = self.looks
        return alive

    def _reap_all(self) -> tuple[bool, bool]:
        """Reap all children of this thread that have ended; say whether there were some, and whether others live."""
        ended, others = reap_all()
        for pid, status in ended.items():
            if pid in self.running or pid in self.led:
                self._trees[pid].ended(exit_of(status))
            else:
                self._reaped.add(pid)
        return bool(ended), others

    def forget(self, tree: LinuxTree) -> None:
        """Drop a closed tree; a newer one may have its ids by now."""
        self._foreign.discard(tree)
        self.led.discard(tree.pid)
        for pid in tree.ids:
            if self._trees.get(pid) is tree:
                del self._trees[pid]
        if tree in (alike := self._marks.get(tree.mark, [])):
            alike.remove(tree)
        if not alike:
            self._marks.pop(tree.mark, None)

    def _know(self, tree: LinuxTree, *ids: int) -> None:
        self._trees.update(dict.fromkeys(ids, tree))
        tree.ids += ids

    def _owner(self, child: Process) -> LinuxTree | None:
        return self._known_owner(child) or self._marked_owner(child)

    def _known_owner(self, child: Process) -> LinuxTree | None:
        known = self._trees.get(child.pid) if child.pid in self.led else None
        known = known or self._owners.get((child.pid, child.start)) or self._trees.get(child.session)
        return known if known is not None and known.holds(child) else None

    def _marked_owner(self, child: Process) -> LinuxTree | None:
        mark = procfs.mark(child.pid)
        while mark and mark not in self._marks:
            mark = mark.rpartition("/")[0]
        return self._marks[mark][0] if mark else None

    def _awake(self) -> Wakeup:
        if self._wakeup is None:
            raise RuntimeError("adopt_orphans comes before the first spawn")
        return self._wakeup


LINUX = Linux()
