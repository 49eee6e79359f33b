"""When workers sleep by themselves: against a clock on the wall that is looked at minute by minute."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sleeping import WINDOWS

from farmhand.manager.rules import schedules, workers
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.schedules import Schedule, Verdict, changed, coming, edge_after, first_at, judge
from farmhand.manager.rules.windows import Window, read_window
from farmhand.manager.rules.workers import LastTask, LastWish, Pending, Worker
from farmhand.worker.wire import Request, Status, TaskStatus

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000

# Where clocks do something strange, and when.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),  # 02:00 -> 03:00
    ("Europe/Berlin", date(2026, 10, 25)),  # 03:00 -> 02:00
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),  # midnight is left out
    ("America/Havana", date(2026, 11, 1)),  # midnight comes twice
    ("America/Santiago", date(2026, 4, 5)),  # the last hour of a day comes twice
    ("Antarctica/Troll", date(2026, 3, 29)),  # two hours
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a day is left out
    ("Asia/Kathmandu", date(2026, 6, 1)),  # a quarter of an hour off, and no change
    ("UTC", date(2028, 2, 29)),
    ("Europe/Berlin", date(2028, 2, 29)),
]


def at(zone: ZoneInfo, *wall: int, fold: int = 0) -> int:
    return int(datetime(*wall, tzinfo=zone, fold=fold).timestamp()) * 1000  # type: ignore[misc,arg-type]


def weekly(*windows: tuple[str, str, str], zone: ZoneInfo = BERLIN, lazy: bool = True) -> Schedule:
    return Schedule(zone, tuple(read_window(*words) for words in windows), lazy)


# -- against brute force


class Wall:
    """The clocks of a zone, minute by minute, over the days around a change."""

    def __init__(self, zone: ZoneInfo, day: date) -> None:
        middle = datetime(day.year, day.month, day.day, tzinfo=UTC)
        self.days = [day + timedelta(days=n) for n in range(-8, 9)]
        self.minutes = [middle + timedelta(minutes=n) for n in range(-10 * 1440, 10 * 1440)]
        furthest = datetime.min
        self.furthest = []
        for minute in self.minutes:
            furthest = max(furthest, minute.astimezone(zone).replace(tzinfo=None))
            self.furthest.append(furthest)

    def first(self, wall: datetime) -> int:
        """Return the first minute in which the clocks show the time, or are past it."""
        return bisect_left(self.furthest, wall)

    def asleep(self, windows: Sequence[Window]) -> list[bool]:
        asleep = [False] * len(self.minutes)
        for begins, ends in self.spans(windows):
            asleep[begins:ends] = [True] * (ends - begins)
        return asleep

    def spans(self, windows: Sequence[Window]) -> Iterator[tuple[int, int]]:
        for day in self.days:
            for window in windows:
                if day.weekday() in window.days:
                    midnight = datetime(day.year, day.month, day.day)
                    length = (window.ends - window.begins) % 1440 or 1440
                    begin = midnight + timedelta(minutes=window.begins)
                    yield self.first(begin), self.first(begin + timedelta(minutes=length))


@cache
def wall(zone: str, day: date) -> Wall:
    return Wall(ZoneInfo(zone), day)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.lists(WINDOWS, min_size=1, max_size=3),
    st.lists(st.integers(-4 * 1440, 4 * 1440), min_size=1, max_size=8),
)
def test_it_is_as_the_clock_on_the_wall_says(
    where: tuple[str, date], windows: list[Window], moments: list[int]
) -> None:
    zone, day = where
    seen, schedule = wall(zone, day), Schedule(ZoneInfo(zone), tuple(windows))
    asleep = seen.asleep(windows)
    turns = [n for n in range(1, len(asleep)) if asleep[n] != asleep[n - 1]]
    middle = 10 * 1440
    # Within the days that were looked at: turns at the ends of those are where looking ended.
    known = [n for n in turns if abs(n - middle) < 7 * 1440]
    for moment in [*(middle + n for n in moments), *(n for n in known if abs(n - middle) < 2 * 1440)]:
        verdict = judge([schedule], _epoch(seen.minutes[moment]))
        assert verdict is not None
        assert verdict.status is (Status.ASLEEP if asleep[moment] else Status.AWAKE)
        for edge, nearest in (
            (verdict.since, max((n for n in known if n <= moment), default=None)),
            (verdict.until, min((n for n in known if n > moment), default=None)),
        ):
            if nearest is not None:
                assert edge == _epoch(seen.minutes[nearest])


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(CHANGES), st.lists(WINDOWS, min_size=1, max_size=3), st.integers(-4 * 86_400_000, 4 * 86_400_000)
)
def test_what_comes_is_what_will_be_judged(where: tuple[str, date], windows: list[Window], offset: int) -> None:
    zone, day = where
    schedule = Schedule(ZoneInfo(zone), tuple(windows))
    now = at(schedule.zone, day.year, day.month, day.day) + offset
    edges = []
    moment: int | None = now
    while len(edges) < 6 and (moment := edge_after(schedule, moment)) is not None:
        edges.append(moment)
    said = [edge for sleep in coming([schedule], now) for edge in (sleep.begins, sleep.ends) if edge and edge > now]
    assert said[: len(edges)] == edges[: len(said)]
    assert len(said) >= min(len(edges), 6)


SCHEDULES = st.builds(
    Schedule,
    st.sampled_from([ZoneInfo(zone) for zone, _ in CHANGES]),
    st.lists(WINDOWS, min_size=1, max_size=2).map(tuple),
    st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(SCHEDULES, min_size=1, max_size=3), st.integers(1_770_000_000, 1_800_000_000))
def test_a_worker_sleeps_where_any_says_so_and_only_edges_change_that(several: list[Schedule], second: int) -> None:
    def status(at: int) -> Status:
        verdict = judge(several, at)
        assert verdict is not None
        return verdict.status

    now = second * 1000
    verdict = judge(several, now)
    assert verdict is not None
    apart = [judge([each], now) for each in several]
    assert (verdict.status is Status.ASLEEP) == any(each is not None and each.status is Status.ASLEEP for each in apart)
    for edge in (verdict.since, verdict.until):
        if edge is not None:
            assert status(edge - 1) is not status(edge)
            assert verdict.status is status(edge if edge <= now else edge - 1)


# -- by hand


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        (BERLIN, (2026, 3, 29, 2, 30), (2026, 3, 29, 1, 0)),  # left out: when the clocks jump
        (BERLIN, (2026, 10, 25, 2, 30), (2026, 10, 25, 0, 30)),  # twice: the first
        (ZoneInfo("Pacific/Apia"), (2011, 12, 30, 8, 0), (2011, 12, 30, 10, 0)),
        (ZoneInfo("Asia/Kathmandu"), (2026, 1, 1, 0, 0), (2025, 12, 31, 18, 15)),
    ],
)
def test_when_the_clocks_first_show_a_time(zone: ZoneInfo, wall: tuple[int, ...], moment: tuple[int, ...]) -> None:
    assert first_at(zone, datetime(*wall)) == at(ZoneInfo("UTC"), *moment)  # type: ignore[arg-type]


def test_what_lies_in_the_hour_that_is_left_out_does_not_happen() -> None:
    night = weekly(("su", "02:15", "02:45"))
    [first, second, *_] = coming([night], at(BERLIN, 2026, 3, 21, 12))
    assert (first.begins, first.ends) == (at(BERLIN, 2026, 3, 22, 2, 15), at(BERLIN, 2026, 3, 22, 2, 45))
    assert (second.begins, second.ends) == (at(BERLIN, 2026, 4, 5, 2, 15), at(BERLIN, 2026, 4, 5, 2, 45))


def test_a_night_is_an_hour_shorter_or_longer() -> None:
    night = weekly(("", "22:00", "06:00"))
    lengths = {}
    for month, day in ((3, 28), (6, 1), (10, 24)):
        [sleep, *_] = coming([night], at(BERLIN, 2026, month, day, 12), 1)
        assert sleep.begins is not None
        assert sleep.ends is not None
        lengths[month] = (sleep.ends - sleep.begins) / 3_600_000
    assert lengths == {3: 7, 6: 8, 10: 9}


def test_the_next_five_are_told_the_present_one_among_them() -> None:
    office = weekly(("mo-fr", "08:00", "18:00"))
    found = coming([office], at(BERLIN, 2026, 11, 20, 12))  # a Friday
    days = [datetime.fromtimestamp(sleep.begins / 1000, BERLIN).day for sleep in found if sleep.begins]
    assert days == [20, 23, 24, 25, 26]


def test_a_leap_day_is_a_day_like_others() -> None:
    tuesdays = weekly(("tu", "10:00", "11:00"))
    assert edge_after(tuesdays, at(BERLIN, 2028, 2, 28, 12)) == at(BERLIN, 2028, 2, 29, 10)


def test_what_touches_is_one_stretch() -> None:
    days = weekly(("mo", "22:00", "24:00"), ("tu", "00:00", "06:00"), ("tu", "05:00", "07:00"))
    verdict = judge([days], at(BERLIN, 2026, 11, 24, 0, 0))  # a Tuesday
    assert verdict is not None
    assert (verdict.since, verdict.until) == (at(BERLIN, 2026, 11, 23, 22), at(BERLIN, 2026, 11, 24, 7))


def test_always_has_no_edges() -> None:
    verdict = judge([weekly(("", "", ""))], at(BERLIN, 2026, 3, 29, 2))
    assert verdict is not None
    assert (verdict.status, verdict.since, verdict.until) == (Status.ASLEEP, None, None)
    [sleep] = coming([weekly(("", "", ""))], at(BERLIN, 2026, 3, 29, 2))
    assert (sleep.begins, sleep.ends) == (None, None)


def test_several_schedules_are_joined_each_in_its_zone() -> None:
    mine = weekly(("", "22:00", "06:00"))
    tokyo = Schedule(ZoneInfo("Asia/Tokyo"), (read_window("", "12:00", "16:00"),), lazy=False, of="the tag gpu")
    verdict = judge([mine, tokyo], at(BERLIN, 2026, 11, 24, 5))  # 13:00 in Tokyo
    assert verdict is not None
    assert not verdict.lazy
    assert (verdict.since, verdict.until) == (at(BERLIN, 2026, 11, 23, 22), at(BERLIN, 2026, 11, 24, 8))
    assert verdict.reason == "its schedule says 22:00-06:00 (Europe/Berlin); the tag gpu says 12:00-16:00 (Asia/Tokyo)"


def test_one_that_is_switched_off_says_nothing() -> None:
    off = Schedule(BERLIN, (read_window("", "", ""),), active=False)
    assert judge([off], 0) is None
    assert edge_after(off, 0) is None
    assert coming([off], 0) == []


# -- who does it

NOW = at(BERLIN, 2026, 11, 23, 23)
NIGHT = Verdict(Status.ASLEEP, True, "night", NOW - 60 * MINUTE, NOW + 420 * MINUTE)
DAY = Verdict(Status.AWAKE, True, "day", NOW - 60 * MINUTE, NOW + 420 * MINUTE)


def worker(status: Status = Status.AWAKE, **more: object) -> Worker:
    return Worker("id", "node-1", status, True, idle=True, **more)  # type: ignore[arg-type]


def pending(status: Status, by: str, *, lazy: bool = True) -> Pending:
    return Pending("old", Request(status, lazy), by, NOW - MINUTE)


def asked(it: Worker, verdict: Verdict) -> Status | None:
    after = schedules.ask(it, verdict, id="new", now=NOW).worker
    return None if after.request is None or after.request.id != "new" else after.request.wish.status


BUSY = LastTask("t", "j", "frame", "job", TaskStatus.ACTIVE, 0, 1, True, NOW, None)


@pytest.mark.parametrize(
    ("it", "verdict", "becomes"),
    [
        (worker(), NIGHT, Status.ASLEEP),
        (worker(task=BUSY), NIGHT, Status.ASLEEP),
        (worker(Status.STARTING), NIGHT, Status.ASLEEP),
        (worker(Status.ERROR, lost_from=Status.AWAKE), NIGHT, Status.ASLEEP),
        (worker(Status.ASLEEP), NIGHT, None),
        (worker(Status.ASLEEP), DAY, Status.AWAKE),
        (worker(), DAY, None),
        (worker(Status.OFFLINE), NIGHT, None),
        (worker(Status.OFFLINE, request=pending(Status.RESTART, "kim")), NIGHT, None),
        (worker(request=pending(Status.OFFLINE, "kim")), NIGHT, None),
        (worker(Status.ASLEEP, request=pending(Status.RESTART, "rolling action 7")), DAY, None),
        (worker(request=pending(Status.AWAKE, schedules.BY)), NIGHT, Status.ASLEEP),
        (worker(request=pending(Status.ASLEEP, schedules.BY)), NIGHT, None),
        (worker(Status.ASLEEP, wished=LastWish("w", Status.ASLEEP, "kim", NOW, until=NOW + 1)), DAY, None),
        (worker(Status.ASLEEP, wished=LastWish("w", Status.ASLEEP, "kim", NOW - 1, until=NOW)), DAY, Status.AWAKE),
    ],
)
def test_what_an_edge_asks_of_whom(it: Worker, verdict: Verdict, becomes: Status | None) -> None:
    assert asked(it, verdict) is becomes


def test_who_sleeps_already_is_not_asked() -> None:
    moved = schedules.ask(worker(Status.ASLEEP), NIGHT, id="new", now=NOW)
    assert moved == workers.Moved(worker(Status.ASLEEP))


def test_a_schedule_asks_by_its_name_in_its_flavour() -> None:
    moved = schedules.ask(worker(), NIGHT, id="new", now=NOW)
    assert moved.worker.request is not None
    assert (moved.worker.request.by, moved.worker.request.wish.lazy) == ("sleep schedule", True)
    assert workers.is_farm(moved.worker.request.by)
    assert [fact.kind for fact in moved.facts] == [Kind.REQUEST_MADE]


def test_a_schedule_takes_back_what_it_asked_for_itself() -> None:
    moved = schedules.ask(worker(request=pending(Status.ASLEEP, schedules.BY)), DAY, id="new", now=NOW)
    assert moved.worker.request is None
    assert [fact.kind for fact in moved.facts] == [Kind.REQUEST_WITHDRAWN]


@pytest.mark.parametrize(
    ("it", "verdict", "starts"),
    [
        (worker(Status.STARTING), None, Status.AWAKE),
        (worker(Status.STARTING), NIGHT, Status.ASLEEP),
        (worker(Status.STARTING, resume=Status.ASLEEP), DAY, Status.AWAKE),
        (worker(Status.STARTING, request=pending(Status.OFFLINE, "kim")), NIGHT, Status.OFFLINE),
        (worker(Status.STARTING, resume=Status.AWAKE, wished=LastWish("w", Status.AWAKE, "kim", NOW)), NIGHT, "awake"),
        (
            worker(Status.STARTING, resume=Status.AWAKE, wished=LastWish("w", Status.AWAKE, "kim", NOW - 61 * MINUTE)),
            NIGHT,
            Status.ASLEEP,
        ),
    ],
)
def test_how_a_worker_starts(it: Worker, verdict: Verdict | None, starts: Status | str) -> None:
    assert schedules.start_status(it, verdict) is Status(starts)


HELD = worker(Status.ASLEEP, wished=LastWish("w", Status.ASLEEP, "kim", NOW))


@pytest.mark.parametrize(
    ("before", "after", "it", "becomes"),
    [
        (None, NIGHT, worker(), Status.ASLEEP),
        (DAY, NIGHT, HELD, Status.ASLEEP),
        (None, DAY, worker(Status.ASLEEP), None),
        (NIGHT, NIGHT, worker(), None),
        (NIGHT, DAY, worker(Status.ASLEEP), Status.AWAKE),
        (NIGHT, None, worker(Status.ASLEEP), Status.AWAKE),
        (NIGHT, DAY, HELD, None),
    ],
)
def test_what_a_changed_schedule_asks(
    before: Verdict | None, after: Verdict | None, it: Worker, becomes: Status | None
) -> None:
    verdict = changed(before, after, it)
    assert (verdict and verdict.status) is becomes


def test_what_a_schedule_asked_of_a_worker_that_left_is_forgotten_in_time() -> None:
    gone = worker(Status.OFFLINE, request=pending(Status.ASLEEP, schedules.BY))
    assert schedules.ask(gone, NIGHT, id="new", now=NOW) == workers.Moved(gone)
    moved = schedules.ask(gone, DAY, id="new", now=NOW)
    assert (moved.worker.request, [fact.kind for fact in moved.facts]) == (None, [Kind.REQUEST_WITHDRAWN])
