"""Services of Windows: all that `..services` promises, of the modules that do it."""

import sys

from ..services import Settings
from . import eventlog, hosted, rights, scm, trees

assert sys.platform == "win32"

start, stop, status = scm.start, scm.stop, scm.status
serve, report = hosted.serve, eventlog.report


def create(name: str, settings: Settings) -> list[str]:
    if settings.entitle and settings.account is not None:
        rights.let_log_on_as_service(settings.account)
    lacking = scm.create(name, settings)
    try:
        eventlog.add_source(name)
    except OSError:
        scm.remove(name)
        raise
    return lacking


def remove(name: str) -> None:
    scm.remove(name)
    eventlog.remove_source(name)


def ask_to_stop() -> None:
    trees.WINDOWS.ask_to_stop()
