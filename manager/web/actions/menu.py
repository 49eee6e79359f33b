"""The menu "Choose an action…", and the words for what was asked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ....worker.wire import Request, Status
from ...rules.outcomes import LABELS


@dataclass(frozen=True)
class Action:
    """One entry of the menu; `key` is what the form sends."""

    key: str
    wish: Request

    @property
    def title(self) -> str:
        return LABELS[self.wish.status]

    @property
    def label(self) -> str:
        if self.wish.status is Status.AWAKE:
            return self.title
        return f"{self.title} ({'after task is finished' if self.wish.lazy else 'immediately'})"

    @property
    def restarts(self) -> bool:
        return self.wish.status is Status.RESTART


ACTIONS: Mapping[str, Action] = {
    action.key: action
    for action in (
        Action("shutdown-lazy", Request(Status.OFFLINE, lazy=True)),
        Action("shutdown", Request(Status.OFFLINE)),
        Action("restart-lazy", Request(Status.RESTART, lazy=True)),
        Action("restart", Request(Status.RESTART)),
        Action("asleep-lazy", Request(Status.ASLEEP, lazy=True)),
        Action("asleep", Request(Status.ASLEEP)),
        Action("awake", Request(Status.AWAKE)),
    )
}


def menu() -> Sequence[tuple[str, Sequence[Action]]]:
    """Give the entries under the headings they stand under."""
    return [(title, list(group)) for title, group in groupby(ACTIONS.values(), lambda action: action.title)]


def wish_words(wish: Request) -> str:
    """Name a wish as the subject of a sentence: "Restart after task", "Shut Down immediately", "Wake Up"."""
    if wish.status is Status.AWAKE:
        return LABELS[wish.status]
    return f"{LABELS[wish.status]} {'after task' if wish.lazy else 'immediately'}"


_CHANGE = {Status.OFFLINE: "shut down", Status.RESTART: "restart", Status.ASLEEP: "sleep", Status.AWAKE: "wake up"}


def change_words(wish: Request) -> str:
    """Name a wish as a pending change: "restart after task", "sleep now", "wake up"."""
    if wish.status is Status.AWAKE:
        return _CHANGE[wish.status]
    return f"{_CHANGE[wish.status]} {'after task' if wish.lazy else 'now'}"
