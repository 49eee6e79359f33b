"""Process trees on Windows: a job object for each, which no member leaves, and which ends with this process.

Nobody outlives its supervisor here: what an earlier one left is found ended, or is ended as it is adopted.
"""

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Set

from ....units.light import Any, Literal, NoReturn
from ....units.spec import Service
from ...rules.exitstatus import Exit
from .. import Kept, Order
from . import ask, awake, calls, channel, launch, notify, port, security, shares, streams
from .exits import KILLED, code_of, exit_of

assert sys.platform == "win32"

# CTRL_C, BREAK, CLOSE, -, -, LOGOFF, SHUTDOWN. Only services hear of LOGOFF: of anybody's who signs off.
_EVENTS = ("SIGINT", "SIGBREAK", "SIGHUP", "", "", "", "SIGTERM")
_CONSOLE = 1  # the key under which console events are posted; jobs have higher ones
_CONSOLE_HOST = "\\system32\\conhost.exe"
_NO_IMAGE_YET = 6  # ERROR_INVALID_HANDLE: so Wine says of a process for the first milliseconds; Windows never does
_GONE_AFTER = 5000  # milliseconds that a process may take to end


class WindowsTree:
    """One tree; `Windows` makes it."""

    def __init__(self, platform: "Windows", mark: str, started: launch.Started | launch.Refused) -> None:
        self._platform = platform
        self.mark = mark
        self._exit: Exit | None = None
        self._refusal: str | None = None
        self._job: int | None = None
        if isinstance(started, launch.Refused):
            self.pid, self._process = 0, calls.create_event(ready=True)
            self._exit, self._refusal = Exit(code=started.code), started.words
        else:
            self.pid, self._process, self._job = started.pid, started.process, started.job

    @classmethod
    def adopted(cls, platform: "Windows", kept: Kept) -> "WindowsTree":
        """Make the tree that an earlier owner kept: all of it has ended with that, or does so now."""
        for pid, begun in [(kept.pid, kept.start), *kept.members]:
            _end(pid, begun)
        tree = cls(platform, kept.mark, launch.Refused("", 0))
        tree.pid, tree._exit, tree._refusal = kept.pid, kept.exit or Exit(lost=True), None
        return tree

    def fileno(self) -> int:
        return self._process

    def poll(self) -> Exit | None:
        if self._exit is None and calls.has_ended(self._process):
            self._exit = exit_of(calls.exit_code(self._process))
        return self._exit

    def exec_fileno(self) -> int | None:
        return None

    def refusal(self) -> str | None:
        return self._refusal

    def members(self) -> frozenset[int]:
        """The host of a console is none, though it is in the job: it ends by itself when the last of them has.

        Nor is, under Wine, what is being made and may become one: whoever makes it waits for it, and is a member.
        """
        if self._job is None:
            return frozenset()
        ids = calls.ids_in(self._job) - ({self.pid} if self.poll() else set())
        return frozenset(pid for pid in ids if pid == self.pid or _is_member(pid))

    def lost(self, pid: int) -> bool:
        return False

    def orphans(self) -> frozenset[int]:
        return frozenset()

    def lead(self, pid: int) -> bool:
        if pid not in self.members():
            return False
        try:
            process = calls.open_process(pid)
        except OSError:
            return False
        calls.close(self._process)
        self.pid, self._process, self._exit = pid, process, None
        return True

    def signal(self, *names: str, whom: Literal["main", "all"]) -> None:
        """Ask to stop, or kill. A console event goes to all that share the console, so also to those beside the main
        process; other signals mean nothing here."""
        members = self.members()
        if "SIGKILL" in names and whom == "all":
            self.kill()
        elif "SIGKILL" in names and self.pid in members:
            calls.terminate(self._process, KILLED)
        elif members:
            ids = [self.pid, *sorted(members - {self.pid})] if whom == "all" else [self.pid]
            events: list[ask.Event] = [ask.EVENTS[name] for name in names if name in ask.EVENTS]
            for event in dict.fromkeys(events):
                ask.ask(event, ids)

    def kill(self) -> None:
        if self._job is not None:
            calls.terminate_job(self._job, KILLED)

    def kept(self) -> Kept:
        starts = {pid: start for pid in self.members() if (start := _start_of(pid)) is not None}
        return Kept(self.pid, starts.get(self.pid), self.pid, self.mark, tuple(starts.items()), self._exit)

    def close(self) -> None:
        if self._process == -1:
            return
        calls.close(self._process)
        self._process = -1
        if self._job is not None:
            calls.close(self._job)
            self._job = None


