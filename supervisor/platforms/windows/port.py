"""What a loop waits for on Windows: one completion port, where it hears of handles that are ready and of jobs.

It stands in for a selector, with handles in place of descriptors: whatever can be waited for. There may be thousands;
the system's own threads watch them (RegisterWaitForSingleObject), and nobody asks again and again.
"""

import contextlib
import itertools
import selectors
import sys
from collections.abc import Iterator
from math import ceil

from ....units.light import Any
from . import calls

assert sys.platform == "win32"

_WAITS = 0  # the key under which the system posts that a handle is ready; all others are for whoever posts


class Port:
    """Like a selector, for handles. `handle` stands for the port itself: ready while there is something in `told`."""

    def __init__(self) -> None:
        self.handle = calls.create_port()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._numbers = itertools.count(1)
        self._waits: dict[int, tuple[int, int]] = {}  # handle -> number and wait, of those that are being watched
        self._handles: dict[int, int] = {}  # number -> handle
        self._told: list[tuple[int, int]] = []

    def register(self, handle: int, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a handle; it is only ever ready, whatever `events` says."""
        key = self._keys[handle] = selectors.SelectorKey(handle, handle, events, data)
        return key

    def unregister(self, handle: int) -> selectors.SelectorKey:
        if handle in self._waits:
            number, wait = self._waits.pop(handle)
            del self._handles[number]
            _end(wait)
        return self._keys.pop(handle)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return the keys of the handles that are ready, waiting for one `timeout` seconds at most."""
        for handle in self._keys.keys() - self._waits.keys() - {self.handle}:
            self._watch(handle)
        milliseconds = calls.INFINITE if timeout is None else ceil(timeout * 1000)
        is_told = self._told and self.handle in self._keys  # what nobody listens to has to wait
        ready = dict.fromkeys(self._heard(0 if is_told else milliseconds))
        if self._told:
            ready[self.handle] = None
        return [(self._keys[handle], self._keys[handle].events) for handle in ready if handle in self._keys]

    def told(self) -> list[tuple[int, int]]:
        """Return (key, number) of what was posted since the last call."""
        told, self._told = self._told, []
        return told

    def post(self, key: int, number: int) -> None:
        """End the wait; from any thread."""
        calls.post(self.handle, key, number)

    def close(self) -> None:
        for handle in list(self._keys):
            self.unregister(handle)
        calls.close(self.handle)

    def _watch(self, handle: int) -> None:
        """Have the system tell when a handle is ready: once, so it is asked anew before each wait."""
        number = next(self._numbers)
        wait = calls.overlapped.RegisterWaitWithQueue(handle, self.handle, number, calls.INFINITE)
        self._waits[handle] = number, wait
        self._handles[number] = handle

    def _heard(self, milliseconds: int) -> Iterator[int]:
        for key, number, value in calls.take(self.handle, milliseconds):
            if key != _WAITS:
                self._told.append((key, number))
            elif (handle := self._handles.pop(value, None)) is not None:  # else it is watched no more
                _end(self._waits.pop(handle)[1])
                yield handle


def _end(wait: int) -> None:
    with contextlib.suppress(OSError):  # its thread is just at it: then it ends by itself
        calls.overlapped.UnregisterWait(wait)
