"""What owning process trees does to this process on POSIX, taken back."""

import contextlib
import ctypes
import signal
import sys
from collections.abc import Iterator

_PR_SET_CHILD_SUBREAPER = 36
_NOBODYS = {signal.SIGKILL, signal.SIGSTOP} if sys.platform != "win32" else set()


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """Let the block take signals and orphans, and have neither afterwards."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        yield
    finally:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number, handler in handlers.items():
            if handler is not None and number not in _NOBODYS:
                signal.signal(number, handler)
