"""How files are opened that somebody else names or writes, and may have made anything else than a file."""

import os

_NOT_WAITING = getattr(os, "O_NONBLOCK", 0)  # Windows has no FIFO that is a file


def without_waiting(path: str, flags: int) -> int:
    """Open a file, as the `opener` of open(): a FIFO that nobody writes to is one with nothing in it."""
    return os.open(path, flags | _NOT_WAITING)
