"""What a worker was over time, from events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.spans import TELLING, Being, Span, shares, spans


@dataclass(frozen=True)
class Told:
    at: int
    kind: Kind
    detail: Mapping[str, object] = field(default_factory=dict)


def status(at: int, to: str) -> Told:
    return Told(at, Kind.WORKER_STATUS, {"to": to})


DAY = [
    Told(10, Kind.WORKER_SIGNED_ON),
    status(12, "awake"),
    Told(20, Kind.TASK_STARTED),
    Told(50, Kind.TASK_STATUS, {"to": "completed"}),
    Told(50, Kind.TASK_STARTED),
    Told(60, Kind.TASK_STATUS, {"to": "queued"}),
    status(60, "asleep"),
    Told(70, Kind.TASK_STATUS, {"to": "completed"}),  # another's word about a task that it had
    Told(80, Kind.WORKER_LOST),
    Told(85, Kind.WORKER_BACK, {"to": "asleep"}),
    Told(90, Kind.WORKER_SIGNED_OFF),
]


def test_a_day() -> None:
    told = [(span.being.value, span.begins, span.ends) for span in spans(DAY, 0, 100)]
    assert told == [
        ("starting", 10, 12),
        ("idle", 12, 20),
        ("working", 20, 50),
        ("working", 50, 60),
        ("asleep", 60, 80),
        ("error", 80, 85),
        ("asleep", 85, 90),
        ("offline", 90, 100),
    ]


def test_what_was_before_says_what_it_was_at_the_begin() -> None:
    assert spans(DAY, 30, 40) == [Span(Being.WORKING, 30, 40)]
    assert spans(DAY[:1], 30, 40) == [Span(Being.STARTING, 30, 40)]


def test_of_a_time_of_which_nothing_is_known_nothing_is_said() -> None:
    assert spans([], 0, 100) == []
    assert spans(DAY, 0, 10) == []


def test_time_is_shared_out_between_edges() -> None:
    told = shares(spans(DAY, 0, 100), [0, 25, 50, 100])
    assert told == [
        {Being.STARTING: 2, Being.IDLE: 8, Being.WORKING: 5},
        {Being.WORKING: 25},
        {Being.WORKING: 10, Being.ASLEEP: 25, Being.ERROR: 5, Being.OFFLINE: 10},
    ]


EVENTS = st.lists(
    st.builds(
        Told,
        st.integers(0, 200),
        st.sampled_from(sorted(TELLING, key=lambda kind: kind.value)),
        st.sampled_from([{}, {"to": "awake"}, {"to": "asleep"}, {"to": "active"}, {"to": "completed"}, {"to": "x"}]),
    ),
    max_size=30,
).map(lambda events: sorted(events, key=lambda event: event.at))


@given(EVENTS, st.integers(0, 100), st.integers(1, 100))
def test_spans_follow_each_other_without_a_gap_up_to_the_end(events: list[Told], begin: int, length: int) -> None:
    end = begin + length
    found = spans(events, begin, end)
    assert all(span.begins < span.ends for span in found)
    assert all(one.ends == next.begins for one, next in pairwise(found))
    assert not found or (found[0].begins >= begin and found[-1].ends == end)


@given(EVENTS, st.lists(st.integers(0, 200), min_size=2, max_size=12, unique=True).map(sorted))
def test_no_time_is_lost_or_counted_twice(events: list[Told], edges: list[int]) -> None:
    found = spans(events, edges[0], edges[-1])
    told = shares(found, edges)
    assert sum(sum(each.values()) for each in told) == sum(span.ends - span.begins for span in found)
    assert all(sum(each.values()) <= high - low for each, low, high in zip(told, edges[:-1], edges[1:], strict=True))


@pytest.mark.parametrize("kind", sorted(TELLING, key=lambda kind: kind.value))
def test_each_kind_tells_something(kind: Kind) -> None:
    before = Told(0, Kind.TASK_STARTED) if kind is not Kind.TASK_STARTED else Told(0, Kind.WORKER_REGISTERED)
    events = [before, Told(5, kind, {"to": "asleep"})]
    assert len(spans(events, 0, 10)) == 2
