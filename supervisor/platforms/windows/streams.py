"""What Windows can wait for in place of a pipe's descriptor: events, of which one stays the same for a pipe's life."""

import _winapi
import msvcrt
import os
import sys

from . import calls, pipes

assert sys.platform == "win32"


class Pipe:
    """A named pipe that nobody else knows: only one of those can be read without waiting for it."""

    def __init__(self) -> None:
        path = rf"\\.\pipe\farmhand-output-{os.urandom(16).hex()}"
        self._event = calls.create_event()
        self._reader = pipes.Instance(path, first=True, event=self._event)
        handle = _winapi.CreateFile(path, _winapi.GENERIC_WRITE, 0, 0, _winapi.OPEN_EXISTING, 0, 0)
        self.writer = msvcrt.open_osfhandle(handle, os.O_WRONLY | os.O_BINARY)
        self._reader.read()

    def fileno(self) -> int:
        return self._event

    def read(self) -> bytes:
        if self._reader.busy:
            raise BlockingIOError
        part = self._reader.result()
        if not isinstance(part, bytes):
            return b""  # and the event stays: it is the end for good
        self._reader.read()
        return part

    def close_writer(self) -> None:
        if self.writer != -1:
            os.close(self.writer)
            self.writer = -1

    def close(self) -> None:
        self.close_writer()
        self._reader.close()
        calls.close(self._event)


class Waker:
    """An event that is set by hand."""

    def __init__(self) -> None:
        self._event = calls.create_event()

    def fileno(self) -> int:
        return self._event

    def wake(self) -> None:
        calls.set_event(self._event)

    def rest(self) -> None:
        calls.reset_event(self._event)

    def close(self) -> None:
        calls.close(self._event)
