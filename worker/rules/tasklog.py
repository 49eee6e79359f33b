"""The log of one task, between the lines that are said and the pieces that are sent: it has an end. Pure.

The first part of a log is kept, up to a limit, and the last of what came after: why a program failed stands at its end.
What is left out between is told twice, when it begins and with its size when the task is over. Times are monotonic
seconds, sizes bytes of UTF-8.
"""

from collections import deque
from math import inf

# A piece is sent when there is this much of it, or when the oldest of it is so old.
PIECE = 10 * 1024
AGE = 1.0

# How much of a log is kept of its beginning unless told otherwise, and of its end.
LIMIT = 64 * 1024 * 1024
END = 64 * 1024


class TaskLog:
    """Lines of one attempt at a task. `due` is when to `take` what there is, at the latest."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.due = inf
        self._limit = self._room = limit
        self._piece: list[str] = []
        self._size = 0
        self._end: deque[str] = deque()
        self._end_size = 0
        self._left_out = self._left_out_size = 0

    @property
    def full(self) -> bool:
        """Say whether there is enough of a piece to be sent."""
        return self._size >= PIECE

    def add(self, line: str, now: float) -> None:
        text = f"{line}\n"
        size = _bytes(text)
        if self._room <= 0:
            self._put_at_end(text, size)
            return
        self._put(text, size, now)
        self._room -= size
        if self._room <= 0:
            told = f"[the log has reached {_amount(self._limit)}: what follows is left out, but for its end]\n"
            self._put(told, len(told), now)

    def take(self) -> str:
        """Return what is to be sent now, "" if there is nothing."""
        piece = "".join(self._piece)
        self._piece, self._size, self.due = [], 0, inf
        return piece

    def close(self) -> str:
        """Return the last piece, with the end of what was not sent before."""
        if self._left_out:
            self._piece.append(f"[{self._left_out} lines are left out here, {_amount(self._left_out_size)}]\n")
        self._piece += self._end
        self._end.clear()
        return self.take()

    def _put(self, text: str, size: int, now: float) -> None:
        self._piece.append(text)
        self._size += size
        self.due = min(self.due, now + AGE)

    def _put_at_end(self, text: str, size: int) -> None:
        self._end.append(text)
        self._end_size += size
        while self._end_size > END and len(self._end) > 1:
            gone = _bytes(self._end.popleft())
            self._end_size -= gone
            self._left_out += 1
            self._left_out_size += gone


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _amount(size: int) -> str:
    """Write a size for people."""
    for name, unit in (("MiB", 2**20), ("KiB", 2**10)):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"
