"""What a request's body says of a wish: the action, and deadline, until and reason beside it."""

from collections.abc import Mapping
from typing import Any

from ....units.errors import BadValue
from ....worker.wire import Request, Status
from ...clock import timestamp
from ...rules.actions import Expected, refuse_terms
from ...rules.times import FARTHEST, read_timestamp
from ...rules.workers import LastWish, Pending, Terms
from .api import Problem

ACTIONS = {"shutdown": Status.OFFLINE, "restart": Status.RESTART, "sleep": Status.ASLEEP, "wake": Status.AWAKE}


def read_wish(body: Mapping[str, Any], now: int) -> tuple[Request, Terms]:
    """Return what is asked for and on which terms; raises Problem for terms that make no sense."""
    wish = Request(ACTIONS[body["action"]], body.get("lazy", False))
    deadline, until = (_moment(body.get(name), name, now) for name in ("deadline", "until"))
    terms = Terms(deadline, until, (body.get("reason") or "").strip())
    refusal = refuse_terms(wish, terms, now)
    if refusal is not None:
        raise Problem(400, refusal)
    return wish, terms


def read_hold(body: Mapping[str, Any]) -> int:
    """Return for how many milliseconds it can be undone; programs know what they ask for, and do not wait."""
    return round(float(body.get("hold") or 0) * 1000)


def _moment(said: object, name: str, now: int) -> int | None:
    """Read a time: RFC 3339, or seconds from now."""
    if said is None:
        return None
    try:
        at = read_timestamp(said) if isinstance(said, str) else now + round(float(str(said)) * 1000)
    except BadValue as error:
        raise Problem(400, f"{name}: {error.problem}; write RFC 3339, or a number of seconds from now") from None
    if at - now > FARTHEST:
        raise Problem(400, f"{name}: it is more than a year away; name an earlier time")
    return at


def read_expected(body: Mapping[str, Any]) -> Expected | None:
    """Return what the caller believes to be pending; None where nothing is said of it."""
    if "replaces" not in body:
        return None
    return Expected(None if body["replaces"] is None else body["replaces"].lower())


def pending_json(pending: Pending) -> dict[str, object]:
    """Write a request that is pending; a time that there is none of is left out."""
    said = {
        "id": pending.id,
        "status": pending.wish.status.value,
        "is_lazy": pending.wish.lazy,
        "by": pending.by,
    }
    return {**said, **terms_json(pending.terms), **times({"at": pending.at, "seen_at": pending.seen_at})}


def terms_json(terms: Terms) -> dict[str, object]:
    """Write deadline, end and reason; `held` where it is meant immediately and can be undone until the deadline."""
    said: dict[str, object] = {"reason": terms.reason, **times({"deadline": terms.deadline, "until": terms.until})}
    return {**said, "held": True} if terms.held else said


def last_wish_json(wished: LastWish) -> dict[str, object]:
    """Write what a person last had a worker become."""
    said = {"request": wished.request_id, "status": wished.status.value, "by": wished.by, "reason": wished.reason}
    return {**said, **times({"at": wished.at, "until": wished.until})}


def times(times: Mapping[str, int | None]) -> dict[str, str]:
    return {name: timestamp(at) for name, at in times.items() if at is not None}
