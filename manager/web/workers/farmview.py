"""How the whole farm was over time, in the words of its page. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta, tzinfo
from itertools import pairwise

from ...rules.exits import Cause
from ...storage.samples import Sample
from .chart import Rect, percents, stacked, totals
from .historyview import CAUSES, DAYS, Chart, Part, Reach, edges, label, local
from .rows import STATES

WORDS = {state.name: state.word for state in STATES}


def states_chart(samples: Sequence[Sample], reach: Reach, now: int, zone: tzinfo | None = None) -> Chart:
    """Draw how many workers were in which state until now: means of the samples."""
    begin, order = now - reach.length, list(WORDS)
    columns = _means(samples, edges(begin, now, reach.columns))
    most = max((sum(column.values()) for column in columns), default=0)
    rects = stacked(columns, order, [most] * reach.columns)
    added = totals([Counter(sample.states) for sample in samples], order)
    told = percents(added)
    table = edges(begin, now, reach.rows)
    rows = [
        (label(low, zone), [_number(each[name]) if name in each else "" for name in added])
        for low, each in zip(table, _means(samples, table), strict=False)
    ]
    said = ", ".join(f"{WORDS[name].lower()} {told[name]} %" for name in added) or "nothing is known"
    return Chart(
        columns=reach.columns,
        rects=rects,
        sentence=f"The farm in the last {reach.label}: {said}",
        legend=[Part(name, WORDS[name], f"{told[name]} %") for name in added],
        ticks=[f"{local(at, zone):{reach.format}}" for at in edges(begin, now, reach.ticks)[:-1]],
        heads=["From", *(WORDS[name] for name in added)],
        rows=rows,
    )


def _means(samples: Sequence[Sample], bounds: Sequence[int]) -> list[Mapping[str, int]]:
    """Return the mean number of workers in each state between each two bounds, in hundredths of one."""
    found: list[Mapping[str, int]] = []
    for low, high in pairwise(bounds):
        within = [sample.states for sample in samples if low < sample.at <= high]
        added: Counter[str] = Counter()
        for states in within:
            added.update(states)
        found.append({name: 100 * number // len(within) for name, number in added.items()})
    return found


def _number(hundredths: int) -> str:
    return f"{hundredths / 100:.1f}".removesuffix(".0")


def ends_chart(samples: Sequence[Sample], now: int, zone: tzinfo | None = None) -> Chart:
    """Draw the ends that agents saw, day by day."""
    today = local(now, zone).date()
    counted = {today - timedelta(days=ago): Counter[Cause]() for ago in reversed(range(DAYS))}
    for sample in samples:
        day = local(sample.at, zone).date()
        if day in counted:
            counted[day].update({Cause(name): number for name, number in sample.ends.items()})
    columns, order = list(counted.values()), list(CAUSES)
    added = totals(columns, order)
    rects = stacked(columns, order, [max(column.total() for column in columns)] * DAYS)
    said = ", ".join(f"{CAUSES[cause][0].lower()} {number}" for cause, number in added.items()) or "none"
    return Chart(
        columns=DAYS,
        rects=[Rect(CAUSES[rect.kind][1], rect.x, rect.y, rect.width, rect.height) for rect in rects],
        sentence=f"Ends that agents saw in {DAYS} days: {said}",
        legend=[Part(CAUSES[cause][1], CAUSES[cause][0], str(number)) for cause, number in added.items()],
        ticks=[f"{day.day} {day:%b}" for day in list(counted)[::7]],
        heads=["Day", *(CAUSES[cause][0] for cause in added)],
        rows=[
            (f"{day:%a} {day.day} {day:%b}", [str(column[cause] or "") for cause in added])
            for day, column in counted.items()
        ],
    )
