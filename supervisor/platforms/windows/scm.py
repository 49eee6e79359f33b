"""The Service Control Manager: services of Windows are made, removed, started, stopped and looked at.

What its functions do stands in `..services`.
"""

import contextlib
import ctypes
import ctypes.wintypes as types
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from ....units.light import Any
from ..services import Settings, State, Status
from . import calls

assert sys.platform == "win32"

_RUNS_ALREADY, _NOT_RUNNING = 1056, 1062
_TIMED_OUT = 1053  # ERROR_SERVICE_REQUEST_TIMEOUT

_STATES: Mapping[int, State] = {1: "stopped", 2: "start-pending", 3: "stop-pending", 4: "running"}

_CONNECT, _CREATE = 0x1, 0x2
_ALL, _QUERY, _START, _STOP, _DELETE = 0xF01FF, 0x4, 0x10, 0x20, 0x10000
_OWN_PROCESS, _AUTOMATIC, _LOG_ERRORS = 0x10, 2, 1
_UNKNOWN_LEVEL = 124  # ERROR_INVALID_LEVEL
_PROCESS_STATUS = 0  # SC_STATUS_PROCESS_INFO
_CONTROL_STOP = 1
_RESTART = 1  # SC_ACTION_RESTART
_SPECIFIC_ERROR = 1066
_PAUSE = 0.05  # seconds between two looks
_LEAST_PATIENCE = 30.0  # seconds without a new checkpoint, whatever the service says


class _ProcessStatus(ctypes.Structure):
    _fields_ = [
        (name, types.DWORD)
        for name in ("type", "state", "accepted", "code", "own_code", "checkpoint", "wait_hint", "pid", "flags")
    ]


class _Action(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("delay", types.DWORD)]


class _FailureActions(ctypes.Structure):
    _fields_ = [
        ("reset", types.DWORD),
        ("message", types.LPWSTR),
        ("command", types.LPWSTR),
        ("count", types.DWORD),
        ("actions", ctypes.POINTER(_Action)),
    ]


_advapi = ctypes.WinDLL("advapi32", use_last_error=True)


def _declare(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a function that raises OSError for 0 and NULL."""
    function = getattr(_advapi, name)
    function.restype, function.argtypes = result, arguments

    def checked(*given: Any) -> Any:
        if not (found := function(*given)):
            raise calls.failure(name)
        return found

    return checked


_H, _D, _W, _P = types.HANDLE, types.DWORD, types.LPCWSTR, ctypes.c_void_p
_open_manager = _declare("OpenSCManagerW", _H, _W, _W, _D)
_create = _declare("CreateServiceW", _H, _H, _W, _W, _D, _D, _D, _D, _W, _W, _P, _W, _W, _W)
_open = _declare("OpenServiceW", _H, _H, _W, _D)
_delete = _declare("DeleteService", types.BOOL, _H)
_close = _declare("CloseServiceHandle", types.BOOL, _H)
_start = _declare("StartServiceW", types.BOOL, _H, _D, _P)
_control = _declare("ControlService", types.BOOL, _H, _D, _P)
_query = _declare("QueryServiceStatusEx", types.BOOL, _H, ctypes.c_int, _P, _D, ctypes.POINTER(_D))
_configure = _declare("ChangeServiceConfig2W", types.BOOL, _H, _D, _P)


@contextlib.contextmanager
def _manager(access: int) -> Iterator[int]:
    handle = _open_manager(None, None, access)
    try:
        yield handle
    finally:
        _close(handle)


@contextlib.contextmanager
def _service(name: str, access: int) -> Iterator[int]:
    with _manager(_CONNECT) as manager:
        handle = _open(manager, name, access)
        try:
            yield handle
        finally:
            _close(handle)


def create(name: str, settings: Settings) -> list[str]:
    """Make a service, or nothing of it if something cannot be; returns which settings this system does not know."""
    delays = settings.restarts
    actions = (_Action * len(delays))(*(_Action(_RESTART, _milliseconds(delay)) for delay in delays))
    levels: dict[str, tuple[int, Any]] = {
        "description": (1, types.LPCWSTR(settings.description)),
        "failure actions": (2, _FailureActions(round(settings.forget_after), None, None, len(delays), actions)),
        "delayed start": (3, types.BOOL(True)),
        "failure actions after an exit code": (4, types.BOOL(True)),
        "preshutdown timeout": (7, types.DWORD(_milliseconds(settings.preshutdown))),
    }
    with _manager(_CONNECT | _CREATE) as manager:
        kind, whose = (_OWN_PROCESS, _AUTOMATIC, _LOG_ERRORS), (settings.account, settings.password)
        service = _create(manager, name, settings.title, _ALL, *kind, settings.command, None, None, None, *whose)
        try:
            return [setting for setting, (level, value) in levels.items() if not _is_set(service, level, value)]
        except OSError:
            _delete(service)
            raise
        finally:
            _close(service)


def _is_set(service: int, level: int, value: Any) -> bool:
    """Change one setting; False if this system does not know it."""
    try:
        _configure(service, level, ctypes.byref(value))
    except OSError as error:
        if error.winerror != _UNKNOWN_LEVEL:
            raise
        return False
    return True


def _milliseconds(seconds: float) -> int:
    return round(min(seconds * 1000, calls.INFINITE - 1))


def remove(name: str) -> None:
    with contextlib.suppress(OSError):
        stop(name)
    with _service(name, _DELETE) as service:
        _delete(service)


def start(name: str) -> Status:
    with _service(name, _START | _QUERY) as service:
        try:
            _start(service, 0, None)
        except OSError as error:
            if error.winerror != _RUNS_ALREADY:
                raise
        return _settled(service, "start-pending")


def stop(name: str) -> Status:
    with _service(name, _STOP | _QUERY) as service:
        try:
            _control(service, _CONTROL_STOP, ctypes.byref(_ProcessStatus()))
        except OSError as error:
            if error.winerror != _NOT_RUNNING:
                raise
        return _settled(service, "stop-pending")


def status(name: str) -> Status:
    with _service(name, _QUERY) as service:
        return _status(service)


def _status(service: int) -> Status:
    found, needed = _ProcessStatus(), types.DWORD()
    _query(service, _PROCESS_STATUS, ctypes.byref(found), ctypes.sizeof(found), ctypes.byref(needed))
    code = found.own_code if found.code == _SPECIFIC_ERROR else found.code
    return Status(_STATES.get(found.state, "other"), found.pid, code, found.checkpoint, found.wait_hint / 1000)


def _settled(service: int, pending: State) -> Status:
    """Wait as long as the service is on its way and its checkpoints say that it gets on; raises OSError if not."""
    found = _status(service)
    checkpoint, since = found.checkpoint, time.monotonic()
    while found.state == pending:
        time.sleep(_PAUSE)
        found, now = _status(service), time.monotonic()
        if found.checkpoint != checkpoint:
            checkpoint, since = found.checkpoint, now
        if now - since > max(found.wait_hint, _LEAST_PATIENCE):
            raise ctypes.WinError(_TIMED_OUT)
    return found
