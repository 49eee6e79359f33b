"""What comes of an action in every situation. Pure.

OUTCOMES is the whole of it: the operator's messages, the page's plan and the table in the docs are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...worker.wire import REQUESTABLE, Request, Status
from .workers import Situation, Worker, situation

LABELS: Mapping[Status, str] = {
    Status.OFFLINE: "Shut Down",
    Status.RESTART: "Restart",
    Status.ASLEEP: "Send to Sleep",
    Status.AWAKE: "Wake Up",
}


@dataclass(frozen=True)
class Accepted:
    """It is asked of the worker; the texts complete "NAME ..." for the two flavours."""

    lazy: str
    immediate: str


@dataclass(frozen=True)
class Already:
    """It is so already: nothing is asked, and what was pending is withdrawn."""

    text: str


@dataclass(frozen=True)
class Refusal:
    """It cannot be asked."""

    text: str


Outcome = Accepted | Already | Refusal


def _both(text: str) -> Accepted:
    return Accepted(text, text)


def _when(moment: str) -> Mapping[Status, Outcome]:
    return {
        Status.OFFLINE: _both(f"shuts down as soon as {moment}"),
        Status.RESTART: _both(f"restarts as soon as {moment}"),
        Status.ASLEEP: _both(f"goes to sleep as soon as {moment}"),
        Status.AWAKE: _both(f"is awake as soon as {moment}"),
    }


_OUTSIDE = Refusal("wants to join: let it in first")

OUTCOMES: Mapping[Situation, Mapping[Status, Outcome]] = {
    Situation.WAITING: dict.fromkeys(REQUESTABLE, _OUTSIDE),
    Situation.STARTING: _when("it has started"),
    Situation.IDLE: {
        Status.OFFLINE: _both("shuts down now"),
        Status.RESTART: _both("restarts now"),
        Status.ASLEEP: _both("goes to sleep now"),
        Status.AWAKE: Already("is awake already"),
    },
    Situation.BUSY: {
        Status.OFFLINE: Accepted(
            "shuts down when its task is finished", "aborts its task, which is queued again, and shuts down"
        ),
        Status.RESTART: Accepted(
            "restarts when its task is finished", "aborts its task, which is queued again, and restarts"
        ),
        Status.ASLEEP: Accepted(
            "goes to sleep when its task is finished", "aborts its task, which is queued again, and goes to sleep"
        ),
        Status.AWAKE: Already("is awake already"),
    },
    Situation.BETWEEN: {
        Status.OFFLINE: _both("shuts down before it takes another task"),
        Status.RESTART: _both("restarts before it takes another task"),
        Status.ASLEEP: _both("goes to sleep before it takes another task"),
        Status.AWAKE: Already("is awake already"),
    },
    Situation.ASLEEP: {
        Status.OFFLINE: _both("shuts down now"),
        Status.RESTART: _both("restarts now and sleeps on"),
        Status.ASLEEP: Already("is asleep already"),
        Status.AWAKE: _both("wakes up now"),
    },
    Situation.OFFLINE: {
        Status.OFFLINE: Already("is offline already"),
        Status.RESTART: Refusal("is offline: start it on its machine"),
        Status.ASLEEP: _both("starts asleep next time"),
        Status.AWAKE: _both("starts awake next time"),
    },
    Situation.RESTARTING: {
        **_when("it has started again"),
        Status.RESTART: Already("is restarting already"),
    },
    Situation.LOST: _when("it is heard of again"),
}


def outcome(worker: Worker, wish: Request) -> Outcome:
    """Look up what comes of a wish."""
    found = OUTCOMES[situation(worker)][wish.status]
    if wish.status is Status.RESTART and not worker.can_restart and not isinstance(found, Refusal):
        return Refusal("cannot restart: it was started without a restart code (--restart-exit-code)")
    if isinstance(found, Refusal) and worker.attended is not None:
        return Refusal("is offline: press Start in its row, and its agent starts it")
    starts = worker.resume or Status.AWAKE
    if situation(worker) is Situation.OFFLINE and wish.status is starts:
        return Already(f"starts {starts.value} next time anyway")
    return found


def outcomes_markdown() -> str:
    """Render OUTCOMES as the table of the reference."""
    header = ["Worker is", "Flavour", *LABELS.values()]
    rows = [header, ["---"] * len(header)]
    for place, outcomes in OUTCOMES.items():
        lazy = [_cell(outcomes[status], lazy=True) for status in LABELS]
        immediate = [_cell(outcomes[status], lazy=False) for status in LABELS]
        if lazy == immediate:
            rows.append([place.value, "both", *lazy])
        else:
            rows += [[place.value, "after task", *lazy], [place.value, "immediately", *immediate]]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(outcome: Outcome, *, lazy: bool) -> str:
    match outcome:
        case Accepted():
            return outcome.lazy if lazy else outcome.immediate
        case Already(text):
            return f"nothing: {text}"
        case Refusal(text):
            return f"refused: {text}"
