"""A Linux that has nothing more than every POSIX system: no pidfd, no /proc, no orphans for whom they do not belong to.

For a kernel queue (macOS and the BSDs) stands one that asks psutil, which may look into /proc: elsewhere it need not.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from farmhand.supervisor.platforms import children, launch

_OURS = os.path.dirname(children.__file__)
_LINUX_ONLY = {os: ("pidfd_open", "eventfd"), signal: ("pidfd_send_signal",), children.signal: ("pidfd_send_signal",)}
_PAUSE = 0.005
_watched = False  # an audit hook is for ever; this says whether it heeds anything


@contextlib.contextmanager
def nothing_but_posix() -> Iterator[None]:
    global _watched
    with pytest.MonkeyPatch.context() as patch:
        for module, names in _LINUX_ONLY.items():
            for name in names:
                patch.delattr(module, name, raising=False)
        steps = frozenset(step for step, _, _ in launch._NOT_EVERYWHERE)
        patch.setattr(launch, "SKIPPED", steps)
        patch.setattr(children, "_KQUEUE", SimpleNamespace(**_KQUEUE))
        _watched = True
        try:
            yield
        finally:
            _watched = False


class _Queue:
    """kqueue(2), as far as a process that ends is told by it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()

    def fileno(self) -> int:
        return self._reader

    def control(self, changes: list[SimpleNamespace], most: int) -> list[object]:
        for event in changes:
            assert (event.filter, event.flags, event.fflags) == ("proc", "add", "exit")
            try:
                process = psutil.Process(event.ident)
            except psutil.NoSuchProcess:
                raise ProcessLookupError(event.ident) from None
            threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        return []

    def close(self) -> None:
        os.close(self._reader)

    def _watch(self, process: psutil.Process) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_PAUSE)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, b"e")
        os.close(self._writer)


def _event(ident: int, filter: str, flags: str, fflags: str) -> SimpleNamespace:
    return SimpleNamespace(ident=ident, filter=filter, flags=flags, fflags=fflags)


_KQUEUE = {
    "kqueue": _Queue,
    "kevent": _event,
    "KQ_FILTER_PROC": "proc",
    "KQ_EV_ADD": "add",
    "KQ_NOTE_EXIT": "exit",
}


def _refuse_proc(event: str, arguments: tuple[object, ...]) -> None:
    """Let no module of the platforms open a file of /proc."""
    if _watched and event in ("open", "os.listdir") and str(arguments[0]).startswith("/proc"):
        opener = sys._getframe(1)
        while opener.f_back and opener.f_code.co_filename.startswith("<"):
            opener = opener.f_back
        if opener.f_code.co_filename.startswith(_OURS):
            raise AssertionError(f"{opener.f_code.co_filename}:{opener.f_lineno} reads {arguments[0]}")


sys.addaudithook(_refuse_proc)
