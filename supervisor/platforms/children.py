"""What every POSIX system has: SIGCHLD, exit statuses, signals by number."""

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from types import FrameType

from ...units.light import Any, NoReturn, dataclass
from ..rules.exitstatus import Exit
from . import Pipe, Waker
from .signals import signal

# Python itself ignores it, and `subprocess` restores it in the child, or leaves it ignored, as an order says.
_PYTHONS_OWN = {signal.SIGPIPE}

# The numbers of this system by name. Of two names for one, as SIGABRT and SIGIOT, the first of the alphabet counts.
_NUMBERS = {name: int(number) for name, number in vars(signal).items() if name[:3] == "SIG" and name[3:].isalnum()}
_NAMES = {_NUMBERS[name]: name for name in sorted(_NUMBERS, reverse=True)}

_KQUEUE: Any = select if hasattr(select, "kqueue") else None  # macOS and the BSDs
# Those of service managers, of terminals, and of whoever stops a container that expects systemd in it.
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGRTMIN + 3)
_WNOTHREAD = 0x20000000 if sys.platform == "linux" else 0  # waitpid(2)
_LOOKS = 100
_STANDARD_ERROR = 2
_GONE_AFTER = 5.0  # seconds that a killed process may take to end
_PAUSE = 0.001  # between looks meanwhile


def signal_name(number: int) -> str:
    """Name a signal; those without a name of their own are counted from SIGRTMIN."""
    return _NAMES.get(number) or f"SIGRTMIN+{number - signal.SIGRTMIN}"


def signal_number(name: str) -> int:
    """Return the number of "SIGTERM" or "SIGRTMIN+3"."""
    base, _, offset = name.partition("+")
    return _NUMBERS[base] + int(offset or 0)


def exit_of(status: int) -> Exit:
    """Translate a wait status."""
    if os.WIFSIGNALED(status):
        return Exit(signal=signal_name(os.WTERMSIG(status)), dumped=os.WCOREDUMP(status))
    return Exit(code=os.WEXITSTATUS(status))


def reap(pid: int) -> int | None:
    """Return the wait status of a child that has ended, None while it runs; 0 if somebody else took it."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return status if ended else None


def reap_all() -> tuple[dict[int, int], bool]:
    """Return the wait status of each child that has ended, by its id, and whether there are others left.

    On Linux, of the children of this thread only.
    """
    ended: dict[int, int] = {}
    try:
        while (one := os.waitpid(-1, os.WNOHANG | _WNOTHREAD))[0]:
            ended[one[0]] = one[1]
    except ChildProcessError:
        return ended, False
    return ended, True


def is_child(pid: int) -> bool:
    """Say whether a process is this one's child, alive or not yet reaped."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def spent_id() -> int:
    """Return the id of a child that has just ended, as one whose program is not there would have had."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def is_readable(fd: int, seconds: float = 0.0) -> bool:
    """Wait until a descriptor is readable, so long at most; say whether it is. select(2) knows none above 1023."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


@dataclass(frozen=True)
class Process:
    """One process as it was when looked at. Its id may be another's later; with the start time it never is.

    start: when it started, in whatever counts time on this system; the same for every look.
    """

    pid: int
    parent: int
    group: int
    session: int
    start: float
    alive: bool


def everyone(look: Callable[[], Iterable[Process]], do: Callable[[Process], object]) -> Iterable[Process]:
    """Do something to each process once, until a look finds nobody new; return those that it was done to."""
    done: dict[tuple[int, float], Process] = {}
    for _ in range(_LOOKS):
        found = {(process.pid, process.start): process for process in look()}
        if not (fresh := found.keys() - done.keys()):
            break
        for key in fresh:
            do(found[key])
        done |= found
    return done.values()


