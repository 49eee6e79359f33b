"""Where one can go from every page: the main menu, and what is beside it under "Farm". One sees what one may open."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from .access.callers import caller
from .access.needs import NEEDS


@dataclass(frozen=True)
class Place:
    """A page in a menu. section: of the main menu, as the pages name theirs."""

    section: str
    endpoint: str
    words: str

    @property
    def here(self) -> bool:
        return request.endpoint == self.endpoint


MAIN = (
    Place("workers", "pages.workers", "Workers"),
    Place("rollouts", "rolloutpages.every", "Rolling"),
    Place("jobs", "jobpages.jobs", "Jobs"),
    Place("tags", "tagpages.every", "Tags"),
    Place("farm", "historypages.farm", "Farm"),
)

# What is set up seldom, and looked up now and then.
FARM = (
    Place("farm", "historypages.farm", "Over time"),
    Place("farm", "agentpages.every", "Agents"),
    Place("farm", "joinpages.show", "Joining"),
    Place("farm", "peoplepages.people", "People"),
    Place("farm", "tokenpages.all_of_them", "Tokens"),
    Place("farm", "noticepages.show", "Notices"),
    Place("farm", "auditpages.show", "Audit"),
)


def open_to_me(places: Sequence[Place]) -> list[Place]:
    """Return those that the caller may open."""
    return [place for place in places if caller().may(NEEDS[place.endpoint]).granted]


def main_menu() -> list[Place]:
    return open_to_me(MAIN)


def farm_menu() -> list[Place]:
    return open_to_me(FARM)
