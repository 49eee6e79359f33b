"""Start one process on Windows, as an order says: suspended, put into its job, and only then let go.

So no grandchild is born outside the job, and the job allows nobody to break away. Each process gets a console of its
own that nobody sees (CREATE_NO_WINDOW): by it alone it can be asked to stop, see `ask.py`.
"""

import _winapi
import contextlib
import errno
import msvcrt
import os
import subprocess  # its STARTUPINFO, and its quoting, which is that of Microsoft's C library
import sys
from collections.abc import Mapping, Sequence

from ....units.light import dataclass
from .. import MARK, Order
from . import calls

assert sys.platform == "win32"

_SUSPENDED, _NO_WINDOW = 0x4, 0x08000000
_BATCH = (".bat", ".cmd")
# What cmd.exe, which runs batch files, acts on even within quotes: there is no way to hand it on unharmed.
_HARMFUL = '"%!\r\n\0'

_MAX_PATH = 260

# The lowest Nice= that brings a priority class: NORMAL is 0 on both sides.
_CLASSES = ((15, 0x40), (1, 0x4000), (0, 0x20), (-10, 0x8000))  # IDLE, BELOW_NORMAL, NORMAL, ABOVE_NORMAL
_HIGH, _IDLE = 0x80, 0x40
_POLICIES = {"idle": _IDLE, "batch": 0x4000, "fifo": _HIGH, "rr": _HIGH}

# As on the other systems: systemd.exec(5), "Process exit codes".
_NO_FOLDER, _NO_PROGRAM = 200, 203
_MACHINE_LACKS = frozenset({8, 14, 1450, 1455})  # not enough memory, storage, system resources; commitment limit


@dataclass(frozen=True)
class Refused:
    """Why there is no process, in words, and the exit code that stands for it."""

    words: str
    code: int


@dataclass(frozen=True)
class Started:
    """A process that runs in its job; both handles are the caller's."""

    pid: int
    process: int
    job: int


def start(order: Order, around: int | None, port: int, key: int) -> Started | Refused:
    """Start the process in a job of its own, within the job `around` if there is one, which tells `port` under `key`.

    Raises OSError for what the machine lacks.
    """
    if order.refused is not None:
        return Refused(order.refused[1], order.refused[0])
    if _is_batch(order.program) and any(set(_HARMFUL) & set(word) for word in order.argv[1:]):
        what = f"a batch file cannot be given arguments with any of {_HARMFUL[:-3]} or a line break in them"
        return Refused(f"cannot execute {order.program}: {what}", _NO_PROGRAM)
    with contextlib.ExitStack() as undo:
        handles = [_inheritable(fd, undo) for fd in (order.stdin, order.stdout, order.stderr)]
        try:
            process, thread, pid = _create(order, handles)
        except OSError as error:
            if error.winerror in _MACHINE_LACKS:
                raise
            return _refused(order, error)
        undo.callback(calls.close, thread)
        try:
            job = calls.create_job()
            calls.tell_port(job, port, key)
            for each in (job,) if around is None else (around, job):
                calls.assign(each, process)
            _favour(order, process)
            calls.resume(thread)
        except OSError:
            calls.terminate(process, 1)
            calls.close(process)
            raise
        return Started(pid, process, job)


def _create(order: Order, handles: list[int]) -> tuple[int, int, int]:
    startup = subprocess.STARTUPINFO(dwFlags=subprocess.STARTF_USESTDHANDLES)
    startup.hStdInput, startup.hStdOutput, startup.hStdError = handles
    startup.lpAttributeList = {"handle_list": list(dict.fromkeys(handles))}
    process, thread, pid, _ = _winapi.CreateProcess(
        _however_long(order.program),
        command_line(order.program, order.argv),
        None,
        None,
        True,
        _SUSPENDED | _NO_WINDOW,
        environment({**order.env, **({MARK: order.mark} if order.mark else {})}),
        _folder(order),
        startup,
    )
    return process, thread, pid


def _is_batch(program: str) -> bool:
    """Say whether cmd.exe runs it; Windows leaves out dots and spaces that a name ends with."""
    return program.rstrip(". ").lower().endswith(_BATCH)


def _however_long(path: str) -> str:
    """Return a path as Windows takes it though it be longer than MAX_PATH."""
    return path if len(path) < _MAX_PATH else f"\\\\?\\{os.path.abspath(path)}"


def command_line(program: str, argv: Sequence[str]) -> str:
    """Return the one text that a program is given in place of its arguments.

    A batch file is run by cmd.exe, which has its own rules: everything is quoted, so that &, | and their like are text.
    """
    if _is_batch(program):
        return " ".join(f'"{word}"' for word in (program, *argv[1:]))
    return subprocess.list2cmdline(argv)


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables as Windows wants them: names are the same in capitals, the last one counts, in order."""
    known: dict[str, tuple[str, str]] = {}
    for name, value in env.items():
        known[name.upper()] = (name, value)
    return {name: value for _, (name, value) in sorted(known.items())}


def _folder(order: Order) -> str | None:
    folder = os.path.expanduser("~") if order.cwd == "~" else order.cwd
    return None if folder is not None and order.cwd_optional and not os.path.isdir(folder) else folder


def _inheritable(fd: int | None, undo: contextlib.ExitStack) -> int:
    """Return a handle of a file for the child alone, or of the null device."""
    if fd is None:
        fd = os.open(os.devnull, os.O_RDWR)
        undo.callback(os.close, fd)
    here = _winapi.GetCurrentProcess()
    handle = _winapi.DuplicateHandle(here, msvcrt.get_osfhandle(fd), here, 0, True, _winapi.DUPLICATE_SAME_ACCESS)
    undo.callback(_winapi.CloseHandle, handle)
    return handle


def _favour(order: Order, process: int) -> None:
    """Set priority and processors, which its children inherit; what they cannot be set to is left."""
    class_ = _POLICIES.get(order.cpu_policy or "")
    if class_ is None and order.nice is not None:
        class_ = next((class_ for least, class_ in _CLASSES if order.nice >= least), _HIGH)
    with contextlib.suppress(OSError):
        if class_ is not None:
            calls.set_priority(process, class_)
        if order.cpus:
            calls.set_affinity(process, frozenset(order.cpus))


def _refused(order: Order, error: OSError) -> Refused:
    folder = _folder(order)
    if folder is not None and os.path.exists(order.program) and not os.path.isdir(folder):
        return Refused(f"cannot change to {order.cwd}: {os.strerror(errno.ENOENT)}", _NO_FOLDER)
    return Refused(f"cannot execute {order.program}: {error.strerror}", _NO_PROGRAM)