def signal_all(
    look: Callable[[], Iterable[Process]], send: Callable[..., object], main: int, numbers: Sequence[int]
) -> None:
    """Send signals to all: the main process gets them at once, so that it hears the one with the lowest number first.

    The others get a SIGHUP that is not the first of them by itself, when they have heard the rest; systemd,
    src/core/unit.c, unit_kill_context.
    """
    later = [number for number in numbers[1:] if number == signal.SIGHUP]
    now = [number for number in numbers if number not in later]
    everyone(look, lambda member: send(member, *(numbers if member.pid == main else now)))
    if later:
        everyone(look, lambda member: member.pid == main or send(member, *later))


def end_all(
    look: Callable[[], Iterable[Process]],
    stop: Callable[[Process], object],
    send: Callable[[Process, int], object],
    lives: Callable[[Process], bool],
) -> frozenset[int]:
    """Kill all processes that `look` finds, and wait until they are gone; raises TimeoutError."""
    found = list(everyone(look, stop))
    for process in found:
        send(process, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_AFTER
    while left := [process.pid for process in found if lives(process)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {left[0]} was killed and does not end")
        time.sleep(_PAUSE)
    return frozenset(process.pid for process in found)


def watch_exit(pid: int) -> int:
    """Return a descriptor that becomes readable when a process ends, whoever's child it is; raises OSError."""
    if (kernel := _KQUEUE) is None:
        return os.pidfd_open(pid)
    queue = kernel.kqueue()
    try:
        queue.control([kernel.kevent(pid, kernel.KQ_FILTER_PROC, kernel.KQ_EV_ADD, kernel.KQ_NOTE_EXIT)], 0)
        return os.dup(queue.fileno())
    finally:
        queue.close()


class Wakeup:
    """A descriptor that becomes readable after each SIGCHLD; `on_child` is called then.

    The handler writes to it, so it works whoever owns the wake-up descriptor; but somebody must:
    a signal that comes just before the wait begins would otherwise not end it.
    """

    def __init__(self, on_child: Callable[[], None] = lambda: None) -> None:
        self._on_child = on_child
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)
        signal.signal(signal.SIGCHLD, self._on_sigchld)
        if (owner := signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)) != -1:
            signal.set_wakeup_fd(owner)

    def _on_sigchld(self, number: int, frame: FrameType | None) -> None:
        self._on_child()
        with contextlib.suppress(BlockingIOError):
            os.write(self.writer, b"c")

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self.reader, 4096):
                pass


def heed_signals(heed: Callable[[str], object]) -> None:
    """Have `heed` called with the name of each signal that asks this process to stop; under nohup SIGHUP does not."""
    for number in _STOPPING:
        if number != signal.SIGHUP or signal.getsignal(number) not in (signal.SIG_IGN, _nothing):
            signal.signal(number, lambda number, frame: heed(signal_name(number)))


def die_of(name: str) -> NoReturn:
    """End this process by a signal, whatever it does about it usually."""
    number = signal_number(name)
    signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    signal.raise_signal(number)
    raise AssertionError(f"{name} ends nobody")


def new_pipe() -> Pipe:
    from . import pipe

    return pipe.Pipe()


def lasting_pipe(path: str | None) -> Pipe:
    from . import pipe

    return pipe.lasting(path)


def new_waker() -> Waker:
    from . import pipe

    return pipe.Waker()


def keep_private(path: str) -> None:
    os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)


def give_children_default_signals() -> None:
    """Let no child inherit a blocked or ignored signal, as from `nohup` or a shell's `&`.

    execve(2) keeps what is ignored and resets what has a handler; so what is ignored gets one that does nothing.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - _PYTHONS_OWN:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _nothing)


def keep_descriptors() -> None:
    """Let no child inherit a descriptor that this process was given itself, but for the standard streams.

    Python hands on none of those that it opens; so nobody has to close anything at each start.
    """
    for name in os.listdir("/dev/fd"):
        if int(name) > _STANDARD_ERROR:
            with contextlib.suppress(OSError):  # the one that listed them
                os.set_inheritable(int(name), False)


def _nothing(number: int, frame: FrameType | None) -> None: ...
