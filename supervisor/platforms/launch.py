"""Start one process in a session of its own, as an order says; the same on every POSIX system.

posix_spawn(3) does it as vfork does, at a cost that does not grow with this process. It sets session, signals and
streams; folder and umask are this process's own while it spawns, if no other thread is there to see them, and so is
the limit of open files. Everything else is done by `setup.py` in the child of a fork, which takes a millisecond more.
"""

import contextlib
import errno
import fcntl
import os
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence

from ...units.light import NoReturn, dataclass, field
from . import AROUND, MARK, Order
from .children import is_readable
from .setup import CODES, become, set_limit
from .signals import signal

_WORDS = {
    "cwd": "change to {cwd}",
    "chroot": "make {root} the root directory",
    "root": "make {root} the root directory",
    "terminal": "get the terminal of StandardInput=",
    "core": "set CoredumpFilter={coredump_filter}",
    "slack": "set TimerSlackNSec={timer_slack}",
    "personality": "set Personality={personality}",
    "nnp": "set NoNewPrivileges=",
    "nice": "set Nice={nice}",
    "exec": "execute {program}",
    "argv": "execute {program}",
    "limit": "set the resource limits",
    "oom": "set OOMScoreAdjust={oom_score_adjust}",
    "cpu": "set CPUSchedulingPolicy={cpu_policy}",
    "cpus": "set CPUAffinity={cpus}",
    "io": "set IOSchedulingClass={io_class}",
    "group": "join the groups of User={user} Group={group}",
    "account": "become user {user}",
    "initgroups": "join the groups of User={user} Group={group}",
    "user": "become user {user}",
}

# What not every system can set: the step of `setup.py` or one of its limits, the directives that it stands for, and
# whether it is here.
_NOT_EVERYWHERE = (
    ("oom", ("OOMScoreAdjust",), os.path.exists("/proc/self/oom_score_adj")),
    ("cpu", ("CPUSchedulingPolicy", "CPUSchedulingPriority", "CPUSchedulingResetOnFork"), hasattr(os, "sched_param")),
    ("cpus", ("CPUAffinity",), hasattr(os, "sched_setaffinity")),
    ("io", ("IOSchedulingClass", "IOSchedulingPriority"), sys.platform == "linux"),
    ("core", ("CoredumpFilter",), sys.platform == "linux"),
    ("slack", ("TimerSlackNSec",), sys.platform == "linux"),
    ("personality", ("Personality",), sys.platform == "linux"),
    ("nnp", ("NoNewPrivileges",), sys.platform == "linux"),
    ("hang up", ("TTYVHangup",), sys.platform == "linux"),
    *(
        (f"limit={name}", (f"Limit{name}",), sys.platform == "linux" or hasattr(resource, f"RLIMIT_{name}"))
        for name in ("LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME")
    ),
)
SKIPPED = frozenset(step for step, _, here in _NOT_EVERYWHERE if not here)
LACKS = frozenset(name for step, names, _ in _NOT_EVERYWHERE if step in SKIPPED for name in names)

_FIRST_OTHER = 3  # descriptor after the standard streams
# Low numbers that streams get while a process is spawned, and the null device, which is in each of them meanwhile.
_RESERVED: list[int] = []
_AT_THE_GATE = 6.0  # seconds at most: systemd's five, and one for an answer to that
_SIGNALS = signal.valid_signals()
# Python ignores these; whether SIGPIPE stays so is for IgnoreSIGPIPE= to say.
_RESTORED = {True: [signal.SIGXFSZ], False: [signal.SIGXFSZ, signal.SIGPIPE]}
_MACHINE_LACKS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True)
class Refused:
    """What the system would not do while a process was set up, in words, and the exit code that stands for it."""

    words: str
    code: int


@dataclass
class Launch:
    """What came of an order, kept for the words of a refusal. pid: the new child's, 0 if it was refused at once.

    report: where `setup.py` tells what was refused; at its end the program is being executed.
    """

    order: Order | None
    pid: int = 0
    at_once: Refused | None = None
    report: int | None = None
    _told: bytearray = field(default_factory=bytearray)

    def refused(self) -> Refused | None:
        """Return what was refused, None while nothing is known to be."""
        if self.report is None:
            return self.at_once
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self.report, 4096):
                self._told += part
        if not self._told or self.order is None:
            return None
        return _refused(self.order, *self._told.decode(errors="replace").split("=", 1))

    def close(self) -> None:
        if self.report is not None:
            os.close(self.report)
            self.report = None


