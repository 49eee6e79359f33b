"""A worker's history in words, from its events. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ....worker.wire import Request, Status
from ...rules.actions import asker
from ...rules.attended import UP
from ...rules.exits import exit_words
from ...rules.facts import Kind
from ...storage.events import Event
from ..actions.menu import wish_words
from ..actions.termwords import joined, quoted, until_words
from ..moments import Moment, exact


@dataclass(frozen=True)
class Step:
    """One thing that happened. symbol: its name in the sprite; starts, ends: an operator's wish does here.

    trails: it is of the change before it, and only told late.
    """

    symbol: str
    title: str
    detail: str
    at: Moment
    starts: bool = False
    ends: bool = False
    trails: bool = False

    @property
    def css(self) -> str:
        return "icon" if self.symbol.startswith("i-") else "glyph"


@dataclass(frozen=True)
class Context:
    """What the words for an event depend on: the request in force, and when things began. Times in milliseconds.

    service: what was told last of its service.
    """

    wish: Request | None = None
    asked_at: int = 0
    off_at: int | None = None
    service: object = None


Words = tuple[str, str, str]

# systemd's word for it, systemd.exec(5), $SERVICE_RESULT.
START_LIMIT_HIT = "start-limit-hit"

# The manager is told that a worker goes, not how its process ended: the code is what the worker promises.
_MEANS = {
    Status.RESTART: "to exit with its restart code: start me again",
    Status.OFFLINE: "to exit with code 0: stay stopped",
}


def _signed_off(event: Event, context: Context) -> Words:
    means = _MEANS.get(context.wish.status) if context.wish else None
    return "s-offline", "Signed off", means or "nobody had asked it here; its machine stopped it"


def _signed_on(event: Event, context: Context) -> Words:
    if context.off_at is None:
        return "s-starting", "Signed on", ""
    return "s-starting", "Signed on again", f"back after {exact(event.at - context.off_at)}"


def _made(event: Event, _context: Context) -> Words:
    """Say who asked, whose wish that replaced, on which terms and why."""
    detail = event.detail
    said = [f"by {asker(event.who)}"]
    if "of" in detail and detail["of"] != event.who:
        said.append(f"instead of what {asker(str(detail['of']))} had asked for")
    late, until, held = _number(event, "deadline"), _number(event, "until"), "held" in detail
    if late:
        said.append(
            f"{'to be undone for' if held else 'at the latest'} {exact(late - event.at)}{'' if held else ' later'}"
        )
    said += [until_words(int(until), event.at), quoted(str(detail.get("reason", "")))]
    return "i-user", f"{wish_words(wish_of(event))} asked for", joined(*said)


def _withdrawn(event: Event, _context: Context) -> Words:
    why = f"by {event.who}" if event.who else str(event.detail.get("why", ""))
    of = str(event.detail.get("of", event.who))
    whose = f"{asker(of)} had asked for it" if of != event.who else ""
    return "i-close", f"{wish_words(wish_of(event))} taken back", joined(why, whose)


def _seen(event: Event, context: Context) -> Words:
    return "i-check", "Seen by the worker", _after(event, context)


def _done(event: Event, context: Context) -> Words:
    status = Status(str(event.detail["status"]))
    word = {Status.OFFLINE: "Shut down", Status.RESTART: "Restarted", Status.ASLEEP: "Asleep", Status.AWAKE: "Awake"}
    return "s-done", f"{word[status]}, as asked", _after(event, context)


def _after(event: Event, context: Context) -> str:
    return f"{exact(event.at - context.asked_at)} after it was asked for" if context.asked_at else ""


def _schedule(event: Event, _context: Context) -> Words:
    detail = event.detail
    done = "changed" if event.kind is Kind.SCHEDULE_CHANGED else "removed"
    off = "" if detail["active"] else "not in force"
    windows = ", ".join(str(window) for window in cast(Sequence[object], detail["windows"]))
    return "s-asleep", f"Sleep schedule {done}", joined(f"by {event.who}", f"{windows} ({detail['zone']})", off)


def _how(event: Event) -> str:
    """Say how a worker came in."""
    if event.detail.get("waiting"):
        return "and wants to join"
    return "with an enrolment code" if "code" in event.detail else ""


WORDS: Mapping[Kind, Callable[[Event, Context], Words]] = {
    Kind.WORKER_REGISTERED: lambda event, _: ("i-plus", "Registered", _how(event)),
    Kind.WORKER_ADMITTED: lambda event, _: ("i-user", "Let in", f"by {event.who}"),
    Kind.WORKER_SIGNED_ON: _signed_on,
    Kind.WORKER_STATUS: lambda event, _: (_glyph(event, "to"), f"Is now {event.detail['to']}", ""),
    Kind.WORKER_SIGNED_OFF: _signed_off,
    Kind.WORKER_LOST: lambda event, _: ("s-error", "Lost", f"no sign of life for {exact(_number(event, 'silent'))}"),
    Kind.WORKER_BACK: lambda event, _: (_glyph(event, "to"), "Heard of again", f"it is {event.detail['to']}"),
    Kind.REQUEST_MADE: _made,
    Kind.REQUEST_SEEN: _seen,
    Kind.REQUEST_DONE: _done,
    Kind.REQUEST_WITHDRAWN: _withdrawn,
    Kind.REQUEST_CONFIRMED: lambda event, _: (
        "i-user",
        f"{wish_words(wish_of(event))} asked for by {asker(event.who)} as well",
        f"{asker(str(event.detail['of']))} was first, and it stays as it was",
    ),
    Kind.REQUEST_REFUSED: lambda event, _: (
        "i-close",
        f"{wish_words(wish_of(event))} refused to {asker(event.who)}",
        f"what {asker(str(event.detail['of']))} had asked for holds",
    ),
    Kind.REQUEST_ESCALATED: lambda event, context: (
        "i-user",
        f"{wish_words(wish_of(event))} from now on",
        f"{'nobody undid it' if event.detail.get('held') else 'its deadline came'} {_after(event, context)}".rstrip(),
    ),
    Kind.SERVICE_CHANGED: lambda event, _: _service(event),
    Kind.SERVICE_RESTARTED: lambda event, _: _started_again(event),
    Kind.TICKET_MADE: lambda event, _: ("i-user", f"Its agent asked to {event.detail['verb']} it", f"by {event.who}"),
    Kind.TICKET_TAKEN: lambda event, _: ("i-check", "Taken by its agent", ""),
    Kind.TICKET_ENDED: lambda event, _: _ticket_ended(event),
    Kind.WORKER_DRILLED: lambda event, _: ("i-user", "That restart is a drill", f"by {event.who}"),
    Kind.SCHEDULE_CHANGED: _schedule,
    Kind.SCHEDULE_DELETED: _schedule,
}


def _service(event: Event) -> Words:
    """Say how the service is that runs a worker."""
    detail = event.detail
    why = "" if detail["holds"] else f"its restart is broken: {detail['why']}"
    limit = "it was started too often: its start limit is hit" if detail["result"] == START_LIMIT_HIT else ""
    glyph = {"active": "s-idle", "failed": "s-error"}.get(str(detail["active"]), "s-offline")
    said = joined(exit_words(str(detail["exit"])), limit, why)
    return glyph, f"Its service {detail['service']} is {detail['active']}", said


def _started_again(event: Event) -> Words:
    """Say what its agent attests of a restart; how the former run ended, and for how long nothing ran, if it knows."""
    detail = event.detail
    exit, down = str(detail["exit"]), detail.get("down")
    ended = f"Ended with {exit_words(exit)}, and was" if exit else "Was"
    how = "started again by its supervisor" if detail["by_itself"] else "started anew"
    gap = f" in {exact(down)}" if isinstance(down, int) and detail["by_itself"] else ""
    return "s-starting", f"{ended} {how}{gap}", f"{detail['service']}, attested by its agent"


def _ticket_ended(event: Event) -> Words:
    done = event.detail["outcome"] == "done"
    verb = {"start": "Started", "restart": "Restarted"}[str(event.detail["verb"])]
    if done:
        return "s-done", f"{verb} by its agent", ""
    return "s-error", f"Not {verb.lower()} by its agent", str(event.detail["text"])


# What happens to the worker itself; stints.py tells of its tasks.
LIFE = WORDS.keys()

_GLYPHS = {"awake": "s-idle", "asleep": "s-asleep", "offline": "s-offline", "error": "s-error"}


def _glyph(event: Event, key: str) -> str:
    return _GLYPHS.get(str(event.detail[key]), "s-starting")


def _number(event: Event, key: str) -> float:
    value = event.detail.get(key)
    return value if isinstance(value, int | float) else 0


def wish_of(event: Event) -> Request:
    """Return what was wished; what could be undone for a while is meant immediately."""
    lazy = bool(event.detail.get("lazy")) and not event.detail.get("held")
    return Request(Status(str(event.detail["status"])), lazy=lazy)


def steps(events: Iterable[Event], now: int) -> list[Step]:
    """Tell a worker's events, oldest first."""
    context, told = Context(), []
    for event in events:
        if event.kind is Kind.REQUEST_MADE:
            context = replace(context, wish=wish_of(event), asked_at=event.at)
        if event.kind in WORDS and not _known(context, event):
            symbol, title, detail = WORDS[event.kind](event, context)
            told.append(
                Step(
                    symbol=symbol,
                    title=title,
                    detail=detail,
                    at=Moment(event.at, now),
                    starts=event.kind is Kind.REQUEST_MADE,
                    ends=event.kind in (Kind.REQUEST_DONE, Kind.REQUEST_WITHDRAWN),
                    trails=event.kind is Kind.SERVICE_RESTARTED,
                )
            )
        context = after(context, event)
    return told


