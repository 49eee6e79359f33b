"""What a worker was and how its processes ended over time, in the words of its History tab. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from ...rules.exits import Cause, End
from ...rules.spans import Being, Span, shares
from ...rules.times import span as span_words
from .chart import Rect, percents, stacked, totals

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class Reach:
    """How far back a chart goes. columns: how many it has; rows: how many its table has; ticks: labels below it."""

    key: str
    label: str
    length: int
    columns: int
    rows: int
    ticks: int
    format: str


REACHES: Mapping[str, Reach] = {
    "day": Reach("day", "24 hours", DAY, 96, 6, 4, "%H:%M"),
    "week": Reach("week", "7 days", 7 * DAY, 168, 7, 7, "%a"),
}

WORDS: Mapping[Being, str] = {
    Being.WORKING: "Working",
    Being.IDLE: "Idle",
    Being.ASLEEP: "Asleep",
    Being.STARTING: "Starting",
    Being.OFFLINE: "Offline",
    Being.ERROR: "Lost or in error",
}

# A cause in words, and the tone in which it is drawn: one of the statuses that there are.
CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.CLEAN: ("Exit code 0", "done"),
    Cause.RESTART: ("Restart code", "idle"),
    Cause.KILLED: ("Killed", "asleep"),
    Cause.ERROR: ("Another exit code", "draining"),
    Cause.CRASH: ("Crash", "error"),
    Cause.UNKNOWN: ("Not known: no agent saw it", "offline"),
}

# Days of ends that are shown.
DAYS = 14


@dataclass(frozen=True)
class Part:
    """One kind in a legend: its tone, its words, and how much of it there was."""

    tone: str
    word: str
    amount: str


@dataclass(frozen=True)
class Chart:
    """A picture, what it says in a sentence, its legend, and the table behind it. columns: how wide it is."""

    columns: int
    rects: Sequence[Rect[str]]
    sentence: str
    legend: Sequence[Part]
    ticks: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def being_chart(found: Sequence[Span], reach: Reach, now: int, zone: tzinfo | None = None) -> Chart:
    """Draw what a worker was until now."""
    begin = now - reach.length
    columns = shares(found, edges(begin, now, reach.columns))
    rects = stacked(columns, list(Being), [reach.length // reach.columns] * reach.columns)
    added = totals(columns, list(Being))
    told = percents(added)
    parts = [Part(being.value, WORDS[being], f"{told[being]} %, {span_words(ms)}") for being, ms in added.items()]
    sentence = ", ".join(f"{WORDS[being].lower()} {told[being]} %" for being in added) or "nothing is known"
    table = edges(begin, now, reach.rows)
    rows = [
        (label(low, zone), [span_words(each[being]) if being in each else "" for being in added])
        for low, each in zip(table, shares(found, table), strict=False)
    ]
    return Chart(
        columns=reach.columns,
        rects=[Rect(rect.kind.value, rect.x, rect.y, rect.width, rect.height) for rect in rects],
        sentence=f"The last {reach.label}: {sentence}",
        legend=parts,
        ticks=[f"{local(at, zone):{reach.format}}" for at in edges(begin, now, reach.ticks)[:-1]],
        heads=["From", *(WORDS[being] for being in added)],
        rows=rows,
    )


def edges(begin: int, end: int, count: int) -> list[int]:
    """Cut a time into so many parts."""
    return [begin + (end - begin) * at // count for at in range(count + 1)]


def local(at: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def label(at: int, zone: tzinfo | None) -> str:
    """Name a moment, in a table."""
    shown = local(at, zone)
    return f"{shown:%a} {shown.day} {shown:%b}, {shown:%H:%M}"


def ends_chart(found: Sequence[End], now: int, zone: tzinfo | None = None) -> Chart:
    """Draw how processes ended, day by day; the days are those of the zone."""
    today = local(now, zone).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    counted: dict[date, Counter[Cause]] = {day: Counter() for day in days}
    for end in found:
        day = local(end.at, zone).date()
        if day in counted:
            counted[day][end.cause] += 1
    columns = list(counted.values())
    most = max((column.total() for column in columns), default=0)
    added = totals(columns, list(CAUSES))
    rects = stacked(columns, list(CAUSES), [most] * DAYS)
    said = ", ".join(f"{CAUSES[cause][0].lower()} {count}" for cause, count in added.items()) or "none"
    return Chart(
        columns=DAYS,
        rects=[Rect(CAUSES[rect.kind][1], rect.x, rect.y, rect.width, rect.height) for rect in rects],
        sentence=f"Ends of its process in {DAYS} days: {said}",
        legend=[Part(CAUSES[cause][1], CAUSES[cause][0], str(count)) for cause, count in added.items()],
        ticks=[f"{day.day} {day:%b}" for day in days[::7]],
        heads=["Day", *(CAUSES[cause][0] for cause in added), "All"],
        rows=[(f"{day:%a} {day.day} {day:%b}", _counts(column, added)) for day, column in counted.items()],
    )


def _counts(column: Counter[Cause], causes: Iterable[Cause]) -> list[str]:
    """Return the cells of a day; what is 0 is empty."""
    return [str(count or "") for count in (*(column[cause] for cause in causes), column.total())]


def ends_since(now: int) -> int:
    """Return from when on the events have to be known; a day more, as days begin with their zone's midnight."""
    return now - (DAYS + 1) * DAY
