"""The other end of the control channel, where it is a named pipe: for commands, which are over in a moment."""

import _winapi
import os
import sys
from collections.abc import Mapping
from errno import ETIMEDOUT
from math import ceil

assert sys.platform == "win32"

_PART, _BUSY, _PATIENCE = 1 << 16, 231, 10_000  # bytes; ERROR_PIPE_BUSY; milliseconds for an instance to be free
# Overlapped, and: who serves may learn who asks, but not act as if he were (SECURITY_IDENTIFICATION).
_HOW = 0x40000000 | 0x00110000


def default_path(environ: Mapping[str, str]) -> str:
    """Say where the pipe is, if nobody has named another one: each user has one."""
    name = "".join(letter if letter.isalnum() else "-" for letter in environ.get("USERNAME", "nobody").lower())
    return rf"\\.\pipe\farmhand-{name}"


def exchange(path: str, line: bytes, timeout: float | None) -> bytes:
    """Send a line to whoever serves the pipe, and return the line that comes back, "" for none; raises OSError.

    timeout: seconds, for each step; TimeoutError when they are over.
    """
    pipe = _open(path)
    try:
        _finish(_winapi.WriteFile(pipe, line, overlapped=True), timeout)
        received = b""
        while not received.endswith(b"\n"):
            operation, error = _winapi.ReadFile(pipe, _PART, overlapped=True)
            if not (part := _finish((operation, error), timeout)):
                break
            received += part
        return received
    finally:
        _winapi.CloseHandle(pipe)


def _open(path: str) -> int:
    """Open the pipe, waiting while all its instances are taken."""
    while True:
        try:
            access = _winapi.GENERIC_READ | _winapi.GENERIC_WRITE
            return _winapi.CreateFile(path, access, 0, 0, _winapi.OPEN_EXISTING, _HOW, 0)
        except OSError as error:
            if error.winerror != _BUSY:
                raise
        _winapi.WaitNamedPipe(path, _PATIENCE)


def _finish(begun: tuple[_winapi.Overlapped, int], timeout: float | None) -> bytes:
    """Wait for an operation; return what it read, b"" at the end of the one who serves."""
    operation, _ = begun
    milliseconds = _winapi.INFINITE if timeout is None else ceil(timeout * 1000)
    if _winapi.WaitForMultipleObjects([operation.event], False, milliseconds) == _winapi.WAIT_TIMEOUT:
        operation.cancel()
        raise TimeoutError(ETIMEDOUT, os.strerror(ETIMEDOUT))
    try:
        operation.GetOverlappedResult(True)
    except BrokenPipeError:
        return b""
    return operation.getbuffer() or b""
