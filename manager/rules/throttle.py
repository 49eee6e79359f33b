"""How long somebody has to wait until the next try to sign in. Pure.

Failures are counted in three ways: for one name from one address, from one address, and for one name from wherever.
A stranger who fails on purpose cannot lock a person out by it: the last count delays little, and where that person has
signed in before, only what fails for that name at that place counts. Times are milliseconds since the epoch, spans
milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_SECOND = 1000

# Failures are forgotten when there was none for so long.
FORGOTTEN = 60 * 60 * _SECOND


class Count(Enum):
    """What failures are counted by."""

    PAIR = "pair"  # a name from an address
    ADDRESS = "address"
    NAME = "name"


@dataclass(frozen=True)
class Limit:
    """So many failures are free; then the wait begins with a second and doubles with each, up to the longest."""

    free: int
    longest: int


LIMITS: Mapping[Count, Limit] = {
    Count.PAIR: Limit(3, 15 * 60 * _SECOND),
    Count.ADDRESS: Limit(20, 15 * 60 * _SECOND),
    Count.NAME: Limit(20, 60 * _SECOND),
}


@dataclass(frozen=True)
class Failures:
    """How many there were, and when the last was."""

    number: int
    last_at: int


def another(was: Failures | None, now: int) -> Failures:
    """Count one more."""
    fresh = was is None or now - was.last_at > FORGOTTEN
    return Failures(1 if fresh or was is None else was.number + 1, now)


def wait(found: Mapping[Count, Failures], now: int, *, known_here: bool) -> int:
    """Return how long the next try has to wait. known_here: the person has signed in from this address before."""
    counts = [Count.PAIR] if known_here else list(Count)
    return max((_wait(count, found[count], now) for count in counts if count in found), default=0)


def _wait(count: Count, failures: Failures, now: int) -> int:
    limit = LIMITS[count]
    beyond = failures.number - limit.free
    if beyond < 0 or now - failures.last_at > FORGOTTEN:
        return 0
    return max(0, failures.last_at + min(limit.longest, _SECOND << min(beyond, 20)) - now)
