"""What the service manager is told; see sd_notify(3). Without one, nobody is.

Windows has no sockets for that: NOTIFY_SOCKET is the name of a pipe there, and each message is written to it at once.
"""

import os
from collections.abc import Mapping
from math import inf

from sdnotify import SystemdNotifier

_PIPE = "\\\\.\\pipe\\"
_FOR_BYTES = getattr(os, "O_BINARY", 0)


class Notifier:
    """Speaks to whoever started this process with NOTIFY_SOCKET set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._notify = PipeNotifier(address).notify if address.startswith(_PIPE) else SystemdNotifier().notify
        self._every = watchdog_interval(environ)
        self._next = -inf
        self._status = ""

    def ready(self) -> None:
        self._notify("READY=1")

    def status(self, text: str) -> None:
        """Say what the worker is doing, if that is news."""
        if text != self._status:
            self._status = text
            # The package encodes as Latin-1; the receiver reads UTF-8.
            self._notify("STATUS=" + " ".join(text.split()).encode().decode("latin-1"))

    def stopping(self) -> None:
        self._notify("STOPPING=1")

    @property
    def due(self) -> float:
        return self._next if self._every else inf

    def alive(self, now: float) -> None:
        """Tell the watchdog that the main loop goes round."""
        if self._every and now >= self._next:
            self._notify("WATCHDOG=1")
            self._next = now + self._every


class PipeNotifier:
    """Speaks into a named pipe, as `SystemdNotifier` does to a socket: nobody needs to listen."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._pipe: int | None = None

    def notify(self, state: str) -> None:
        """Write a message; where the one who listens has changed, open the pipe anew."""
        for _ in range(2):
            try:
                if self._pipe is None:
                    self._pipe = os.open(self._address, os.O_WRONLY | _FOR_BYTES)
                os.write(self._pipe, state.encode("latin-1"))
                return
            except OSError:
                self.close()

    def close(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


def watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Return half of WATCHDOG_USEC in seconds, None if this process is not watched; sd_watchdog_enabled(3)."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        return int(environ["WATCHDOG_USEC"]) / 2e6 or None
    except (KeyError, ValueError):
        return None
