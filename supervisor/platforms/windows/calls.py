"""The calls of Windows that Python has no wrapper for, with their types; each raises OSError where Windows says no.

Handles are plain numbers. Times are in the units of Windows: milliseconds to wait, 100 nanoseconds since 1601.
"""

import ctypes
import ctypes.wintypes as types
import importlib
import sys
from collections.abc import Callable

from ....units.light import Any

assert sys.platform == "win32"

# What asyncio waits with, and no type checker knows of.
overlapped: Any = importlib.import_module("_overlapped")

INFINITE = 0xFFFFFFFF
INVALID = ctypes.c_void_p(-1).value or 0
THIS_PROCESS = INVALID  # GetCurrentProcess
ERROR_ACCESS_DENIED = 5
WAIT_OBJECT_0, WAIT_TIMEOUT = 0, 258

SYNCHRONIZE, PROCESS_TERMINATE, PROCESS_QUERY_LIMITED = 0x100000, 0x0001, 0x1000

# JOBOBJECTINFOCLASS, and what a job tells its completion port.
_BASIC_PROCESS_IDS, _ASSOCIATE_PORT, _EXTENDED_LIMITS, _CPU_RATE = 3, 7, 9, 15
JOB_NEW_PROCESS, JOB_EXIT_PROCESS, JOB_EMPTY = 6, 7, 4
LIMIT_ACTIVE_PROCESSES, LIMIT_JOB_MEMORY, LIMIT_KILL_ON_CLOSE = 0x8, 0x200, 0x2000
_CPU_RATE_ENABLE, _CPU_RATE_HARD_CAP = 0x1, 0x4

_MOST_ENTRIES = 64
_LONGEST_PATH = 1 << 15  # of a text that Windows returns, its end included


class _Port(ctypes.Structure):
    _fields_ = [("key", ctypes.c_void_p), ("port", types.HANDLE)]


class _BasicLimits(ctypes.Structure):
    _fields_ = [
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", types.DWORD),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("active_processes", types.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority_class", types.DWORD),
        ("scheduling_class", types.DWORD),
    ]