class Windows:
    """This machine's processes; `WINDOWS` is the one there is, unless a test makes its own."""

    name = "windows"
    outlived = replaceable = False
    look_again: float | None = None
    clock = staticmethod(awake.seconds)

    def __init__(self) -> None:
        self.port = port.Port()
        self._keys = itertools.count(_CONSOLE + 1)
        self._shares = shares.Shares()
        self._heed: Callable[[str], object] | None = None
        self._handler: object = None

    def selector(self) -> port.Port:
        return self.port

    def unmet(self, service: Service) -> frozenset[str]:
        from . import lacking  # what the worker, which has its own trees, can do without

        return lacking.unmet(service)

    def impossible(self, service: Service) -> tuple[int, str] | None:
        from . import lacking

        return lacking.impossible(service)

    def adopt_orphans(self) -> None:
        """There are none: a job keeps its members, whoever their parents are."""

    def take(self, path: str) -> int:
        return channel.take(path)

    def channel(
        self, path: str, lock: int, most_bytes: int, kept: Mapping[str, Any] | None = None
    ) -> channel.PipeChannel:
        return channel.PipeChannel(path, lock, most_bytes)

    def on_signals(self, heed: Callable[[str], object]) -> None:
        self._heed = heed
        self._handler = calls.on_console_event(self._on_console_event)

    def die_of(self, name: str) -> NoReturn:
        calls.terminate(calls.THIS_PROCESS, code_of(name))
        raise AssertionError("this process has ended")

    def pipe(self) -> streams.Pipe:
        return streams.Pipe()

    def lasting_pipe(self, path: str | None) -> streams.Pipe:
        """Those who could write to it end with this process."""
        return streams.Pipe()

    def waker(self) -> streams.Waker:
        return streams.Waker()

    def keep_private(self, path: str) -> None:
        security.keep_private(path)

    def ask_to_stop(self) -> None:
        """Have what `on_signals` was given hear SIGTERM; from any thread."""
        self.port.post(_CONSOLE, _EVENTS.index("SIGTERM"))

    def fileno(self) -> int:
        return self.port.handle

    def reap_strangers(self) -> frozenset[int]:
        for key, number in self.port.told():
            if key == _CONSOLE and self._heed is not None and (name := _EVENTS[number]):
                self._heed(name)
        return frozenset()

    def spawn(self, order: Order) -> WindowsTree:
        around = self._shares.job_of(order.unit)
        return WindowsTree(self, order.mark, launch.start(order, around, self.port.handle, next(self._keys)))

    def share(self, unit: str, files: Mapping[str, str]) -> frozenset[str]:
        return self._shares.give(unit, files)

    def notify_socket(self, address: str | None = None, fd: int | None = None) -> notify.PipeNotifySocket:
        return notify.PipeNotifySocket(address)

    def epoch(self) -> str:
        return "windows"

    def adopt(self, kept: Kept, *, own: bool) -> WindowsTree:
        return WindowsTree.adopted(self, kept)

    def end_marked(self, marks: Set[str], but: Iterable[Kept]) -> frozenset[int]:
        return frozenset()  # they ended with their owner

    def spent_id(self) -> int:
        return 0

    def _on_console_event(self, number: int) -> bool:
        """In a thread of its own: the loop hears of it; where the system waits for nothing but this, so do we."""
        self.port.post(_CONSOLE, number)
        if _EVENTS[number] not in ("SIGINT", "SIGBREAK", ""):
            time.sleep(_GONE_AFTER / 1000)  # this process is ended as soon as this returns
        return True


def _start_of(pid: int) -> float | None:
    with contextlib.suppress(OSError):
        process = calls.open_process(pid)
        try:
            return calls.started_at(process)
        finally:
            calls.close(process)
    return None


def _is_member(pid: int) -> bool:
    """Say whether a process of a job is one that somebody in it has begun; those of consoles are begun by Windows."""
    try:
        process = calls.open_process(pid)
    except OSError:
        return True
    try:
        return not calls.image_of(process).lower().endswith(_CONSOLE_HOST)
    except OSError as error:
        return error.winerror != _NO_IMAGE_YET
    finally:
        calls.close(process)


def _end(pid: int, start: float | None) -> None:
    """End a process that has this id and start, and wait until it is gone; raises TimeoutError."""
    if not pid or start is None or _start_of(pid) != start:
        return
    process = calls.open_process(pid)
    try:
        calls.terminate(process, KILLED)
        if not calls.wait(process, _GONE_AFTER):
            raise TimeoutError(f"process {pid} was killed and does not end")
    finally:
        calls.close(process)


WINDOWS = Windows()