def start(order: Order) -> Launch:
    """Start the process; raises OSError only for what the machine lacks."""
    if order.refused is not None:
        return Launch(order, at_once=Refused(order.refused[1], order.refused[0]))
    if os.sep not in order.program:  # nobody searches for it here, not even in the working directory
        return Launch(order, at_once=_refused(order, "exec", os.strerror(errno.ENOENT)))
    env = {**order.env, **_marks(order)}
    if _is_plain(order):
        with contextlib.suppress(NotImplementedError):  # a system whose posix_spawn cannot begin a session
            return _spawn(order, env)
    return _fork(order, list(_settings(order)), env)


def full_mark(own: str, around: str) -> str:
    """Return a tree's mark, after those of the trees around it: "OWNER/TASK"."""
    return "/".join(filter(None, (around, own)))


# The marks of the trees that this process is in itself.
_AROUND = full_mark(os.environ.get(MARK, ""), os.environ.get(AROUND, ""))


def inherited_mark(order: Order) -> str:
    """Return what `full_mark` says of the processes of a new tree; "" for a tree without a mark of its own."""
    return full_mark(order.mark, _AROUND) if order.mark else ""


def _marks(order: Order) -> dict[str, str]:
    """Return the variables by which the members of a tree are known."""
    return {name: value for name, value in ((MARK, order.mark), (AROUND, _AROUND)) if value}


def _alone() -> bool:
    """Say whether this process has no other thread than this."""
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1


def _spawn(order: Order, env: Mapping[str, str]) -> Launch:
    with contextlib.ExitStack() as undo:
        streams = _lowered(order, _streams(order, undo), undo)
        try:
            _move(order, undo)
        except OSError as error:
            if not os.access(order.program, os.X_OK):  # it is looked for first, as systemd does
                return Launch(order, at_once=_refused(order, "exec", os.strerror(errno.ENOENT)))
            return Launch(order, at_once=_refused(order, "cwd", os.strerror(error.errno or 0)))
        if order.umask is not None:
            undo.callback(os.umask, os.umask(order.umask))
        _limit_files(order, undo)
        try:
            pid = os.posix_spawn(
                order.program,
                list(order.argv),
                env,
                file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(streams)],
                setsid=True,
                setsigdef=_RESTORED[order.ignore_sigpipe],
            )
        except OSError as error:
            if error.errno in _MACHINE_LACKS:
                raise
            return Launch(order, at_once=_refused(order, "exec", error.strerror or str(error)))
    return Launch(None, pid)  # nothing of it can be refused any more


def _move(order: Order, undo: contextlib.ExitStack) -> None:
    """Go to the folder of an order for a while; raises OSError where that cannot be and is not optional."""
    if order.cwd is None:
        return
    here = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    undo.callback(os.close, here)
    try:
        os.chdir(order.cwd)
        undo.callback(os.fchdir, here)
    except OSError:
        if not order.cwd_optional:
            raise


def _limit_files(order: Order, undo: contextlib.ExitStack) -> None:
    """Let as many files be open as in the program, for a while; those open above that stay so."""
    own = resource.getrlimit(resource.RLIMIT_NOFILE)
    if order.files is not None and order.files != own:
        undo.callback(resource.setrlimit, resource.RLIMIT_NOFILE, own)
        set_limit("NOFILE:{}:{}".format(*order.files))


def _streams(order: Order, undo: contextlib.ExitStack) -> list[int]:
    """Return the descriptors that become 0, 1 and 2: none of them overwrites another before it is taken."""
    streams = []
    for number, given in enumerate((order.stdin, order.stdout, order.stderr)):
        fd = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) if given is None else given
        if given is None:
            undo.callback(os.close, fd)
        if fd < _FIRST_OTHER and fd != number:
            fd = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_OTHER)
            undo.callback(os.close, fd)
        streams.append(fd)
    return streams


def reserve() -> None:
    """Keep low numbers for the streams of what is spawned, before all of them are used up.

    posix_spawn takes no stream whose number is above the program's own limit of open files, mostly 1024, and the log of
    the three-hundredth service has a higher one. A fork, for which that does not matter, takes a millisecond more.
    """
    _RESERVED[:] = _RESERVED or [os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC) for _ in range(4)]


def _lowered(order: Order, streams: list[int], undo: contextlib.ExitStack) -> list[int]:
    """Return the descriptors, those that are above the limit under one of the low numbers until `undo`."""
    lowered = []
    for fd, low in zip(streams, _RESERVED or streams, strict=False):
        if order.files is not None and fd >= order.files[0] != resource.RLIM_INFINITY:
            os.dup2(fd, low, inheritable=False)
            undo.callback(os.dup2, _RESERVED[-1], low, False)
            fd = low
        lowered.append(fd)
    return lowered