class _Limits(ctypes.Structure):
    _fields_ = [
        ("basic", _BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    ]


class _Entry(ctypes.Structure):
    """OVERLAPPED_ENTRY, its pointer as a number: jobs and waits put numbers there."""

    _fields_ = [
        ("key", ctypes.c_size_t),
        ("value", ctypes.c_size_t),
        ("internal", ctypes.c_size_t),
        ("number", types.DWORD),
    ]


def _ids(most: int) -> Any:
    class Ids(ctypes.Structure):
        _fields_ = [("assigned", types.DWORD), ("listed", types.DWORD), ("ids", ctypes.c_size_t * most)]

    return Ids()


def _declare(library: str, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = getattr(_LIBRARIES[library], name)
    function.restype, function.argtypes = result, arguments
    return function  # type: ignore[no-any-return]


def failure(what: str = "") -> OSError:
    """Return the error of the last call, as OSError."""
    return ctypes.WinError(
        ctypes.get_last_error(), f"{what}: {ctypes.FormatError(ctypes.get_last_error())}".strip(": ")
    )


def _checked(result: Any, function: Any, arguments: Any) -> Any:
    if not result:
        raise failure(function.__name__)
    return result


_LIBRARIES = {name: ctypes.WinDLL(name, use_last_error=True) for name in ("kernel32",)}
_PTR, _H, _D, _B = ctypes.c_void_p, types.HANDLE, types.DWORD, types.BOOL

_close = _declare("kernel32", "CloseHandle", _B, _H)
_create_job = _declare("kernel32", "CreateJobObjectW", _H, _PTR, types.LPCWSTR)
_assign = _declare("kernel32", "AssignProcessToJobObject", _B, _H, _H)
_terminate_job = _declare("kernel32", "TerminateJobObject", _B, _H, types.UINT)
_set_job = _declare("kernel32", "SetInformationJobObject", _B, _H, ctypes.c_int, _PTR, _D)
_ask_job = _declare("kernel32", "QueryInformationJobObject", _B, _H, ctypes.c_int, _PTR, _D, _PTR)
_resume = _declare("kernel32", "ResumeThread", _D, _H)
_terminate = _declare("kernel32", "TerminateProcess", _B, _H, types.UINT)
_exit_code = _declare("kernel32", "GetExitCodeProcess", _B, _H, ctypes.POINTER(_D))
_open_process = _declare("kernel32", "OpenProcess", _H, _D, _B, _D)
_wait = _declare("kernel32", "WaitForSingleObject", _D, _H, _D)
_times = _declare("kernel32", "GetProcessTimes", _B, _H, *(ctypes.POINTER(ctypes.c_uint64),) * 4)
_image = _declare("kernel32", "QueryFullProcessImageNameW", _B, _H, _D, types.LPWSTR, ctypes.POINTER(_D))
_priority = _declare("kernel32", "SetPriorityClass", _B, _H, _D)
_affinity = _declare("kernel32", "SetProcessAffinityMask", _B, _H, ctypes.c_size_t)
_create_port = _declare("kernel32", "CreateIoCompletionPort", _H, _H, _H, ctypes.c_size_t, _D)
_post = _declare("kernel32", "PostQueuedCompletionStatus", _B, _H, _D, ctypes.c_size_t, _PTR)
_take = _declare(
    "kernel32", "GetQueuedCompletionStatusEx", _B, _H, _PTR, types.ULONG, ctypes.POINTER(types.ULONG), _D, _B
)
_create_event = _declare("kernel32", "CreateEventW", _H, _PTR, _B, _B, types.LPCWSTR)
_free = _declare("kernel32", "LocalFree", _PTR, _PTR)
_set_event = _declare("kernel32", "SetEvent", _B, _H)
_reset_event = _declare("kernel32", "ResetEvent", _B, _H)
_handler = ctypes.WINFUNCTYPE(_B, _D)
_set_handler = _declare("kernel32", "SetConsoleCtrlHandler", _B, _PTR, _B)


def close(handle: int) -> None:
    _close(handle)


def free(memory: Any) -> None:
    """Give back what a call allocated."""
    _free(memory)


def create_event(*, ready: bool = False) -> int:
    """Return a handle that is ready once it is set, until it is reset; `ready`: it is set already."""
    return _get(_create_event(None, True, ready, None))


def set_event(event: int) -> None:
    _check(_set_event(event))


def reset_event(event: int) -> None:
    _check(_reset_event(event))


# -- jobs


def create_job() -> int:
    """Return a job that ends its processes with its last handle, and lets none of them break away."""
    job = _get(_create_job(None, None))
    limit_job(job)
    return job


def limit_job(job: int, *, memory: int | None = None, processes: int | None = None) -> None:
    """Set how many bytes and processes the job may have together; its processes end with it."""
    limits = _Limits()
    limits.basic.flags = LIMIT_KILL_ON_CLOSE
    if memory is not None:
        limits.basic.flags |= LIMIT_JOB_MEMORY
        limits.job_memory = memory
    if processes is not None:
        limits.basic.flags |= LIMIT_ACTIVE_PROCESSES
        limits.basic.active_processes = processes
    _check(_set_job(job, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)))


def cap_job(job: int, permyriad: int) -> None:
    """Let the job use that many ten-thousandths of all the machine's processors."""
    rate = (ctypes.c_uint32 * 2)(_CPU_RATE_ENABLE | _CPU_RATE_HARD_CAP, permyriad)
    _check(_set_job(job, _CPU_RATE, ctypes.byref(rate), ctypes.sizeof(rate)))


def tell_port(job: int, port: int, key: int) -> None:
    """Have a job tell a port of its processes, under this key."""
    told = _Port(key, port)
    _check(_set_job(job, _ASSOCIATE_PORT, ctypes.byref(told), ctypes.sizeof(told)))


def assign(job: int, process: int) -> None:
    _check(_assign(job, process))


def terminate_job(job: int, code: int) -> None:
    _check(_terminate_job(job, code))


def ids_in(job: int) -> frozenset[int]:
    """Return the ids of the processes of a job, those of jobs within it included."""
    most = 64
    while True:
        found = _ids(most)
        _ask_job(job, _BASIC_PROCESS_IDS, ctypes.byref(found), ctypes.sizeof(found), None)
        if found.assigned <= most:
            return frozenset(found.ids[: found.listed])
        most = 2 * found.assigned


# -- processes


def resume(thread: int) -> None:
    if _resume(thread) == INFINITE:
        raise failure("ResumeThread")


def terminate(process: int, code: int) -> None:
    """End a process; one that is ending already is no error."""
    if not _terminate(process, code) and ctypes.get_last_error() != ERROR_ACCESS_DENIED:
        raise failure("TerminateProcess")


def has_ended(process: int) -> bool:
    return bool(_wait(process, 0) == WAIT_OBJECT_0)


def wait(handle: int, milliseconds: int) -> bool:
    """Wait for a handle; False if the time was up before."""
    return bool(_wait(handle, milliseconds) == WAIT_OBJECT_0)


def exit_code(process: int) -> int:
    code = types.DWORD()
    _check(_exit_code(process, ctypes.byref(code)))
    return code.value


def open_process(pid: int) -> int:
    """Return a handle of a process, to wait for it, look at it and end it."""
    return _get(_open_process(SYNCHRONIZE | PROCESS_QUERY_LIMITED | PROCESS_TERMINATE, False, pid))


def started_at(process: int) -> float:
    """Return when a process was created: with its id that is one process for ever."""
    created, ended, kernel, user = (ctypes.c_uint64() for _ in range(4))
    _check(_times(process, *map(ctypes.byref, (created, ended, kernel, user))))
    return float(created.value)


def image_of(process: int) -> str:
    """Return the path of the program that a process runs."""
    size = types.DWORD(_LONGEST_PATH)
    path = ctypes.create_unicode_buffer(size.value)
    _check(_image(process, 0, path, ctypes.byref(size)))
    return path.value


def set_priority(process: int, class_: int) -> None:
    _check(_priority(process, class_))


def set_affinity(process: int, processors: frozenset[int]) -> None:
    _check(_affinity(process, sum(1 << number for number in processors)))


# -- the completion port


def create_port() -> int:
    return _get(_create_port(INVALID, None, 0, 1))


def post(port: int, key: int, number: int) -> None:
    _check(_post(port, number, key, None))


def take(port: int, milliseconds: int) -> list[tuple[int, int, int]]:
    """Return (key, number, value) of what was posted, in that order; nothing once the time is up."""
    entries, taken = (_Entry * _MOST_ENTRIES)(), types.ULONG()
    if not _take(port, entries, _MOST_ENTRIES, ctypes.byref(taken), milliseconds, False):
        if ctypes.get_last_error() != WAIT_TIMEOUT:
            raise failure("GetQueuedCompletionStatusEx")
        return []
    return [(entry.key, entry.number, entry.value or 0) for entry in entries[: taken.value]]


# -- the console


def on_console_event(heed: Callable[[int], bool]) -> object:
    """Have a function called, in a thread of its own, with each CTRL_… event; it says whether it took care of it.

    Returns what keeps it alive.
    """
    handler = _handler(heed)
    _check(_set_handler(handler, True))
    return handler


def _check(result: Any) -> None:
    if not result:
        raise failure()


def _get(handle: Any) -> int:
    if not handle or handle == INVALID:
        raise failure()
    return int(handle)
