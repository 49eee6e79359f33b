"""`farmhand service run`: what Windows starts. It is `farmhand run` with somebody to report to, and no terminal."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence

from .. import cli
from ..exit_codes import BAD_INPUT, FAILED
from ..platforms.services import Control, Kind, services
from ..say import say
from .wanted import Named, Refused

_NOT_STARTED_BY_WINDOWS = 1063  # ERROR_FAILED_SERVICE_CONTROLLER_CONNECT
_FULL = 1 << 20  # bytes of its own log after which a start begins another one
_HEARD: Mapping[Control, str] = {
    "stop": "told to stop",
    "shutdown": "the machine shuts down",
    "sleep": "the machine goes to sleep",
    "wake": "the machine is awake again",
}


def run(named: Named, log: str | None, words: Sequence[str]) -> int:
    """Be what Windows has started under this name; returns the exit code.

    log: where the supervisor's own lines go. words: what follows `farmhand run`.
    """
    log = log or log_path(named)
    if named.user:
        return _supervise(log, words, lambda: None)
    try:
        return services().serve(named.name, lambda ready: _reported(named.name, log, words, ready), _heed)
    except OSError as error:
        if getattr(error, "winerror", None) != _NOT_STARTED_BY_WINDOWS:
            raise
        hint = "'farmhand service start' has it do so, 'farmhand run' runs services here"
        raise Refused("service run: only Windows itself starts that", hint, BAD_INPUT) from None


def log_path(named: Named) -> str:
    """Return where the supervisor's own lines are to go, for it has no terminal; Windows knows the variables."""
    variable = "LOCALAPPDATA" if named.user else "PROGRAMDATA"
    folder = os.environ.get(variable, f"%{variable}%")
    return rf"{folder}\farmhand\{named.name}.log"


def _reported(name: str, log: str, words: Sequence[str], ready: Callable[[], None]) -> int:
    """Supervise, and have the event log tell of it."""
    try:
        _report(name, "information", f"running: farmhand run {' '.join(words)}")
        code = _supervise(log, words, ready)
    except BaseException:
        _report(name, "error", f"the supervisor failed, and is started again:\n{traceback.format_exc()}")
        raise
    if code:
        _report(name, "error", f"ended with exit code {code}; {log} says why")
    else:
        _report(name, "information", "stopped")
    return code


def _supervise(log: str, words: Sequence[str], ready: Callable[[], None]) -> int:
    with _lines_in(log):
        try:
            wishes, plan = cli.plan_run(["run", *words])
        except SystemExit as leaving:
            return leaving.code if isinstance(leaving.code, int) else FAILED
        from .. import daemon

        ready()
        return daemon.run(wishes, plan)


def _heed(control: Control) -> None:
    """Obey the service manager; in another thread than the supervisor's. No deadline passes while the machine sleeps,
    so that there is nothing to do about that."""
    say(_HEARD[control])
    if control in ("stop", "shutdown"):
        services().ask_to_stop()


@contextlib.contextmanager
def _lines_in(path: str) -> Iterator[None]:
    """Have what this process says written there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(OSError):
        if os.path.getsize(path) > _FULL:
            os.replace(path, f"{path}.old")
    with open(path, "a", encoding="utf-8", errors="replace", buffering=1) as file:
        sys.stdout = sys.stderr = file
        try:
            yield
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


def _report(name: str, kind: Kind, text: str) -> None:
    with contextlib.suppress(OSError):  # the log may be full, and that is no reason to stop
        services().report(name, kind, text)
