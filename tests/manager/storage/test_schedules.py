"""Sleep schedules in the store: edges on a clock that the test moves."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from polling import until
from pretended import Pretended, awake, job, register
from sqlalchemy import update
from stores import Clock, beside

from farmhand.manager.clock import wall_clock
from farmhand.manager.config import Settings
from farmhand.manager.due import mind, minding
from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.schedules import Schedule, first_at
from farmhand.manager.rules.tasks import Refused
from farmhand.manager.rules.windows import read_window
from farmhand.manager.rules.workers import Terms
from farmhand.manager.storage import edges, many, requests, schedules, tags
from farmhand.manager.storage.database import Change
from farmhand.manager.storage.schedules import Owner
from farmhand.manager.storage.store import Missing, Store
from farmhand.manager.storage.tables import schedule
from farmhand.manager.zones import read_zone
from farmhand.worker.wire import Request, Status

NIGHT = ("", "22:00", "06:00")


def nightly(*windows: tuple[str, str, str], lazy: bool = True, active: bool = True) -> Schedule:
    return Schedule(
        read_zone("Europe/Berlin"), tuple(read_window(*words) for words in windows or [NIGHT]), lazy, active
    )


def it_is(clock: Clock, text: str) -> None:
    """Let it be a time of the day in Berlin, the next such after now."""
    now = datetime.fromtimestamp(clock.now / 1000, read_zone("Europe/Berlin"))
    hour, minute = map(int, text.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    clock.now = int((then if then > now else then + timedelta(days=1)).astimezone(UTC).timestamp()) * 1000


@pytest.fixture
def noon(clock: Clock) -> Clock:
    it_is(clock, "12:00")
    return clock


@pytest.fixture
def node(store: Store, noon: Clock) -> Pretended:
    return awake(store, "node-1")


def asked(store: Store, node: Pretended) -> tuple[Status, bool, str] | None:
    request = store.worker(node.id).request
    return request and (request.wish.status, request.wish.lazy, request.by)


BY_SCHEDULE = (Status.ASLEEP, True, "sleep schedule")
WOKEN = (Status.AWAKE, False, "sleep schedule")


def passes_to(store: Store, clock: Clock, text: str, *nodes: Pretended) -> None:
    """Let the time come, with workers that are not silent, and the farm look."""
    it_is(clock, text)
    for node in nodes:
        node.calls()
    mind(store)


def test_a_worker_is_asked_to_sleep_and_to_wake_at_the_minute(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    assert asked(store, node) is None
    it_is(noon, "22:00")
    noon.passes(-0.001)
    node.calls()
    assert mind(store) == noon.now + 1
    assert asked(store, node) is None
    noon.passes(0.001)
    mind(store)
    assert asked(store, node) == BY_SCHEDULE
    assert node.learns() is Status.ASLEEP
    node.becomes(Status.ASLEEP)
    passes_to(store, noon, "05:59", node)
    assert asked(store, node) is None
    passes_to(store, noon, "06:00", node)
    assert asked(store, node) == WOKEN


def test_an_event_tells_who_asked_and_why(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node)
    made, changed = store.worker_events(node.id, 2)
    assert (made.kind, made.who, changed.kind, changed.who) == (
        Kind.REQUEST_MADE,
        "sleep schedule",
        Kind.SCHEDULE_CHANGED,
        "kim",
    )
    assert made.detail["reason"] == "its own schedule says 22:00-06:00 (Europe/Berlin)"
    assert changed.detail["windows"] == ["22:00-06:00"]


def test_who_is_in_a_hurry_says_so(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(lazy=False), "kim")
    passes_to(store, noon, "22:00", node)
    assert asked(store, node) == (Status.ASLEEP, False, "sleep schedule")


def test_two_managers_ask_once(store: Store, noon: Clock) -> None:
    tag, nodes = tags.add(store, "desks", "", "kim"), [awake(store, f"node-{n}") for n in range(8)]
    for node in nodes:
        tags.give(store, node.id, [tag.id], "kim")
    schedules.add(store, Owner("tag", tag.id), nightly(), "kim")
    it_is(noon, "22:00")
    before = store.newest()
    with beside(store) as other:
        threads = [Thread(target=mind, args=(manager,)) for manager in (store, other, store, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    made = [event.worker_id for event in store.events_after(before) if event.kind is Kind.REQUEST_MADE]
    assert sorted(made) == sorted(node.id for node in nodes)


def test_the_edge_that_passed_while_no_manager_ran_is_applied(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "23:30", node)
    assert asked(store, node) == BY_SCHEDULE


def test_a_whole_night_that_passed_ends_what_a_person_asked_for(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    store.act([node.id], Request(Status.ASLEEP), "kim")
    node.becomes(Status.ASLEEP)
    passes_to(store, noon, "07:00", node)
    assert asked(store, node) == WOKEN


def test_a_manager_that_died_half_way_is_followed_by_one_that_asks_nobody_twice(
    store: Store, noon: Clock, node: Pretended
) -> None:
    kept = schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node)
    edge = noon.now
    node.becomes(Status.ASLEEP)
    noon.passes(1)
    store.act([node.id], Request(Status.AWAKE), "kim")
    node.becomes(Status.AWAKE)
    with store.database.write() as change:
        change.connection.execute(update(schedule).where(schedule.c.id == kept.id).values(due_at=edge))
    mind(store)
    assert asked(store, node) is None
    assert edges.next_due(store) == edge + 8 * 3_600_000


# -- persons


def test_what_a_person_asked_for_holds_until_the_next_edge(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node)
    node.becomes(Status.ASLEEP)
    passes_to(store, noon, "23:00", node)
    store.act([node.id], Request(Status.AWAKE), "kim")
    node.becomes(Status.AWAKE)
    passes_to(store, noon, "05:00", node)
    assert asked(store, node) is None
    passes_to(store, noon, "06:00", node)
    assert asked(store, node) is None
    passes_to(store, noon, "22:00", node)
    assert asked(store, node) == BY_SCHEDULE


def test_what_a_person_asked_for_and_is_pending_is_not_replaced(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    job(store, tasks=1)
    node.asks_for_work()
    store.act([node.id], Request(Status.RESTART, lazy=True), "kim")
    passes_to(store, noon, "22:00", node)
    assert asked(store, node) == (Status.RESTART, True, "kim")
    node.signs_off()
    assert node.sign_on() is Status.ASLEEP


def test_a_worker_that_starts_is_told_what_its_schedule_says(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    node.signs_off()
    passes_to(store, noon, "22:00")
    assert (store.worker(node.id).status, asked(store, node)) == (Status.OFFLINE, None)
    assert node.sign_on() is Status.ASLEEP
    node.becomes(Status.ASLEEP)
    node.signs_off()
    it_is(noon, "06:00")
    assert node.sign_on() is Status.AWAKE


def test_a_worker_that_starts_again_is_as_a_person_wanted_it(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node)
    node.becomes(Status.ASLEEP)
    store.act([node.id], Request(Status.AWAKE), "kim")
    node.becomes(Status.AWAKE)
    node.signs_off()
    assert node.sign_on() is Status.AWAKE


def test_who_takes_back_what_the_schedule_asked_for_is_heard(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node)
    store.withdraw([node.id], "kim")
    node.signs_off()
    assert node.sign_on() is Status.AWAKE


def test_who_is_to_sleep_until_a_time_sleeps_on_by_schedule(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    requests.act(store, [node.id], Request(Status.ASLEEP), "kim", Terms(until=noon.now + 11 * 3_600_000))
    node.becomes(Status.ASLEEP)
    for time in ("22:00", "23:00"):
        passes_to(store, noon, time, node)
        assert asked(store, node) is None
    passes_to(store, noon, "06:00", node)
    assert asked(store, node) == WOKEN


def test_who_is_to_sleep_until_a_time_sleeps_until_then(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    requests.act(store, [node.id], Request(Status.ASLEEP), "kim", Terms(until=noon.now + 19 * 3_600_000))
    node.becomes(Status.ASLEEP)
    passes_to(store, noon, "06:00", node)
    assert asked(store, node) is None
    passes_to(store, noon, "07:00", node)
    assert asked(store, node) == (Status.AWAKE, False, "")


def test_who_is_wanted_awake_while_it_is_away_starts_awake(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    node.signs_off()
    passes_to(store, noon, "22:00")
    [answer] = store.act([node.id], Request(Status.AWAKE), "kim")
    assert answer.text == "starts awake next time anyway"
    assert node.sign_on() is Status.AWAKE


# -- saving


def test_saving_sends_to_sleep_whose_time_it_is(store: Store, noon: Clock, node: Pretended) -> None:
    kept = schedules.add(store, Owner("worker", node.id), nightly(("", "11:00", "13:00")), "kim")
    assert asked(store, node) == BY_SCHEDULE
    node.becomes(Status.ASLEEP)
    schedules.rewrite(store, kept.id, nightly(), "kim")
    assert asked(store, node) == WOKEN
    node.becomes(Status.AWAKE)
    schedules.rewrite(store, kept.id, nightly(("", "11:00", "13:00")), "kim")
    node.becomes(Status.ASLEEP)
    schedules.remove(store, kept.id, "kim")
    assert asked(store, node) == WOKEN
    assert store.worker_events(node.id, 3)[0].kind is Kind.SCHEDULE_DELETED


def test_saving_wakes_nobody_whom_a_person_sent_to_sleep(store: Store, noon: Clock, node: Pretended) -> None:
    store.act([node.id], Request(Status.ASLEEP), "kim")
    node.becomes(Status.ASLEEP)
    kept = schedules.add(store, Owner("worker", node.id), nightly(("", "11:00", "13:00")), "kim")
    schedules.remove(store, kept.id, "kim")
    assert asked(store, node) is None


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Have many be asked in parts of two; each of these happens before the next part."""
    settle, between = schedules._settle, list[Callable[[], None]]()

    def observed(store: Store, change: Change, shift: Any, ids: Collection[str]) -> None:
        settle(store, change, shift, ids)
        if between and ids:
            change.afterwards.append(between.pop(0))

    monkeypatch.setattr(schedules, "_settle", observed)
    monkeypatch.setattr(many, "PART", 2)
    return between


