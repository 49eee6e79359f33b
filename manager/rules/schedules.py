"""When workers sleep by themselves. Pure: the moment is an argument; times are milliseconds since the epoch.

A window begins, and ends, when the clocks of its zone first show that time or jump over it (`first_at`). So what would
begin in the hour that spring leaves out begins when the clocks go forward, and what lies within that hour is left out
with it; of the hour that autumn repeats, the first counts. Every window is one stretch of time, whatever the clocks do.

A worker may have several schedules, its own and its tags': it sleeps where any of them says so. Only the edges of that
act. What a person asked for holds until the next edge, and what is still pending is not replaced by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ...worker.wire import Request, Status
from . import actions, workers
from .windows import Window
from .workers import Moved, Situation, Terms, Worker, is_farm, situation

# A window of one day a week recurs within 14 days even where a day, or its hour, is left out between two.
LOOK = timedelta(days=15)

# Where to look first: most have an edge on every working day.
NEAR = timedelta(days=4)

# Who asks it.
BY = "sleep schedule"

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """Windows in which workers sleep. lazy: they finish their tasks first. of: whose it is, in words."""

    zone: ZoneInfo
    windows: tuple[Window, ...]
    lazy: bool = True
    active: bool = True
    of: str = "its schedule"


@dataclass(frozen=True)
class Sleep:
    """One stretch of sleep; None where it begins, or ends, further away than was looked."""

    begins: int | None
    ends: int | None


@dataclass(frozen=True)
class Verdict:
    """What schedules say about a moment. lazy: a worker that goes to sleep finishes its task first.

    reason: why, in words. since, until: the edges before and after it, None where there is none within LOOK.
    """

    status: Status
    lazy: bool
    reason: str
    since: int | None
    until: int | None


# -- when


def first_at(zone: ZoneInfo, wall: datetime) -> int:
    """Return when the zone's clocks first show a time, or jump over it."""
    found = wall.replace(tzinfo=zone).astimezone(UTC)  # the first, where it comes twice
    if _shown(zone, found) == wall:
        return _epoch(found)
    # The clocks jump over it. They do so between these two, the readings of it by the offsets after and before.
    low, high = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (1, 0))
    while high - low > 1:
        middle = (low + high) // 2
        if _shown(zone, datetime.fromtimestamp(middle, UTC)) < wall:
            low = middle
        else:
            high = middle
    return high * 1000


