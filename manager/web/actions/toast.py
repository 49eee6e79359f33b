"""How far a request has come: asked for → seen → confirmed. Pure; it says no more than the events do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from ....worker.wire import Request, Status
from ...rules.actions import asker
from ...rules.facts import Kind
from ...storage.events import Event
from ..moments import Moment
from ..workers.timeline import wish_of
from .menu import wish_words

# The last stage in words; a restart is confirmed by the sign-on of the new process.
END = {Status.OFFLINE: "shut down", Status.RESTART: "restarted", Status.ASLEEP: "asleep", Status.AWAKE: "awake"}

# A toast that is complete stays as long as this, in milliseconds.
LINGER = 6000


class Stage(IntEnum):
    ASKED = 0
    SEEN = 1
    CONFIRMED = 2


@dataclass(frozen=True)
class Course:
    """How far one worker has come with what was asked of it. ended: why it will come no further.

    held_until: until when it can be undone, milliseconds since the epoch, or None.
    """

    request_id: str
    stage: Stage = Stage.ASKED
    ended: str = ""
    held_until: int | None = None

    @property
    def over(self) -> bool:
        return bool(self.ended) or self.stage is Stage.CONFIRMED


@dataclass(frozen=True)
class Following:
    """One click and the workers it concerned, by id; last_at is when something last changed about them.

    span: the events that it made, as an address names them.
    """

    wish: Request
    by: str
    workers: Mapping[str, Course]
    last_at: int
    span: str = ""

    @property
    def over(self) -> bool:
        return all(course.over for course in self.workers.values())

    @property
    def held_until(self) -> int | None:
        """Return until when some of it can be undone before anything is aborted."""
        times = [course.held_until for course in self.workers.values() if course.held_until and not course.over]
        return max(times, default=None)


def begin(made: Iterable[Event]) -> Following | None:
    """Follow the requests that one click made, from their events; None where there are none."""
    asked = [event for event in made if event.kind is Kind.REQUEST_MADE and event.worker_id]
    if not asked:
        return None
    first = asked[0]
    mine = [event for event in asked if wish_of(event) == wish_of(first) and event.who == first.who]
    courses = {str(event.worker_id): _begun(event) for event in mine}
    return Following(wish_of(first), first.who, courses, mine[-1].at)


def _begun(event: Event) -> Course:
    deadline = event.detail.get("deadline")
    held = deadline if event.detail.get("held") and isinstance(deadline, int) else None
    return Course(str(event.detail["request"]), held_until=held)


def follow(following: Following, events: Iterable[Event]) -> Following:
    """Take in what happened since, oldest first."""
    workers, last_at = dict(following.workers), following.last_at
    for event in events:
        course = workers.get(event.worker_id or "")
        if course is None or course.over:
            continue
        after = advance(course, event)
        if after != course:
            workers[str(event.worker_id)], last_at = after, event.at
    return replace(following, workers=workers, last_at=last_at)


# What `advance` heeds.
TELLING = frozenset(
    {
        *(Kind.REQUEST_MADE, Kind.REQUEST_SEEN, Kind.REQUEST_DONE, Kind.REQUEST_ESCALATED, Kind.REQUEST_WITHDRAWN),
        *(Kind.WORKER_DELETED, Kind.WORKER_REVOKED),
    }
)


def advance(course: Course, event: Event) -> Course:
    """Say where a course stands after an event of its worker."""
    mine = event.detail.get("request") == course.request_id
    match event.kind:
        case Kind.REQUEST_SEEN if mine:
            return replace(course, stage=max(course.stage, Stage.SEEN))
        case Kind.REQUEST_DONE if mine:
            return replace(course, stage=Stage.CONFIRMED)
        case Kind.REQUEST_ESCALATED if mine:
            return replace(course, held_until=None)
        case Kind.REQUEST_WITHDRAWN if mine:
            return replace(course, ended="undone" if course.held_until else "taken back")
        case Kind.REQUEST_MADE if event.detail.get("replaces") == course.request_id:
            return replace(course, ended=f"replaced by what {asker(event.who)} asked for")
        case Kind.WORKER_DELETED | Kind.WORKER_REVOKED:
            return replace(course, ended="deleted")
        case _:
            return course


@dataclass(frozen=True)
class Bar:
    count: int
    word: str
    percent: int


@dataclass(frozen=True)
class Toast:
    """What the toast shows. over: nothing more comes of it. undo: until when it can be undone; span: which click."""

    title: str
    bars: Sequence[Bar]
    remarks: Sequence[str]
    over: bool
    undo: Moment | None = None
    span: str = ""


def toast(following: Following, now: int) -> Toast | None:
    """Show how far it has come, or nothing once it has been complete for a while."""
    if following.over and now - following.last_at > LINGER:
        return None
    courses = following.workers.values()
    total = len(courses)

    def bar(stage: Stage, word: str) -> Bar:
        count = sum(course.stage >= stage for course in courses)
        return Bar(count, word, 100 * count // total)

    ends = [course.ended for course in courses if course.ended]
    return Toast(
        title=f"{wish_words(following.wish)}, asked for by {asker(following.by)}",
        bars=[
            bar(Stage.ASKED, "asked"),
            bar(Stage.SEEN, "seen"),
            bar(Stage.CONFIRMED, END[following.wish.status]),
        ],
        remarks=[f"{ends.count(why)} {why}" for why in sorted(set(ends))],
        over=following.over,
        undo=None if following.held_until is None else Moment(following.held_until, now),
        span=following.span,
    )
