"""Named pipes: how `farmhand start` and its like reach the supervisor on Windows, and services tell how they are.

Only the owner of the process, administrators and the system may open one, and nobody over the network.
"""

import _winapi
import ctypes
import ctypes.wintypes as types
import sys
from collections.abc import Callable

from ....units.light import Any
from . import calls, security

assert sys.platform == "win32"

_DUPLEX, _INBOUND, _OVERLAPPED, _FIRST = 0x3, 0x1, 0x40000000, 0x80000
_MESSAGES, _READ_MESSAGES, _NOT_REMOTE = 0x4, 0x2, 0x8
_BUFFER = 1 << 16
_MOST_INSTANCES = 255  # no limit
_DISCONNECTED = frozenset({109, 232, 233})  # ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_create = _kernel.CreateNamedPipeW
_create.restype, _create.argtypes = types.HANDLE, [types.LPCWSTR, *[types.DWORD] * 6, ctypes.c_void_p]
_disconnect = _kernel.DisconnectNamedPipe
_disconnect.argtypes = [types.HANDLE]
_client_id = _kernel.GetNamedPipeClientProcessId
_client_id.argtypes = [types.HANDLE, ctypes.POINTER(types.ULONG)]
_create_mutex = _kernel.CreateMutexW
_create_mutex.restype, _create_mutex.argtypes = types.HANDLE, [ctypes.c_void_p, types.BOOL, types.LPCWSTR]
_ALREADY_EXISTS = 183


def lock(path: str) -> int | None:
    """Return what makes this process the one that serves the pipe as long as it lives, None if another one does."""
    name = path.rpartition("\\")[2]
    handle = _create_mutex(None, True, f"Local\\{name}")
    if not handle:
        raise calls.failure("CreateMutex")
    if ctypes.get_last_error() == _ALREADY_EXISTS:
        calls.close(handle)
        return None
    return int(handle)


class Instance:
    """One end of a pipe that waits for its client, and then serves it: one operation at a time.

    `event` is ready when the operation is done; `result` then tells what came of it, None for the end of the client.
    Each operation has an event of its own, which is gone when the next one begins; unless one is given for them all.
    """

    def __init__(self, path: str, *, first: bool = False, messages: bool = False, event: int | None = None) -> None:
        self._told = event
        mode = _MESSAGES | _READ_MESSAGES if messages else 0
        access = (_INBOUND if messages else _DUPLEX) | _OVERLAPPED | (_FIRST if first else 0)
        most, ours = _MOST_INSTANCES, ctypes.byref(security.attributes())
        self.handle = _create(path, access, mode | _NOT_REMOTE, most, _BUFFER, _BUFFER, 0, ours)
        if self.handle in (None, calls.INVALID):
            raise calls.failure(path)
        self._begin(lambda operation: operation.ConnectNamedPipe(self.handle))

    @property
    def event(self) -> int:
        return int(self._operation.event) if self._told is None else self._told

    @property
    def busy(self) -> bool:
        """Say whether the operation is under way."""
        return bool(self._operation.pending)

    def read(self) -> None:
        self._begin(lambda operation: operation.ReadFile(self.handle, _BUFFER))

    def write(self, data: bytes) -> None:
        self._begin(lambda operation: operation.WriteFile(self.handle, data))

    def result(self) -> bytes | int | None:
        """Return the bytes read or the number of them written, b"" for a client that came; None if it is gone."""
        if self._gone:
            return None
        try:
            found: bytes | int | None = self._operation.getresult()
        except OSError as error:
            if error.winerror in _DISCONNECTED:
                return None
            raise
        return b"" if found is None else found

    def client(self) -> int | None:
        """Return the id of the process at the other end."""
        pid = types.ULONG()
        return pid.value if _client_id(self.handle, ctypes.byref(pid)) else None

    def close(self) -> None:
        self._operation.cancel()
        _disconnect(self.handle)
        calls.close(self.handle)

    def _begin(self, begin: Callable[[Any], object]) -> None:
        self._operation = calls.overlapped.Overlapped(calls.INVALID if self._told is None else _copy(self._told))
        self._gone = False
        try:
            begin(self._operation)
        except OSError as error:
            if error.winerror not in _DISCONNECTED:
                raise
            self._gone = True
            calls.overlapped.SetEvent(self._operation.event)


def _copy(handle: int) -> int:
    """Return another handle of the same; the operation that it is given to closes it."""
    here = _winapi.GetCurrentProcess()
    return _winapi.DuplicateHandle(here, handle, here, 0, False, _winapi.DUPLICATE_SAME_ACCESS)
