"""Process trees on macOS, the BSDs and every other POSIX system: SIGCHLD tells of an exit, psutil of the processes.

Members are the descendants of the main process; whoever is in its session or carries its mark; and those seen in the
tree before, with their descendants. An orphan goes to init, so nobody tells when it ends: look again meanwhile.
"""

import contextlib
import os
import selectors
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set

import psutil

from ...units.light import Any, Literal
from ...units.spec import Service
from ..rules.exitstatus import Exit
from ..rules.shares import CONTROLLERS
from . import AROUND, MARK, Channel, Kept, Order, Selector
from .children import (
    Process,
    Wakeup,
    die_of,
    end_all,
    everyone,
    exit_of,
    give_children_default_signals,
    heed_signals,
    is_readable,
    keep_descriptors,
    keep_private,
    lasting_pipe,
    new_pipe,
    new_waker,
    reap,
    signal_all,
    signal_number,
    spent_id,
    watch_exit,
)
from .door import Door, take
from .launch import LACKS, Launch, full_mark, inherited_mark, reserve, start
from .notify import UnixNotifySocket, path_socket
from .signals import signal

_GONE = (psutil.Error, OSError)
_LISTS = 4  # of the processes, for one look
_LOOKS = 50  # at those who beget others and are gone, before they are taken for gone altogether


class PosixTree:
    """One tree; `Posix` makes it."""

    def __init__(self, platform: "Posix", mark: str, launch: Launch) -> None:
        self._platform = platform
        self.mark = mark
        self.condemned = False
        self.foreign = False  # adopted from a supervisor that died: nobody's child here
        self._start: float | None = None
        self._seen: set[tuple[int, float]] = set()
        self._launch = launch
        self.pid = launch.pid
        self._reader, self._writer = os.pipe()
        self._exit: Exit | None = None
        if launch.at_once:
            self.ended(Exit(code=launch.at_once.code))

    @classmethod
    def adopted(cls, platform: "Posix", kept: Kept, *, own: bool) -> "PosixTree":
        """Make the tree that was kept; its main process may have ended meanwhile."""
        tree = cls(platform, kept.mark, Launch(None))
        tree.pid, tree._start, tree._seen = kept.pid, kept.start, set(kept.members)
        tree.condemned, tree.foreign = kept.condemned, not own
        if kept.exit is not None:
            tree.ended(kept.exit)
        elif not own:
            tree._watch()
        return tree

    def _watch(self) -> None:
        """Be told when a main process ends that is somebody else's child."""
        try:
            fd = watch_exit(self.pid)
        except OSError:
            return self.ended(Exit(lost=True))
        if self._platform.start_of(self.pid) != self._start:  # its id is another's now
            os.close(fd)
            return self.ended(Exit(lost=True))
        os.close(self._reader)
        self._reader = fd
        return None

    def fileno(self) -> int:
        return self._reader

    def poll(self) -> Exit | None:
        if self._exit is None and self.foreign and is_readable(self._reader):
            self._exit = Exit(lost=True)
        return self._exit

    def ended(self, exit: Exit) -> None:
        self._exit = exit
        os.write(self._writer, b"e")

    def exec_fileno(self) -> int | None:
        return self._launch.report

    def refusal(self) -> str | None:
        refused = self._launch.refused()
        return refused.words if refused else None

    def members(self) -> frozenset[int]:
        return frozenset(member.pid for member in self.look())

    def lost(self, pid: int) -> bool:
        return False

    def orphans(self) -> frozenset[int]:
        return frozenset()

    def lead(self, pid: int) -> bool:
        return False

    def signal(self, *names: str, whom: Literal["main", "all"]) -> None:
        numbers = [signal_number(name) for name in names]
        if whom == "all":
            signal_all(self.look, _send, self.pid, numbers)
        elif self._exit is None:
            with contextlib.suppress(ProcessLookupError):
                for number in numbers:
                    os.kill(self.pid, number)

    def kill(self) -> None:
        self.condemned = True
        self.end_members()

    def end_members(self) -> None:
        """Stop everyone, so that none can fork, and then end them: the main process, whose end is looked for, last."""
        for member in sorted(everyone(self.look, _stop_group), key=lambda member: member.pid == self.pid):
            _send(member, signal.SIGKILL)

    def kept(self) -> Kept:
        if self._start is None and self._exit is None:
            self._start = self._platform.start_of(self.pid)
        members = tuple(self._seen)
        return Kept(self.pid, self._start, self.pid, self.mark, members, self._exit, condemned=self.condemned)

    def close(self) -> None:
        if self._reader == -1:
            return
        self._platform.forget(self)
        os.close(self._reader)
        os.close(self._writer)
        self._reader = self._writer = -1
        self._launch.close()

    def look(self) -> Iterable[Process]:
        """Return the members that are alive, and remember them. Nobody is found only where nobody slips away."""
        found = self._found()
        for _ in range(_LOOKS):
            if found or not self._platform.slipped:
                break
            found = self._found()
        self._seen = {(member.pid, member.start) for member in found}
        return found

    def _found(self) -> Collection[Process]:
        self._platform.slipped = False
        processes = {process.pid: process for process in self._platform.processes()} if self.pid else {}
        orphans = {process for process in processes.values() if process.parent not in processes.keys() - {os.getpid()}}
        members = {process.pid: process for process in processes.values() if self.knows(process)}
        members.update((orphan.pid, orphan) for orphan in orphans if self._platform.owner(orphan) is self)
        fresh = set(members)
        while fresh:
            fresh = {pid for pid, process in processes.items() if process.parent in fresh and pid not in members}
            members.update((pid, processes[pid]) for pid in fresh)
        return members.values()

    def knows(self, process: Process) -> bool:
        """Say whether a process is a member whoever its parent is, by its session or because it was seen."""
        leads = self.pid != 0 and not (self.foreign and self._exit)  # its id may be another's then
        return (leads and process.session == self.pid) or (process.pid, process.start) in self._seen


