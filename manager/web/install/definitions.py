"""By what definition a worker runs, in the words of the pages. Pure."""

from dataclasses import dataclass

from ...rules.drift import Drift, Judgement


@dataclass(frozen=True)
class Badge:
    """A judgement in a word; tone is "ok", "warn" or ""."""

    tone: str
    word: str


_BADGES = {
    Drift.SAME: Badge("ok", "As generated"),
    Drift.DIFFERS: Badge("warn", "Differs"),
    Drift.UNKNOWN: Badge("", "Unknown"),
}


def badge(told: Judgement) -> Badge:
    return _BADGES[told.drift]


def made_for(told: Judgement) -> str:
    """Say whose definition it is, "" where that is not known."""
    if told.recipe is None:
        return ""
    title = told.recipe.dialect.title
    return f"{title} with Farmhand" if told.recipe.way == "supervised" else title