def tagged(store: Store, number: int) -> tuple[list[Pretended], Owner]:
    tag = tags.add(store, "gpu", "", "kim").id
    farm = [awake(store, f"node-{n}") for n in range(number)]
    for worker in farm:
        tags.give(store, worker.id, [tag], "kim")
    return farm, Owner("tag", tag)


def test_of_many_each_is_asked_and_others_write_in_between(
    store: Store, noon: Clock, settled: list[Callable[[], None]]
) -> None:
    farm, owner = tagged(store, 5)
    seen: list[int] = []
    settled += [lambda: seen.append(sum(asked(store, it) is not None for it in farm))] * 3
    day = schedules.add(store, owner, nightly(("", "08:00", "18:00")), "kim")
    assert seen == [2, 4, 5]
    assert [asked(store, it) for it in farm] == [BY_SCHEDULE] * 5
    schedules.remove(store, day.id, "kim")
    assert [asked(store, it) for it in farm] == [None] * 5


def test_of_many_what_somebody_asks_in_between_holds(
    store: Store, noon: Clock, settled: list[Callable[[], None]]
) -> None:
    farm, owner = tagged(store, 6)

    def meanwhile() -> None:
        noon.passes(1)
        for it in (it for it in farm if asked(store, it) is None):
            store.act([it.id], Request(Status.ASLEEP), "kim")
            it.becomes(Status.ASLEEP)
            store.act([it.id], Request(Status.AWAKE), "kim")
            it.becomes(Status.AWAKE)

    settled.append(meanwhile)
    schedules.add(store, owner, nightly(("", "08:00", "18:00")), "kim")
    assert [asked(store, it) for it in farm].count(None) == 4