class Posix:
    """This machine's processes; `POSIX` is the one there is, unless a test makes its own."""

    name = "posix"
    outlived = replaceable = True
    lacks = LACKS | CONTROLLERS.keys() | {"GuessMainPID", "PIDFile"}  # which need `orphans` and `lead`
    look_again: float | None = 0.1

    clock = staticmethod(time.monotonic)  # on macOS that is mach_absolute_time, which stands still as it should
    die_of = staticmethod(die_of)
    keep_private = staticmethod(keep_private)
    pipe = staticmethod(new_pipe)
    waker = staticmethod(new_waker)
    lasting_pipe = staticmethod(lasting_pipe)

    def __init__(self) -> None:
        self._wakeup: Wakeup | None = None
        self._birth = psutil.Process().create_time()
        self._trees: dict[int, PosixTree] = {}  # by the id of the main process
        self._marks: dict[tuple[int, float], str] = {}
        self.slipped = False  # whether somebody was gone before it was known whose he is: he may have left a child

    def unmet(self, service: Service) -> frozenset[str]:
        return self.lacks & service.origin.keys()

    def impossible(self, service: Service) -> None:
        """There is nothing that the start itself would not refuse."""

    def adopt_orphans(self) -> None:
        """Only as process 1 does one get them here."""
        give_children_default_signals()
        keep_descriptors()
        reserve()
        self._wakeup = Wakeup(self._collect)

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

    def spawn(self, order: Order) -> PosixTree:
        self._awake()
        tree = PosixTree(self, inherited_mark(order), start(order))
        self._know(tree)
        return tree

    def _know(self, tree: PosixTree) -> None:
        if tree.pid:
            self._trees[tree.pid] = tree
            self._collect()  # it may have ended before it was known

    def epoch(self) -> str:
        return f"{psutil.boot_time():.0f}"

    def adopt(self, kept: Kept, *, own: bool) -> PosixTree:
        self._awake()
        self._birth = min(self._birth, kept.start or self._birth)
        tree = PosixTree.adopted(self, kept, own=own)
        self._know(tree)
        return tree

    def end_marked(self, marks: Set[str], but: Iterable[Kept]) -> frozenset[int]:
        known = {member for kept in but for member in ((kept.pid, kept.start), *kept.members)}
        sessions = {kept.session for kept in but}

        def strays() -> Iterable[Process]:
            for each in self._since(0.0):
                unknown = each.session not in sessions and (each.pid, each.start) not in known
                if unknown and not marks.isdisjoint(self._mark_of(each).split("/")):
                    yield each

        return end_all(strays, _stop_group, _send, lambda each: self.start_of(each.pid) == each.start)

    def start_of(self, pid: int) -> float | None:
        """Return when a process started, None if there is none that lives."""
        with contextlib.suppress(*_GONE):
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        return None

    def reap_strangers(self) -> frozenset[int]:
        self._awake().drain()
        for tree in [tree for tree in self._trees.values() if tree.condemned]:
            tree.end_members()
        if os.getpid() != 1:
            return frozenset()
        children = [child.pid for child in psutil.Process().children() if child.pid not in self._trees]
        return frozenset(pid for pid in children if reap(pid) is not None)

    def share(self, unit: str, files: Mapping[str, str]) -> frozenset[str]:
        return frozenset(files)

    def notify_socket(self, address: str | None = None, fd: int | None = None) -> UnixNotifySocket:
        return path_socket(address, fd)

    def spent_id(self) -> int:
        return spent_id()

    def processes(self) -> Iterable[Process]:
        """Return the living processes that this one may have started, and may look into."""
        return self._since(self._birth)

    def _since(self, birth: float) -> list[Process]:
        """Return those that started since. Who is gone before he is looked at may have left a child that was not in
        the list yet: so read the list again until it has nobody new, within reason: then nobody has slipped away."""
        found, known = list[Process](), set[int]()
        for _ in range(_LISTS):
            fresh = [process for process in psutil.process_iter() if process.pid not in known]
            self.slipped = False
            if not fresh:
                return found
            known.update(process.pid for process in fresh)
            for process in reversed(fresh):  # the youngest slip away soonest
                with self._unless_gone(), process.oneshot():
                    pid, start = process.pid, process.create_time()
                    if start >= birth and process.status() != psutil.STATUS_ZOMBIE:
                        found.append(Process(pid, process.ppid(), os.getpgid(pid), os.getsid(pid), start, alive=True))
        self.slipped = True
        return found

    @contextlib.contextmanager
    def _unless_gone(self) -> Iterator[None]:
        """Look at a process, and take note if it has slipped away meanwhile."""
        try:
            yield
        except psutil.ZombieProcess:
            return
        except (psutil.NoSuchProcess, ProcessLookupError):
            self.slipped = True
        except _GONE:
            return

    def owner(self, orphan: Process) -> PosixTree | None:
        """Return the tree that an orphan belongs to by its mark: of those that share it, the oldest."""
        if any(tree.knows(orphan) for tree in self._trees.values()):
            return None
        mark = f"{self._mark_of(orphan)}/"
        return next((tree for tree in self._trees.values() if tree.mark and mark.startswith(f"{tree.mark}/")), None)

    def _mark_of(self, process: Process) -> str:
        """Return the mark a process has or had, "" if it has none or may not be read."""
        key = process.pid, process.start
        if key not in self._marks:
            with self._unless_gone():
                if environ := psutil.Process(process.pid).environ():  # in the middle of execve(2) there is none
                    self._marks[key] = full_mark(environ.get(MARK, ""), environ.get(AROUND, ""))
        return self._marks.get(key, "")

    def forget(self, tree: PosixTree) -> None:
        if self._trees.get(tree.pid) is tree:
            del self._trees[tree.pid]
        self._marks.clear()

    def _collect(self) -> None:
        """Take note of main processes that ended. Nobody else reaps them, and it may be interrupted by itself."""
        for pid, tree in [(pid, tree) for pid, tree in self._trees.items() if not tree.foreign]:
            with contextlib.suppress(ChildProcessError):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    tree.ended(exit_of(status))

    def _awake(self) -> Wakeup:
        if self._wakeup is None:
            raise RuntimeError("adopt_orphans comes before the first spawn")
        return self._wakeup


def _stop_group(member: Process) -> None:
    """Stop a member and its process group, the one unit that no fork slips out of; only members are in it."""
    _send(member, signal.SIGSTOP)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(member.group, signal.SIGSTOP)


def _send(member: Process, *numbers: int) -> None:
    with contextlib.suppress(*_GONE):
        process = psutil.Process(member.pid)
        if process.create_time() == member.start:
            for number in numbers:
                process.send_signal(number)


POSIX = Posix()