def _fork(order: Order, settings: Sequence[str], env: Mapping[str, str]) -> Launch:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    # A signal that comes before the child has become the program is the program's, not for the handlers here.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            _set_up(order, settings, env, writer)
    except OSError:
        os.close(reader)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(writer)
    return Launch(order, pid, report=reader)


def _set_up(order: Order, settings: Sequence[str], env: Mapping[str, str], report: int) -> NoReturn:
    """Go on as the child."""
    try:
        os.setsid()
        for number, fd in enumerate(_streams(order, contextlib.ExitStack())):
            os.dup2(fd, number)
        if order.umask is not None:
            os.umask(order.umask)
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if order.gate is not None:
            is_readable(order.gate, _AT_THE_GATE)
        become(settings, order.program, order.argv, env, report)
    finally:
        os._exit(CODES["exec"])


def _is_plain(order: Order) -> bool:
    """Say whether posix_spawn can do it all. Folder, umask and files are this process's own for that moment: it
    must have no other thread then."""
    borrowed = (order.cwd, order.umask, order.files) != (None, None, None)
    named = any(order.argv[:1])  # Python's posix_spawn wants a name for the program
    return (
        named
        and order.gate is None
        and (not borrowed or _alone())
        and not list(_special(order))
        and _within_limit(order)
    )


def _settings(order: Order) -> Iterator[str]:
    """Yield what `setup.py` has to set, in the order of its STEPS."""
    if order.files is not None and "NOFILE" not in order.limits:
        yield "limit=NOFILE:{}:{}".format(*order.files)
    yield from _special(order)
    if order.ignore_sigpipe:
        yield "sigpipe=ignore"
    if order.cwd is not None:
        yield f"cwd={'-' if order.cwd_optional else ''}{order.cwd}"


def _within_limit(order: Order) -> bool:
    """Say whether the streams have numbers that posix_spawn takes under the program's own limit of open files."""
    most = None if order.files is None else order.files[0]
    streams = _RESERVED or (order.stdin, order.stdout, order.stderr)
    return most in (None, resource.RLIM_INFINITY) or all(fd is None or fd < most for fd in streams)


def _special(order: Order) -> Iterator[str]:
    """Yield what this system has of that which only a process itself can set."""
    for setting in _privileged(order):
        if SKIPPED.isdisjoint((setting.partition("=")[0], setting.partition(":")[0])):
            yield setting


def _privileged(order: Order) -> Iterator[str]:
    if order.user is not None:
        yield f"account={order.user}"
    if order.terminal is not None:
        yield f"terminal={order.terminal}:{order.user or ''}"
    if order.oom_score_adjust is not None:
        yield f"oom={order.oom_score_adjust}"
    if order.nice is not None:
        yield f"nice={order.nice}"
    if order.cpu_policy is not None or order.cpu_priority is not None:  # alone, a reset on fork changes nothing
        lowest = 1 if order.cpu_policy in ("fifo", "rr") else 0
        priority = lowest if order.cpu_priority is None else order.cpu_priority
        yield f"cpu={order.cpu_policy or 'other'}:{priority}:{order.cpu_reset_on_fork:d}"
    if order.cpus is not None:
        yield f"cpus={','.join(map(str, order.cpus))}"
    if order.io_class is not None or order.io_priority is not None:
        class_ = "best-effort" if order.io_class in (None, "none") else order.io_class
        yield f"io={class_}:{4 if order.io_priority is None else order.io_priority}"
    if order.coredump_filter is not None:
        yield f"core={order.coredump_filter:#x}"
    if order.timer_slack is not None:
        yield f"slack={order.timer_slack}"
    if order.personality is not None:
        yield f"personality={order.personality}"
    for name, (soft, hard) in order.limits.items():
        yield f"limit={name}:{-1 if soft is None else soft}:{-1 if hard is None else hard}"
    if order.no_new_privileges:
        yield "nnp="
    if order.keeps_user and order.user is not None:
        yield f"initgroups={order.user}:{order.group or ''}:"
    elif not order.keeps_user and (order.user is not None or order.group is not None or order.supplementary_groups):
        yield f"group={order.user or ''}:{order.group or ''}:{','.join(order.supplementary_groups)}"
    if order.root is not None:
        yield f"{'chroot' if order.bare_root else 'root'}={order.root}"
    if order.user is not None and not order.keeps_user:
        yield f"user={order.user}"


def _refused(order: Order, step: str, why: str) -> Refused:
    wanted = {name: "" if (value := getattr(order, name)) is None else value for name in order.__match_args__}
    return Refused(f"cannot {_WORDS[step].format(**wanted)}: {why}", CODES[step])
