"""Who is let in: by a setting, by an enrolment code, by a person. Pure.

Times are milliseconds since the epoch.
"""

import ipaddress
from dataclasses import dataclass, replace
from enum import Enum

from ...worker.wire import Request, Status
from . import actions
from .facts import Fact, Kind
from .workers import Moved, Situation, Worker, situation


class Joining(Enum):
    """How workers and agents get in: by themselves, by somebody who lets them in, or with an enrolment code alone."""

    OPEN = "open"
    APPROVAL = "approval"
    CODE = "code"


# -- enrolment codes


# Crockford's: no letter that is taken for a digit, and none that makes words.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011", "- \t\r\n")

# 32 signs of 5 bits each are 160 bits; the first group, by which people tell codes apart, is no secret.
SIGNS, GROUP = 32, 4

# How long a code is good for, unless said otherwise; and for how long, and how many, at most.
LIFETIME, LONGEST, MOST_USES = 15 * 60_000, 7 * 24 * 3600_000, 1000


def read_code(text: str) -> str:
    """Return a code as it is compared: as people copy it, with small letters, without hyphens."""
    return text.upper().translate(_MISREAD)


def write_code(signs: str) -> str:
    """Write a code in groups, for people."""
    return "-".join(signs[at : at + GROUP] for at in range(0, len(signs), GROUP))


@dataclass(frozen=True)
class Enrolment:
    """An enrolment code, without the code. uses: how many it lets in; tags: names, which those workers get."""

    id: str
    hint: str
    made_at: int
    made_by: str
    expires_at: int
    uses: int
    used: int = 0
    tags: tuple[str, ...] = ()
    revoked_at: int | None = None


def refuse_code(code: Enrolment | None, now: int) -> str | None:
    """Say why an enrolment code lets nobody in, or None where it does."""
    if code is None:
        return "there is no such enrolment code"
    if code.revoked_at is not None:
        return "this enrolment code was revoked"
    if now >= code.expires_at:
        return "this enrolment code has expired"
    if code.used >= code.uses:
        return "this enrolment code was used already"
    return None


# -- at the door


@dataclass(frozen=True)
class Entry:
    """What comes of it that somebody wants to join; refusal: why nothing does."""

    waiting: bool = False
    uses_code: bool = False
    refusal: str = ""


_MAKE_ONE = "have one made on the manager's Workers page or by 'farmhand-manager enrolment make'"
_HOW = f"{_MAKE_ONE}, and give it to the worker as FARMHAND_ENROLMENT_CODE or by --enrolment-code-file"


def judge(how: Joining, *, code: bool, doubt: str | None) -> Entry:
    """Say who gets in. code: one was given; doubt: why it lets nobody in."""
    if how is Joining.OPEN:
        return Entry()
    if code and doubt is None:
        return Entry(uses_code=True)
    if how is Joining.APPROVAL:
        return Entry(waiting=True)
    if code:
        return Entry(refusal=f"{doubt}; {_MAKE_ONE}")
    return Entry(refusal=f"who joins this farm needs an enrolment code; {_HOW}")


# Who waits is kept until somebody looks, but not without an end: from one address, and in all.
FROM_ONE, IN_ALL = 100, 1000

# One that has not said more than its name by then may be forgotten for another; and one that is not heard of any more.
UNHEARD, SILENT = 60_000, 3600_000


def neighbourhood(address: str) -> str:
    """Return what an address counts as: of IPv6 whoever has one has 2 to the power of 64 of them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


@dataclass(frozen=True)
class Waiting:
    """One who waits to be let in. spoke: it has signed on since it registered."""

    id: str
    address: str
    since: int
    last_seen: int | None
    spoke: bool


class Full(Exception):
    """Nobody more is let wait; the text says so to who wanted to."""


def give_way(waiting: list[Waiting], address: str, now: int) -> list[str]:
    """Return who is forgotten so that one more can wait, the oldest first. Raises Full.

    Those go that never signed on, which a worker does at once, or that were not heard of for long.
    """
    here = neighbourhood(address)
    near = [each for each in waiting if neighbourhood(each.address) == here]
    full = [each for each, most in ((near, FROM_ONE), (waiting, IN_ALL)) if len(each) >= most]
    if not full:
        return []
    # Both limits at once are met by one from near here, if there is one.
    old = [each for each in sorted(full[0], key=lambda each: each.since) if _may_go(each, now)]
    if not old:
        raise Full("too many wait to be let in already; try again when somebody has looked at them")
    return [old[0].id]


def _may_go(each: Waiting, now: int) -> bool:
    heard = max(each.since, each.last_seen or 0)
    return now - heard >= (SILENT if each.spoke else UNHEARD)


# -- what a person does


def inside(worker: Worker) -> Worker:
    """Return a worker as it is once it is in: that it was told to sleep outside says nothing."""
    return replace(worker, waiting=False, resume=None)


def let_in(worker: Worker, start: Status, *, id: str, by: str, now: int) -> Moved:
    """Let a worker in. start: what it would be if it started now; id: of the request that this may make."""
    found, told = inside(worker), Fact(Kind.WORKER_ADMITTED, {"name": worker.name})
    if start is not Status.AWAKE or situation(found) is Situation.OFFLINE:
        return Moved(found, (told,))
    asked = actions.ask(found, Request(Status.AWAKE), id=id, by=by, now=now).moved
    return Moved(asked.worker, (told, *asked.facts))
