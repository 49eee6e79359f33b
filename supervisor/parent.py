"""Whoever started the supervisor, if it speaks sd_notify(3): told what goes on, and that the loop still turns.

Descriptors are not left with it (FDSTORE=1): it would give them back only to a process that it starts itself, and what
follows a death here finds all it needs in files; docs/decisions/0018.
"""

import os
import time
from collections.abc import Callable, Mapping

from .waiting import Waiter


class Parent:
    """Silent where NOTIFY_SOCKET is not set."""

    def __init__(self, waiter: Waiter, environ: Mapping[str, str]) -> None:
        self._notify: Callable[[str], object] = lambda text: None
        if environ.get("NOTIFY_SOCKET"):
            from sdnotify import SystemdNotifier  # it takes memory

            self._notify = SystemdNotifier().notify
        self._waiter = waiter
        self._failed: set[str] = set()
        self._services = 0
        self.is_told = False  # that all is up
        self._told = ""
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        seconds = environ.get("WATCHDOG_USEC", "")
        self._pause = int(seconds) / 2e6 if seconds.isdecimal() and mine else 0.0

    def watch_over(self) -> None:
        """Say WATCHDOG=1 twice as often as it is asked for, from now on."""
        if self._pause:
            self._notify("WATCHDOG=1")
            self._waiter.at(self._waiter.now() + self._pause, self.watch_over)

    def ready(self, services: int) -> None:
        """All is up (again); MAINPID= says that this is still the same process after it was replaced."""
        self.is_told, self._services = True, services
        self._told = self._status()
        self._notify(f"READY=1\nMAINPID={os.getpid()}\n{self._told}")

    def reloading(self) -> None:
        """Configuration or program are about to be replaced; `ready` says that it is done."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        self._notify("STOPPING=1\nSTATUS=stopping all services")

    def failed(self, name: str, *, now: bool) -> None:
        """Note that a service failed, or does no longer count as failed."""
        if now:
            self._failed.add(name)
        else:
            self._failed.discard(name)

    def flush(self) -> None:
        """Keep STATUS= true; what a service only passed through is not told."""
        if self.is_told and (status := self._status()) != self._told:
            self._told = status
            self._notify(status)

    def _status(self) -> str:
        failed = f", {len(self._failed)} failed" if self._failed else ""
        return f"STATUS=supervising {self._services} services{failed}"
