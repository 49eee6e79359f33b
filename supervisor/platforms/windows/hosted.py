"""This process as a service of Windows: the Service Control Manager has started it, is told how it is, and stops it.

What the service does runs in the main thread; a thread of its own listens to the manager, which lends another one to
say how things stand. While that changes, the manager wants to see it go on: a checkpoint that rises before the wait
hint has passed. At rest nothing wakes up.
"""

import ctypes
import ctypes.wintypes as types
import sys
import threading
from collections.abc import Callable, Mapping

from ....units.light import Any
from ..services import Control
from . import calls

assert sys.platform == "win32"

_CONTROLS: Mapping[tuple[int, int], Control] = {
    (1, 0): "stop",  # SERVICE_CONTROL_STOP
    (5, 0): "shutdown",  # SERVICE_CONTROL_SHUTDOWN
    (15, 0): "shutdown",  # SERVICE_CONTROL_PRESHUTDOWN
    (13, 4): "sleep",  # SERVICE_CONTROL_POWEREVENT, PBT_APMSUSPEND
    (13, 18): "wake",  # SERVICE_CONTROL_POWEREVENT, PBT_APMRESUMEAUTOMATIC
}
_POWER, _INTERROGATE = 13, 4
_ACCEPTED = 0x1 | 0x4 | 0x40 | 0x100  # stop, shutdown, power events, preshutdown
_DONE, _NOT_IMPLEMENTED = 0, 120

_OWN_PROCESS = 0x10
_STOPPED, _START_PENDING, _STOP_PENDING, _RUNNING = 1, 2, 3, 4
_PENDING = frozenset({_START_PENDING, _STOP_PENDING})
_SPECIFIC_ERROR = 1066  # ERROR_SERVICE_SPECIFIC_ERROR: the exit code is the service's own
_HINT = 30_000  # milliseconds until the next checkpoint at the latest
_EVERY = 10.0  # seconds between them
_LISTENS = 5.0  # seconds until the manager has let go of a service that stopped


class _Status(ctypes.Structure):
    _fields_ = [
        (name, types.DWORD) for name in ("type", "state", "accepted", "code", "own_code", "checkpoint", "wait_hint")
    ]


_main = ctypes.WINFUNCTYPE(None, types.DWORD, ctypes.c_void_p)
_handler = ctypes.WINFUNCTYPE(types.DWORD, types.DWORD, types.DWORD, ctypes.c_void_p, ctypes.c_void_p)


class _Entry(ctypes.Structure):
    _fields_ = [("name", types.LPWSTR), ("main", _main)]


_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_dispatch = _advapi.StartServiceCtrlDispatcherW
_dispatch.argtypes = [ctypes.POINTER(_Entry)]
_register = _advapi.RegisterServiceCtrlHandlerExW
_register.restype, _register.argtypes = types.HANDLE, [types.LPCWSTR, _handler, ctypes.c_void_p]
_set_status = _advapi.SetServiceStatus
_set_status.argtypes = [types.HANDLE, ctypes.POINTER(_Status)]


def serve(name: str, main: Callable[[Callable[[], None]], int], heed: Callable[[Control], object]) -> int:
    """Run `main(ready)` as this service; see `Services.serve`."""
    host = _Host(name, heed)
    host.connect()
    code = 1
    try:
        code = main(host.ready)
    finally:
        host.stopped(code)
    return code


class _Host:
    def __init__(self, name: str, heed: Callable[[Control], object]) -> None:
        self._heed = heed
        self._changed = threading.Condition()
        self._state, self._code, self._checkpoint = _START_PENDING, 0, 0
        self._handle: int | None = None
        self._refused: OSError | None = None
        # The system calls these: they live as long as this does.
        self._handler, self._main = _handler(self._on_control), _main(self._on_start)
        self._table = (_Entry * 2)(_Entry(name, self._main), _Entry())
        self._name = name
        self._listener = threading.Thread(target=self._listen, daemon=True)

    def connect(self) -> None:
        """Return once the manager knows of this process; raises OSError if it does not want to."""
        self._listener.start()
        with self._changed:
            self._changed.wait_for(lambda: self._handle is not None or self._refused is not None)
        if self._refused is not None:
            raise self._refused

    def ready(self) -> None:
        self._become(_RUNNING)

    def stopped(self, code: int) -> None:
        self._code = code
        self._become(_STOPPED)
        self._listener.join(_LISTENS)

    def _listen(self) -> None:
        """Be the thread that the manager speaks to, until the service has stopped."""
        if not _dispatch(self._table):
            self._refuse("StartServiceCtrlDispatcher")

    def _refuse(self, what: str) -> None:
        with self._changed:
            self._refused = calls.failure(what)
            self._changed.notify_all()

    def _on_start(self, count: int, words: Any) -> None:
        """Say how things stand until the service has stopped: in the thread that the manager made for it."""
        handle = _register(self._name, self._handler, None)
        if not handle:
            self._refuse("RegisterServiceCtrlHandlerEx")
            return
        with self._changed:
            self._handle = handle
            self._send()
            self._changed.notify_all()
            while self._state != _STOPPED:
                if not self._changed.wait(_EVERY if self._state in _PENDING else None):
                    self._checkpoint += 1
                    self._send()

    def _on_control(self, control: int, kind: int, data: Any, context: Any) -> int:
        heard = _CONTROLS.get((control, kind if control == _POWER else 0))
        if heard in ("stop", "shutdown"):  # which come only to who accepts them: while it runs
            self._become(_STOP_PENDING)
        if heard is not None:
            self._heed(heard)
        return _DONE if heard is not None or control in (_INTERROGATE, _POWER) else _NOT_IMPLEMENTED

    def _become(self, state: int) -> None:
        with self._changed:
            self._state, self._checkpoint = state, 0
            self._send()
            self._changed.notify_all()

    def _send(self) -> None:
        """Tell the manager. An exit code that is not 0 is a failure, which it answers with its recovery actions."""
        pending = self._state in _PENDING
        self._checkpoint += pending and not self._checkpoint
        status = _Status(
            type=_OWN_PROCESS,
            state=self._state,
            accepted=_ACCEPTED if self._state == _RUNNING else 0,
            code=_SPECIFIC_ERROR if self._code else 0,
            own_code=self._code,
            checkpoint=self._checkpoint,
            wait_hint=_HINT if pending else 0,
        )
        _set_status(self._handle, ctypes.byref(status))