def test_of_many_who_has_another_schedule_by_then_is_let_be(
    store: Store, noon: Clock, settled: list[Callable[[], None]]
) -> None:
    farm, owner = tagged(store, 6)
    settled.append(lambda: schedules.remove(store, schedules.every(store)[0].id, "sam"))
    schedules.add(store, owner, nightly(("", "08:00", "18:00")), "kim")
    assert [asked(store, it) for it in farm] == [None] * 6


def test_a_worker_that_is_offline_when_its_schedule_is_made_starts_by_it(
    store: Store, noon: Clock, node: Pretended
) -> None:
    store.act([node.id], Request(Status.ASLEEP), "kim")
    node.becomes(Status.ASLEEP)
    store.act([node.id], Request(Status.AWAKE), "kim")
    node.becomes(Status.AWAKE)
    node.signs_off()
    schedules.add(store, Owner("worker", node.id), nightly(("", "11:00", "13:00")), "kim")
    assert node.sign_on() is Status.ASLEEP


def test_one_schedule_for_each(store: Store, noon: Clock, node: Pretended) -> None:
    kept = schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    with pytest.raises(Refused, match=kept.id):
        schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    with pytest.raises(Missing, match="no tag"):
        schedules.add(store, Owner("tag", node.id), nightly(), "kim")
    assert [each.id for each in schedules.every(store)] == [kept.id]
    schedules.remove(store, kept.id, "kim")
    with pytest.raises(Missing, match="no sleep schedule"):
        schedules.one(store, kept.id)


