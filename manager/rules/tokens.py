"""What an API token looks like, and what one may do. Pure: the random bits are an argument.

A token is "fh_", 43 digits of 256 random bits and 6 digits of a checksum, all of 0-9A-Za-z. The prefix and the checksum
are for those who look for secrets where none belong, and tell a slip of the hand from a token that was revoked.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .access import Grant, Role

BITS = 256
PREFIX = "fh_"

# What a scanner of secrets looks for.
PATTERN = r"fh_[0-9A-Za-z]{49}"

DAY_MS = 24 * 3600 * 1000
USUAL_DAYS = 90
MOST_DAYS = 3650

LONGEST_NAME = 100

# Somebody who looks at when a token was last used wants the day, and hardly the minute.
NOTED_MS = 60_000

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 43, 6


@dataclass(frozen=True)
class Scope:
    """What a token is made for: a role, and for an operator perhaps only what has one of the tags of these ids."""

    role: Role
    tags: tuple[str, ...] = ()


def within(owner: Sequence[Grant], scope: Scope, names: Mapping[str, str]) -> tuple[Grant, ...]:
    """Return what a token may do: what it was made for, as far as its owner may do that now.

    names: of the tags that there are, by id; a tag that is no more limits to nothing.
    """
    found = dict.fromkeys(each for grant in owner for each in _narrowed(grant, scope, names))
    return tuple(found)


def _narrowed(grant: Grant, scope: Scope, names: Mapping[str, str]) -> Sequence[Grant]:
    role = min(grant.role, scope.role, key=list(Role).index)
    if role is not Role.OPERATOR or not scope.tags:
        return [Grant(role, grant.tag if role is grant.role else None, grant.name if role is grant.role else "")]
    tags = [tag for tag in scope.tags if tag in names and grant.tag in (None, tag)]
    return [Grant(role, tag, names[tag]) for tag in tags] or [Grant(Role.VIEWER)]


def write(bits: int) -> str:
    """Return the token of so many (BITS) random bits."""
    if bits.bit_length() > BITS:
        raise ValueError("a token has no room for more bits")
    body = _digits(bits, _RANDOM)
    return f"{PREFIX}{body}{_checksum(body)}"


def is_token(text: str) -> bool:
    """Say whether a text was once made by `write`."""
    if not re.fullmatch(PATTERN, text):
        return False
    body = text.removeprefix(PREFIX)
    return _checksum(body[:_RANDOM]) == body[_RANDOM:]


def is_noted(used_at: int | None, now: int) -> bool:
    """Say whether it is written down well enough that a token is used now; milliseconds since the epoch."""
    return used_at is not None and 0 <= now - used_at < NOTED_MS


def _checksum(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), _CHECK)


def _digits(number: int, places: int) -> str:
    found = []
    for _ in range(places):
        number, digit = divmod(number, len(_DIGITS))
        found.append(_DIGITS[digit])
    return "".join(reversed(found))
