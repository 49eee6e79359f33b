"""A platform that has this process's orphans for the time of a test, and leaves the process as it was."""

import contextlib
import ctypes
import signal
from collections.abc import Iterator

from farmhand.supervisor.platforms.linux import Linux

_PR_SET_CHILD_SUBREAPER = 36


@contextlib.contextmanager
def adopting(*, cgroups: bool = False) -> Iterator[Linux]:
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    platform = Linux(cgroups=cgroups)
    platform.adopt_orphans()
    try:
        yield platform
    finally:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number, handler in handlers.items():
            if handler is not None and number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, handler)