def test_the_schedule_of_a_worker_goes_with_it(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    store.delete_worker(node.id, "kim")
    assert schedules.every(store) == []


# -- tags


def test_who_has_a_tag_sleeps_by_its_schedule(store: Store, noon: Clock, node: Pretended) -> None:
    tag, other = tags.add(store, "desks", "", "kim"), awake(store, "node-2")
    tags.give(store, node.id, [tag.id], "kim")
    schedules.add(store, Owner("tag", tag.id), nightly(), "kim")
    passes_to(store, noon, "22:00", node, other)
    assert (asked(store, node), asked(store, other)) == (BY_SCHEDULE, None)
    [made] = store.worker_events(node.id, 1)
    assert made.detail["reason"] == "the schedule of the tag desks says 22:00-06:00 (Europe/Berlin)"


def test_a_worker_sleeps_where_any_of_its_schedules_says_so(store: Store, noon: Clock, node: Pretended) -> None:
    tag = tags.add(store, "desks", "", "kim")
    tags.give(store, node.id, [tag.id], "kim")
    schedules.add(store, Owner("worker", node.id), nightly(("", "22:00", "02:00")), "kim")
    schedules.add(store, Owner("tag", tag.id), nightly(("", "01:00", "06:00")), "kim")
    passes_to(store, noon, "22:00", node)
    node.becomes(Status.ASLEEP)
    for inner in ("01:00", "02:00"):
        passes_to(store, noon, inner, node)
        assert asked(store, node) is None
    passes_to(store, noon, "06:00", node)
    assert asked(store, node) == WOKEN


def test_a_tag_that_is_given_or_deleted_counts_at_once(store: Store, noon: Clock, node: Pretended) -> None:
    tag = tags.add(store, "desks", "", "kim")
    kept = schedules.add(store, Owner("tag", tag.id), nightly(("", "11:00", "13:00")), "kim")
    tags.give(store, node.id, [tag.id], "kim")
    assert asked(store, node) == BY_SCHEDULE
    node.becomes(Status.ASLEEP)
    tags.give(store, node.id, [], "kim")
    assert asked(store, node) == WOKEN
    node.becomes(Status.AWAKE)
    tags.give(store, node.id, [tag.id], "kim")
    node.becomes(Status.ASLEEP)
    tags.remove(store, tag.id, "kim")
    assert asked(store, node) == WOKEN
    with pytest.raises(Missing):
        schedules.one(store, kept.id)


def test_a_schedule_that_is_switched_off_does_nothing(store: Store, noon: Clock, node: Pretended) -> None:
    schedules.add(store, Owner("worker", node.id), nightly(active=False), "kim")
    assert mind(store) is None
    passes_to(store, noon, "23:00", node)
    assert asked(store, node) is None
    node.signs_off()
    assert node.sign_on() is Status.AWAKE


def test_one_that_never_came_starts_by_its_schedule(store: Store, noon: Clock) -> None:
    node = register(store, "node-9")
    schedules.add(store, Owner("worker", node.id), nightly(), "kim")
    passes_to(store, noon, "22:00")
    assert node.sign_on() is Status.ASLEEP


# -- by the manager's own clock


def test_an_edge_is_met_within_a_moment(tmp_path: Path) -> None:
    edge = first_at(read_zone("Europe/Berlin"), datetime(2026, 10, 25, 2, 30))
    behind = wall_clock() + 700 - edge
    store = Store(tmp_path, Settings(without_login=True), lambda: wall_clock() - behind)
    node = awake(store, "node-1")
    with minding(store):
        schedules.add(store, Owner("worker", node.id), nightly(("", "02:30", "06:00")), "kim")
        until(lambda: store.worker(node.id).request, "the edge")
    [made] = store.worker_events(node.id, 1)
    store.close()
    # Sooner than the farm next looks for silent workers.
    assert 0 <= made.at - edge < 10_000
