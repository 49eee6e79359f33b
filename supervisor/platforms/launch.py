"""Start one process in a session of its own, as an order says; the same on every POSIX system.

`subprocess` uses vfork, whose cost does not grow with this process, for what it can set in the child itself: files,
folder, umask, session. For the rest the child runs `setup.py` first, which costs some milliseconds.
"""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...units.light import dataclass, field
from . import AROUND, MARK, Order
from .setup import CODES

_SETUP = str(Path(__file__).with_name("setup.py"))

_WORDS = {
    "cwd": "change to {cwd}",
    "nice": "set Nice={nice}",
    "exec": "execute {program}",
    "limit": "set the resource limits",
    "oom": "set OOMScoreAdjust={oom_score_adjust}",
    "cpu": "set CPUSchedulingPolicy={cpu_policy}",
    "cpus": "set CPUAffinity={cpus}",
    "io": "set IOSchedulingClass={io_class}",
    "group": "join the groups of User={user} Group={group}",
    "account": "become user {user}",
    "user": "become user {user}",
}

# What not every system can set: the step of `setup.py`, the directives that it stands for, and whether it is here.
_NOT_EVERYWHERE = (
    ("oom", ("OOMScoreAdjust",), os.path.exists("/proc/self/oom_score_adj")),
    ("cpu", ("CPUSchedulingPolicy", "CPUSchedulingPriority", "CPUSchedulingResetOnFork"), hasattr(os, "sched_param")),
    ("cpus", ("CPUAffinity",), hasattr(os, "sched_setaffinity")),
    ("io", ("IOSchedulingClass", "IOSchedulingPriority"), sys.platform == "linux"),
)
SKIPPED = frozenset(step for step, _, here in _NOT_EVERYWHERE if not here)
LACKS = frozenset(name for step, names, _ in _NOT_EVERYWHERE if step in SKIPPED for name in names)


@dataclass(frozen=True)
class Refused:
    """What the system would not do while a process was set up, in words, and the exit code that stands for it."""

    words: str
    code: int


@dataclass
class Launch:
    """What came of an order. pid: the new child's, 0 where there is none because it was refused at once.

    report: where `setup.py` tells what was refused; at its end the program is being executed.
    """

    order: Order
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
        return _refused(self.order, *self._told.decode(errors="replace").split("=", 1)) if self._told else None

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
    if not (settings := list(_settings(order, env))):
        return _spawn(order, order.program, order.argv, env)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    command = [sys.executable, "-I", "-S", "-E", _SETUP, str(writer), *settings, "--", order.program, *order.argv]
    try:
        launch = _spawn(order, sys.executable, command, env, keep=writer)
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    if not launch.pid:
        os.close(reader)
        return launch
    launch.report = reader
    return launch


def full_mark(own: str, around: str) -> str:
    """Return a tree's mark, after those of the trees around it: "OWNER/TASK"."""
    return "/".join(filter(None, (around, own)))


def inherited_mark(order: Order) -> str:
    """Return what `full_mark` says of the processes of a new tree; "" for a tree without a mark of its own."""
    return full_mark(order.mark, _around()) if order.mark else ""


def _around() -> str:
    return full_mark(os.environ.get(MARK, ""), os.environ.get(AROUND, ""))


def _marks(order: Order) -> dict[str, str]:
    """Return the variables by which the members of a tree are known."""
    return {name: value for name, value in ((MARK, order.mark), (AROUND, _around())) if value}


def _spawn(order: Order, program: str, argv: Sequence[str], env: Mapping[str, str], keep: int | None = None) -> Launch:
    null = subprocess.DEVNULL
    cwd = _folder(order) if keep is None else None
    try:
        child = subprocess.Popen(
            argv,
            executable=program,
            env=env,
            cwd=cwd,
            stdin=null if order.stdin is None else order.stdin,
            stdout=null if order.stdout is None else order.stdout,
            stderr=null if order.stderr is None else order.stderr,
            umask=-1 if order.umask is None else order.umask,
            pass_fds=() if keep is None else (keep,),
            restore_signals=not (order.ignore_sigpipe and keep is None),
            start_new_session=True,
        )
    except OSError as error:
        # `subprocess` names the file for what failed in the child, and none if there is no child.
        if error.filename is None:
            raise
        step = "cwd" if cwd is not None and error.filename == cwd and program != cwd else "exec"
        return Launch(order, at_once=_refused(order, step, error.strerror or str(error)))
    child.returncode = 0  # it is reaped here, not by `subprocess`
    return Launch(order, child.pid)


def _folder(order: Order) -> str | None:
    if order.cwd is None or (order.cwd_optional and not os.path.isdir(os.path.expanduser(order.cwd))):
        return None
    return os.path.expanduser("~") if order.cwd == "~" else order.cwd


def _settings(order: Order, env: Mapping[str, str]) -> Iterator[str]:
    """Yield what `setup.py` has to set, in the order of its STEPS; nothing if `subprocess` can do it all."""
    given = [setting for setting in _privileged(order) if setting.partition("=")[0] not in SKIPPED]
    if not given:
        return
    yield f"locale=-{env['LC_CTYPE']}" if "LC_CTYPE" in env else "locale="
    yield from given
    if order.ignore_sigpipe:
        yield "sigpipe=ignore"
    if order.cwd is not None:
        yield f"cwd={'-' if order.cwd_optional else ''}{order.cwd}"


def _privileged(order: Order) -> Iterator[str]:
    if order.oom_score_adjust is not None:
        yield f"oom={order.oom_score_adjust}"
    if order.nice is not None:
        yield f"nice={order.nice}"
    if order.cpu_policy is not None or order.cpu_priority is not None or order.cpu_reset_on_fork:
        lowest = 1 if order.cpu_policy in ("fifo", "rr") else 0
        yield f"cpu={order.cpu_policy or 'other'}:{order.cpu_priority or lowest}:{order.cpu_reset_on_fork:d}"
    if order.cpus is not None:
        yield f"cpus={','.join(map(str, order.cpus))}"
    if order.io_class is not None or order.io_priority is not None:
        class_ = "best-effort" if order.io_class in (None, "none") else order.io_class
        yield f"io={class_}:{4 if order.io_priority is None else order.io_priority}"
    for name, (soft, hard) in order.limits.items():
        yield f"limit={name}:{-1 if soft is None else soft}:{-1 if hard is None else hard}"
    if order.user is not None:
        yield f"account={order.user}"
    if order.user is not None or order.group is not None or order.supplementary_groups:
        yield f"group={order.user or ''}:{order.group or ''}:{','.join(order.supplementary_groups)}"
    if order.user is not None:
        yield f"user={order.user}"


def _refused(order: Order, step: str, why: str) -> Refused:
    wanted = {name: "" if (value := getattr(order, name)) is None else value for name in order.__match_args__}
    return Refused(f"cannot {_WORDS[step].format(**wanted)}: {why}", CODES[step])
