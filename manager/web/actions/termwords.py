"""The words for deadlines, ends and reasons. Pure."""

from ...rules.workers import LastWish, Terms
from ..moments import Moment


def terms_words(terms: Terms, now: int, *, lazy: bool) -> str:
    """Say until when it waits for the task, when it ends, and why it was asked for; "" where nothing is said."""
    late = f"at the latest {Moment(terms.deadline, now).minute}" if terms.deadline and lazy else ""
    return joined(late, until_words(terms.until, now), quoted(terms.reason))


def rest_words(wished: LastWish, now: int) -> str:
    """Say until when a worker rests, and why."""
    return joined(until_words(wished.until, now), f"{wished.by}: {quoted(wished.reason)}" if wished.reason else "")


def until_words(until: int | None, now: int) -> str:
    return f"until {Moment(until, now).minute}" if until else ""


def quoted(reason: str) -> str:
    return f"“{reason}”" if reason else ""


def joined(*parts: str) -> str:
    """Put those parts in a row that say anything."""
    return "; ".join(filter(None, parts))
