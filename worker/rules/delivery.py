"""What becomes of a report, given the manager's answer to it. Pure."""

from enum import Enum

# An answer with one of these is not about the report: it comes from something in front of the manager, from one that
# is too busy, or it is about the credentials, on which `life.py` decides.
AWAY = frozenset({401, 403, 407, 408, 425, 429, 502, 503, 504})
# Those by which it says itself that it is worth another try.
BUSY = frozenset({408, 425, 429, 503})
TOO_LARGE = 413

# How often a manager may fail on a report. Output is worth less than the word that a task is done.
TRIES_FOR_LOG = 3
TRIES = 20


class Fate(Enum):
    DELIVERED = "delivered"
    REFUSED = "refused: the manager does not want it, now or later"
    GIVEN_UP = "given up: the manager fails on it again and again"
    AGAIN = "to be sent again"


def failed(status: int | None, *, answering: bool) -> bool:
    """Say whether the manager failed on a report, rather than being away; by the HTTP status, None for no answer.

    answering: while the report was on its way, the manager answered something else.
    """
    if status is None or status in AWAY:
        return answering
    return status >= 500


def fate(status: int | None, *, failures: int, about_status: bool) -> Fate:
    """Decide by the HTTP status of the answer, None for no answer at all.

    failures: how often the manager has failed on what it was told since it took something, this time included.
    """
    if status is not None and 200 <= status < 300:
        return Fate.DELIVERED
    if status is not None and status < 500 and status not in AWAY:
        return Fate.REFUSED
    patience = TRIES if about_status or status in BUSY else TRIES_FOR_LOG
    return Fate.AGAIN if failures < patience else Fate.GIVEN_UP
