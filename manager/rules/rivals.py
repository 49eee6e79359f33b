"""What comes of a wish where another is pending: two operators who disagree, or an operator and the farm. Pure.

RULINGS is the whole of it: what is answered to the second, what the event tells the first, and the table in the docs
are made from it.
"""

from collections.abc import Mapping
from enum import Enum
from math import inf

from ...worker.wire import Request, Status
from .workers import Pending, Terms, is_farm


class Meeting(Enum):
    """How a wish compares with the one that is pending."""

    SAME = "the same"
    SOONER = "the same, sooner"
    LATER = "the same, later"
    OTHER_END = "the same, until another time"
    OTHER = "something else"


class Rival(Enum):
    """Who meets whom."""

    SELF = "who asked for it"
    OPERATOR = "another operator"
    OPERATOR_OF_FARM = "an operator, where the farm asked by itself"
    FARM_OF_OPERATOR = "the farm by itself, where an operator asked"


class Ruling(Enum):
    """What comes of it. The first's who and when stay, unless the wish replaces what is pending."""

    NOTHING = "nothing: was asked already"
    CONFIRMS = "confirms it: the first one's name and time stay"
    REPLACES = "replaces it, and both are told"
    REFUSED = "refused: what is pending holds until it is taken back"


RULINGS: Mapping[Rival, Mapping[Meeting, Ruling]] = {
    # Whoever asked may think better of it.
    Rival.SELF: {
        Meeting.SAME: Ruling.NOTHING,
        Meeting.SOONER: Ruling.REPLACES,
        Meeting.LATER: Ruling.REPLACES,
        Meeting.OTHER_END: Ruling.REPLACES,
        Meeting.OTHER: Ruling.REPLACES,
    },
    # The newer wish counts, but nobody undoes unawares that somebody is in a hurry.
    Rival.OPERATOR: {
        Meeting.SAME: Ruling.CONFIRMS,
        Meeting.SOONER: Ruling.REPLACES,
        Meeting.LATER: Ruling.REFUSED,
        Meeting.OTHER_END: Ruling.REPLACES,
        Meeting.OTHER: Ruling.REPLACES,
    },
    Rival.OPERATOR_OF_FARM: dict.fromkeys(Meeting, Ruling.REPLACES),
    Rival.FARM_OF_OPERATOR: {**dict.fromkeys(Meeting, Ruling.REFUSED), Meeting.SAME: Ruling.NOTHING},
}


def meeting(pending: Pending, wish: Request, terms: Terms) -> Meeting:
    """Compare a wish with the one that is pending."""
    if pending.wish.status is not wish.status:
        return Meeting.OTHER
    was, now = latest(pending.wish, pending.terms), latest(wish, terms)
    if was != now:
        return Meeting.SOONER if now < was else Meeting.LATER
    return Meeting.SAME if pending.terms.until == terms.until else Meeting.OTHER_END


def latest(wish: Request, terms: Terms) -> float:
    """Return when a wish is immediate: -inf for at once, inf for when the task is finished, however long that takes."""
    if not wish.lazy or wish.status is Status.AWAKE:
        return -inf
    return inf if terms.deadline is None else terms.deadline


def rival(pending: Pending, by: str) -> Rival:
    """Say who meets whom."""
    if pending.by == by:
        return Rival.SELF
    if is_farm(pending.by) and not is_farm(by):
        return Rival.OPERATOR_OF_FARM
    if is_farm(by) and not is_farm(pending.by):
        return Rival.FARM_OF_OPERATOR
    return Rival.OPERATOR


def ruling(pending: Pending, wish: Request, terms: Terms, by: str) -> Ruling:
    """Look up what comes of a wish while another is pending."""
    return RULINGS[rival(pending, by)][meeting(pending, wish, terms)]


def rulings_markdown() -> str:
    """Render RULINGS as the table of the reference."""
    header = ["The newer wish, beside the pending one, is", *(rival.value for rival in Rival)]
    rows = [[meeting.value, *(RULINGS[rival][meeting].value for rival in Rival)] for meeting in Meeting]
    return "".join(f"| {' | '.join(row)} |\n" for row in [header, ["---"] * len(header), *rows])
