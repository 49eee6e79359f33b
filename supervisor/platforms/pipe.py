"""What descriptors are enough for: output of programs that is read without waiting, and a word from another thread."""

import contextlib
import os

_PART = 1 << 16  # what a pipe holds


class Pipe:
    """A pipe of the system; its ends are this process's alone, until a program is given one. ends: it was there."""

    def __init__(self, ends: tuple[int, int] | None = None) -> None:
        self._reader, self.writer = ends or os.pipe()
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


def lasting(path: str | None) -> Pipe:
    """Return the pipe that has its name at a path: what is written to it is not lost if this process is killed.

    Where that cannot be, and with None, it has no name.
    """
    if path is not None:
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            writer = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # who can read from it, too, never writes in vain
            return Pipe((os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), writer))
    return Pipe()


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
