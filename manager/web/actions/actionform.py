"""What the bar of actions sends: which action, on which terms, for whom."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from ....units.errors import BadValue
from ....worker.wire import Status
from ...rules.actions import refuse_terms
from ...rules.rollouts import Refused
from ...rules.times import read_moment
from ...rules.workers import Terms
from ..given import Given
from .menu import ACTIONS, Action

LONGEST_REASON = 500

# How the settings name the actions.
NAMES: Mapping[Status, str] = {
    Status.OFFLINE: "shutdown",
    Status.RESTART: "restart",
    Status.ASLEEP: "sleep",
    Status.AWAKE: "wake",
}


@dataclass(frozen=True)
class Sent:
    """The bar's fields as they were sent, to be shown again where one of them has to be mended. wrong: that one."""

    action: str = ""
    deadline: str = ""
    until: str = ""
    reason: str = ""
    picked: Sequence[str] = ()
    everybody: bool = False
    wrong: str = ""


@dataclass(frozen=True)
class Wanted:
    """What is asked for."""

    action: Action
    terms: Terms
    everybody: bool


class Unclear(Exception):
    """It cannot be told what is asked for; the text says what is missing, field which one it is."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def sent(given: Given) -> Sent:
    """Take the fields of a form. everybody: all that the list's filters match are meant, however many."""
    words = {name: given.get(name, "").strip() for name in ("action", "deadline", "until", "reason")}
    picked = tuple(dict.fromkeys(given.getlist("worker")))
    return Sent(**words, picked=picked, everybody=bool(given.get("all", "")))


def wanted(form: Sent, now: int, zone: tzinfo, required: Sequence[str]) -> Wanted:
    """Return what a form asks for; raises Unclear. required: the actions that need a reason."""
    action = ACTIONS.get(form.action)
    if action is None:
        raise Unclear("Choose an action, then press Apply.", "action")
    if not form.picked and not form.everybody:
        raise Unclear("Select the workers that it is for, then press Apply.")
    wish, reason = action.wish, form.reason
    if not reason and NAMES[wish.status] in required:
        raise Unclear(f"{action.title} needs a reason: write why, then press Apply.", "reason")
    if len(reason) > LONGEST_REASON:
        raise Unclear(f"The reason has {len(reason)} characters; {LONGEST_REASON} are kept.", "reason")
    # What does not go with the action is off in the bar, and sent all the same where there is no script.
    deadline = _moment(form.deadline, "deadline", "At latest", now, zone) if wish.lazy else None
    until = _moment(form.until, "until", "Until", now, zone) if wish.status is Status.ASLEEP else None
    terms = Terms(deadline, until, reason)
    refusal = refuse_terms(wish, terms, now)
    if refusal is not None:
        field, _, text = refusal.partition(": ")
        raise Unclear(f"{_LABELS[field]}: {text}.", field)
    return Wanted(action, terms, form.everybody)


@dataclass(frozen=True)
class Share:
    """How many may be down at once: a number of workers, or so many percent of them."""

    count: int | None = None
    percent: float | None = None


def read_share(text: str) -> Share:
    """Read "3", or "10 %"; raises Refused."""
    found = _SHARE.fullmatch(text.strip())
    if found is None or not 0 < int(found[1]) <= (100 if found[2] else 100_000):
        raise Refused(f"At once: “{text}” is neither a number of workers nor a percentage; write 3, or 10 %")
    return Share(percent=float(found[1])) if found[2] else Share(count=int(found[1]))


_SHARE = re.compile(r"([0-9]{1,6})\s*(%?)")

_LABELS = {"deadline": "At latest", "until": "Until"}


def _moment(text: str, field: str, label: str, now: int, zone: tzinfo) -> int | None:
    if not text:
        return None
    try:
        return read_moment(text, datetime.fromtimestamp(now / 1000, UTC).astimezone(zone))
    except BadValue as error:
        raise Unclear(f"{label}: {error.problem}; {error.hint}.", field) from None