def after(context: Context, event: Event) -> Context:
    """Return what the next words depend on."""
    match event.kind:
        case Kind.REQUEST_DONE | Kind.REQUEST_WITHDRAWN:
            return replace(context, wish=None, asked_at=0)
        case Kind.WORKER_SIGNED_OFF | Kind.WORKER_LOST:
            return replace(context, off_at=event.at)
        case Kind.WORKER_SIGNED_ON | Kind.WORKER_BACK:
            return replace(context, off_at=None)
        case Kind.SERVICE_CHANGED:
            return replace(context, service=_judged(event))
        case _:
            return context


def _known(context: Context, event: Event) -> bool:
    """Say whether an event tells of a service what is known: a new run of it, of which another event tells."""
    return event.kind is Kind.SERVICE_CHANGED and context.service == _judged(event) and event.detail["active"] in UP


def _judged(event: Event) -> object:
    return event.detail["service"], event.detail["active"] in UP, event.detail["holds"], event.detail["why"]


def last_change(told: Sequence[Step]) -> Sequence[Step]:
    """Return the steps from an operator's last wish to its end, or to now; none if nobody asked for anything."""
    starts = [i for i, step in enumerate(told) if step.starts]
    if not starts:
        return ()
    ends = [i for i, step in enumerate(told) if step.ends and i > starts[-1]]
    if not ends:
        return told[starts[-1] :]
    end = ends[0] + 1
    while end < len(told) and told[end].trails:
        end += 1
    return told[starts[-1] : end]
