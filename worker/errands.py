"""Calls that wait, done aside: each by a thread of its own, the result brought back to the one main loop.

A manager may take its time, or never answer at all; output must be read, trees killed and signals
obeyed meanwhile. The threads decide nothing and share nothing but what they were given.
"""

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum

from ..supervisor.platforms import Waker


class Errand(Enum):
    """What a call is for. Of each there is one on its way at most."""

    ASK = "ask"
    REPORT = "report"
    BELL = "bell"
    PICTURE = "picture"
    SIGN_OFF = "sign off"


class Errands:
    """The calls that are on their way. The loop is woken when one is done."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._under_way: set[Errand] = set()
        self._results: deque[tuple[Errand, object]] = deque()

    def under_way(self, errand: Errand) -> bool:
        return errand in self._under_way

    def send(self, errand: Errand, call: Callable[[], object]) -> None:
        self._under_way.add(errand)
        threading.Thread(target=self._run, args=(errand, call), name=errand.value, daemon=True).start()

    def collect(self) -> list[tuple[Errand, object]]:
        """Return what has come back since the last time. A defect of a call is raised here, in the main thread."""
        self._waker.rest()
        back = [self._results.popleft() for _ in range(len(self._results))]
        for errand, result in back:
            self._under_way.discard(errand)
            if isinstance(result, Exception):
                raise result
        return back

    def _run(self, errand: Errand, call: Callable[[], object]) -> None:
        try:
            result = call()
        except Exception as defect:
            result = defect
        self._results.append((errand, result))
        self._waker.wake()
