"""The gate that processes of Type=idle services wait at before they begin, as long as any job is under way.

Without it their output would mix with what is told of the jobs (systemd.service(5), Type=). The jobs of the service
itself count, too: what its ExecStop= and ExecReload= do is put off as long as a process waits at all.
"""

import os
from collections.abc import Callable


class Gate:
    """is_busy: says whether any job is under way."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy
        self._ends: tuple[int, int] | None = None

    def descriptor(self) -> int | None:
        """Return what becomes readable when the gate opens; None if there is nothing to wait for."""
        if self._ends is None and self._is_busy():
            self._ends = os.pipe()
        return self._ends[0] if self._ends else None

    def open_if_idle(self) -> None:
        if self._ends is None or self._is_busy():
            return
        reader, writer = self._ends
        os.write(writer, b"x")  # to close it is not enough: who waits was forked, and has that end, too
        os.close(writer)
        os.close(reader)
        self._ends = None
