"""What becomes of a report, given the manager's answer to it. Pure."""

from enum import Enum

# An answer with one of these is not about the report: it comes from something in front of the manager, from one that
# is too busy, or it is about the credentials, on which `life.py` decides.
AWAY = frozenset({401, 403, 407, 408, 425, 429, 502, 503, 504})

# How often a report is sent to a manager that fails on it. Output is worth less than the word that a task is done.
TRIES_FOR_LOG = 3
TRIES_FOR_STATUS = 20


class Fate(Enum):
    DELIVERED = "delivered"
    REFUSED = "refused: the manager does not want it, now or later"
    GIVEN_UP = "given up: the manager fails on it again and again"
    AGAIN = "to be sent again"


def fate(status: int | None, *, tries: int, about_status: bool) -> Fate:
    """Decide by the HTTP status of the answer, None for no answer at all.

    tries counts the answers that were failures of the manager itself, this one included.
    """
    if status is None or status in AWAY:
        return Fate.AGAIN
    if 200 <= status < 300:
        return Fate.DELIVERED
    if status < 500:
        return Fate.REFUSED
    return Fate.AGAIN if tries < (TRIES_FOR_STATUS if about_status else TRIES_FOR_LOG) else Fate.GIVEN_UP
