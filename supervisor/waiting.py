"""The one place that blocks: descriptors in a selector, deadlines in a heap.

It sleeps until something happens; where nothing is due, nothing wakes it.
"""

import heapq
import itertools
import selectors
import time
from collections.abc import Callable

from ..units.light import dataclass
from .platforms import Selector

Callback = Callable[[], object]

AFTER_DEADLINES = 5
_LONGEST = 2e6  # seconds: epoll(7) counts milliseconds in 31 bits


@dataclass(eq=False)
class Alarm:
    """A deadline, monotonic seconds, and what to do then; a `cancelled` one is passed over."""

    at: float
    callback: Callback
    cancelled: bool = False


class Waiter:
    """Calls back when a descriptor is readable or a deadline has come.

    Of several descriptors that are ready at once the one with the lowest rank goes first, of one rank the one watched
    longest (systemd hears of the oldest process first, too), and before those of rank AFTER_DEADLINES come the
    deadlines: a message sent before an exit is read before it, an exit in time beats the timeout, and a restart that
    is due is not overtaken by a request.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, selector: Selector | None = None) -> None:
        self.now = clock
        self._selector = selector or selectors.DefaultSelector()
        self._watched: dict[int, selectors.SelectorKey] = {}
        self._alarms: list[tuple[float, int, Alarm]] = []  # a heap; the first that was set first
        self._numbers = itertools.count()

    def watch(self, fd: int, rank: int, callback: Callback) -> None:
        data = rank, next(self._numbers), callback
        self._watched[fd] = self._selector.register(fd, selectors.EVENT_READ, data)

    def forget(self, fd: int) -> None:
        """Stop watching a descriptor; one that is not watched is no error."""
        if self._watched.pop(fd, None):
            self._selector.unregister(fd)

    def at(self, deadline: float, callback: Callback) -> Alarm:
        alarm = Alarm(deadline, callback)
        heapq.heappush(self._alarms, (deadline, next(self._numbers), alarm))
        return alarm

    def watches(self, fd: int) -> bool:
        return fd in self._watched

    def is_due(self) -> bool:
        """Say whether some deadline has come."""
        return self._timeout() == 0.0

    def wait(self) -> None:
        """Sleep until something happens, then call whom it concerns."""
        ready = sorted((key for key, _ in self._selector.select(self._timeout())), key=_place)
        patient = [key for key in ready if key.data[0] >= AFTER_DEADLINES]
        self._call(ready[: len(ready) - len(patient)])
        self._ring()
        self._call(patient)

    def _call(self, ready: list[selectors.SelectorKey]) -> None:
        for key in ready:
            # Whoever was called before may have forgotten this one, or reused its number.
            if self._watched.get(key.fd) is key:
                key.data[2]()

    def _ring(self) -> None:
        now = self.now()
        while self._alarms and self._alarms[0][0] <= now:
            alarm = heapq.heappop(self._alarms)[2]
            if not alarm.cancelled:
                alarm.callback()

    def _timeout(self) -> float | None:
        while self._alarms and self._alarms[0][2].cancelled:
            heapq.heappop(self._alarms)
        return min(max(0.0, self._alarms[0][0] - self.now()), _LONGEST) if self._alarms else None

    def close(self) -> None:
        self._watched.clear()
        self._selector.close()


def _place(ready: selectors.SelectorKey) -> tuple[int, int]:
    rank, number, _ = ready.data
    return rank, number
