"""What descriptors are enough for: output of programs that is read without waiting, and a word from another thread."""

import contextlib
import os

_PART = 1 << 16  # what a pipe holds


class Pipe:
    """A pipe of the system; its ends are this process's alone, until a program is given one."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)

    def fileno(self) -> int:
        return self._reader

    def read(self) -> bytes:
        return os.read(self._reader, _PART)

    def close_writer(self) -> None:
        if self.writer != -1:
            os.close(self.writer)
            self.writer = -1

    def close(self) -> None:
        self.close_writer()
        os.close(self._reader)


class Waker:
    """A pipe that holds a byte or more while somebody has woken us."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def fileno(self) -> int:
        return self._reader

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it is full of calls to wake
            os.write(self._writer, b"w")

    def rest(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, _PART):
                pass

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
