"""Passwords as argon2id hashes, made and verified without starving the farm: a few at a time, and few who wait."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP, Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# So many at the same time, each with a processor and 19 MiB; and so many more may wait for their turn.
_TURNS, _SEATS = threading.BoundedSemaphore(2), threading.BoundedSemaphore(8)


class Busy(Exception):
    """Too many sign in at this moment."""


def hashed(password: str) -> str:
    """Return what is kept of a password; raises Busy."""
    with _Turn():
        return _HASHER.hash(password)


def verify(kept: str | None, password: str) -> bool:
    """Say whether a password is the one that was kept, in the same time where none was; raises Busy."""
    with _Turn():
        try:
            return _HASHER.verify(kept or _nobodys(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")


class _Turn:
    """One of those who may compute now; raises Busy where too many wait already."""

    def __enter__(self) -> None:
        if not _SEATS.acquire(blocking=False):
            raise Busy("many people sign in at this moment; try again in a second")
        _TURNS.acquire()

    def __exit__(self, *_: object) -> None:
        _TURNS.release()
        _SEATS.release()
