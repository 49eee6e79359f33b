"""How long to wait before the next try. No clock, no dice: the random number is an argument."""

FIRST = 0.5
LONGEST = 15.0


def delay(failures: int, chance: float) -> float:
    """Return the seconds to wait after `failures` failed tries in a row, the last included.

    Doubles from FIRST to LONGEST. `chance`, from 0 to 1, takes up to half of it away, so that the
    workers of a farm whose manager comes back do not all call in the same moment.
    """
    whole = min(LONGEST, FIRST * 2.0 ** min(max(failures, 1) - 1, 16))
    return whole * (1.0 - chance / 2.0)


def about(seconds: float, chance: float) -> float:
    """Return `seconds` less up to a tenth of it: calls that repeat drift apart."""
    return seconds * (1.0 - chance / 10.0)