def _shown(zone: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def stretches(schedule: Schedule, after: datetime, before: datetime) -> Iterator[tuple[int, int, Window]]:
    """Yield when each window begins and ends, all those among them that touch the time between two moments (UTC)."""
    # A window that began two days ago may end today where a zone left a day out.
    day = _shown(schedule.zone, after).date() - 2 * _DAY
    last = _shown(schedule.zone, before).date()
    while day <= last:
        for window in schedule.windows:
            if day.weekday() in window.days:
                begins, ends = _on(schedule.zone, day, window)
                if begins < ends:  # else the clocks jump over all of it
                    yield begins, ends, window
        day += _DAY


def _on(zone: ZoneInfo, day: date, window: Window) -> tuple[int, int]:
    midnight = datetime(day.year, day.month, day.day)
    begins = midnight + window.begins * _MINUTE
    ends = midnight + window.ends * _MINUTE + (_DAY if window.overnight else timedelta())
    return first_at(zone, begins), first_at(zone, ends)


def sleeps(schedules: Iterable[Schedule], after: datetime, before: datetime) -> list[Sleep]:
    """Return the stretches of sleep between two moments (UTC), in their order: what overlaps or touches is one."""
    joined: list[tuple[int, int]] = []
    spans = ((begins, ends) for each in schedules if each.active for begins, ends, _ in stretches(each, after, before))
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    low, high = _epoch(after), _epoch(before)
    return [
        Sleep(begins if begins > low else None, ends if ends < high else None)
        for begins, ends in joined
        if ends > low and begins < high
    ]


def coming(schedules: Iterable[Schedule], at: int, count: int = 5) -> list[Sleep]:
    """Return the next stretches of sleep, the one that lasts now among them."""
    now = _moment(at)
    found = sleeps(schedules, now - LOOK, now + LOOK + count * timedelta(days=7))
    return [sleep for sleep in found if sleep.ends is None or sleep.ends > at][:count]


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


# -- what


def judge(schedules: Iterable[Schedule], at: int) -> Verdict | None:
    """Say what schedules want of a worker at a moment; None where none of them is in force."""
    active = [schedule for schedule in schedules if schedule.active]
    if not active:
        return None
    now = _moment(at)
    since, until = _edges(active, now, NEAR)
    if since is None or until is None:
        since, until = _edges(active, now, LOOK)
    open_now = [
        (schedule, window)
        for schedule in active
        for begins, ends, window in stretches(schedule, now, now)
        if begins <= at < ends
    ]
    if not open_now:
        return Verdict(Status.AWAKE, False, "no window of its sleep schedule is open", since, until)
    lazy = all(schedule.lazy for schedule, _ in open_now)
    return Verdict(Status.ASLEEP, lazy, "; ".join(dict.fromkeys(_because(*each) for each in open_now)), since, until)


def _edges(active: Sequence[Schedule], now: datetime, look: timedelta) -> tuple[int | None, int | None]:
    """Return the edges before and after a moment, None where there is none so near."""
    at, near = _epoch(now), sleeps(active, now - look, now + look)
    edges = [edge for sleep in near for edge in (sleep.begins, sleep.ends) if edge is not None]
    before, after = [edge for edge in edges if edge <= at], [edge for edge in edges if edge > at]
    return max(before, default=None), min(after, default=None)


def _because(schedule: Schedule, window: Window) -> str:
    return f"{schedule.of} says {window} ({schedule.zone.key})"


def edge_after(schedule: Schedule, at: int) -> int | None:
    """Return when a schedule next has something to say, or None."""
    verdict = judge([schedule], at)
    return None if verdict is None else verdict.until


# -- who does it


def start_status(worker: Worker, verdict: Verdict | None) -> Status:
    """Return the status that a worker signing on is told to take: its schedule's, unless a person said otherwise."""
    if worker.request is None and verdict is not None and not worker.waiting and not held(worker, verdict):
        return verdict.status
    return workers.start_status(worker)


def held(worker: Worker, verdict: Verdict) -> bool:
    """Say whether what a person asked of the worker still holds: it was asked for since the last edge."""
    wished = worker.wished
    return wished is not None and (verdict.since is None or wished.at >= verdict.since)


def ask(worker: Worker, verdict: Verdict, *, id: str, now: int) -> Moved:
    """Ask of a worker what its schedule says now.

    One that is offline stays so: it starts in the right state. What somebody else asked for, and is pending, stays, and
    so does what a person asked for until a time that has not come.
    """
    pending, wished = worker.request, worker.wished
    if situation(worker) in (Situation.OFFLINE, Situation.RESTARTING):
        return _forget(worker, verdict)
    is_held = wished is not None and wished.until is not None and wished.until > now
    is_so = pending is None and worker.status is verdict.status
    # actions.ask knows persons from the farm, and not the farm's own from one another.
    is_others = pending is not None and pending.by != BY and is_farm(pending.by)
    if is_held or is_so or is_others:
        return Moved(worker)
    wish, terms = Request(verdict.status, verdict.lazy), Terms(reason=verdict.reason)
    return actions.ask(worker, wish, id=id, by=BY, now=now, terms=terms).moved


def _forget(worker: Worker, verdict: Verdict) -> Moved:
    """Take back what a schedule asked of a worker before it left, if that is not right any more."""
    pending = worker.request
    if pending is None or pending.by != BY or pending.wish.status is verdict.status:
        return Moved(worker)
    return actions.withdraw(worker, why="its sleep schedule says otherwise by now").moved


def overrule(worker: Worker, verdict: Verdict, *, id: str, now: int) -> Moved:
    """Ask it of a worker whose schedule was changed just now: that is newer than what a person asked for before."""
    wished = worker.wished
    forgotten = wished is not None and wished.status is not verdict.status
    return ask(replace(worker, wished=None) if forgotten else worker, verdict, id=id, now=now)


def passed(verdict: Verdict, since: int) -> bool:
    """Say whether there was an edge at `since` or after it."""
    return verdict.since is not None and verdict.since >= since


def changed(before: Verdict | None, after: Verdict | None, worker: Worker) -> Verdict | None:
    """Say what is to be asked of a worker now that its schedules are others; None for nothing.

    Those whose time it is go to sleep; those awake again wake up that only slept by schedule.
    """
    slept = before is not None and before.status is Status.ASLEEP
    sleeps = after is not None and after.status is Status.ASLEEP
    if sleeps and not slept:
        return after
    if before is not None and slept and not sleeps and not held(worker, before):
        return after or Verdict(Status.AWAKE, False, "it has no sleep schedule any more", None, None)
    return None
