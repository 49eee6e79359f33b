"""Whether an agent may do what a ticket says. No clock, no I/O.

That the manager made the ticket is known before: units/tickets.py.
"""

import fnmatch
import re
from collections.abc import Collection, Mapping

from ...units.light import dataclass
from ...units.tickets import VERBS, Claims

# What a service may be called: nothing that a path or an option could be made of. systemd.unit(5), "Description".
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.\\-]*(@[A-Za-z0-9:_.\\-]*)?")
_LONGEST = 255

# A spent ticket is remembered for this long after it has run out, in milliseconds: longer than any answer takes.
_REMEMBERED = 3_600_000


@dataclass(frozen=True)
class Post:
    """What an agent is: its id, the services it may touch, by name or pattern, and those that it sees now."""

    agent: str
    allowed: tuple[str, ...]
    seen: Collection[str]


def is_name(text: str) -> bool:
    """Say whether this can be the name of a service, without ".service"."""
    return len(text) <= _LONGEST and _NAME.fullmatch(text) is not None


def allows(allowed: Collection[str], name: str) -> bool:
    """Say whether an allow-list of names and patterns has a name."""
    return is_name(name) and any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed)


def refuse(claims: Claims, post: Post, *, challenge: str, waited: int) -> str | None:
    """Say why a ticket is not obeyed, or None where it is. waited: milliseconds since the answer came that has it."""
    if claims.agent != post.agent:
        return "it is for another agent"
    if claims.challenge != challenge:
        return "it is no answer to what was asked just now: somebody sent an old one again"
    if claims.now + waited >= claims.expires:
        return "it has expired"
    if claims.verb not in VERBS:
        return f"{claims.verb!r} is nothing that an agent does"
    if not allows(post.allowed, claims.service):
        return f"{claims.service!r} is not among the services that this agent may touch (--service)"
    if claims.service not in post.seen:
        return f"there is no service {claims.service} on this node"
    return None


def remembered(spent: Mapping[str, int], now: int) -> dict[str, int]:
    """Return the spent tickets, id and expiry, that could still be sent again."""
    return {id: expires for id, expires in spent.items() if expires + _REMEMBERED > now}
