"""The toast: asked for, seen, confirmed, and never more than is true."""

import pytest
from pretended import ask, awake

from farmhand.manager.rules.facts import Kind
from farmhand.manager.storage.events import Event
from farmhand.manager.storage.store import Store
from farmhand.manager.web.actions import following
from farmhand.manager.web.actions.following import read_following
from farmhand.manager.web.actions.toast import LINGER, Toast, begin, follow, toast
from farmhand.worker.wire import Status

NOW = 1_000_000


def event(kind: Kind, worker: str, request: str, **more: object) -> Event:
    detail = {"request": request, "status": "restart", "lazy": True, **more}
    return Event(1, NOW, kind, worker, None, None, "kim", detail)


MADE = [event(Kind.REQUEST_MADE, "a", "ra"), event(Kind.REQUEST_MADE, "b", "rb")]


def shown(*events: Event, at: int = NOW) -> Toast | None:
    begun = begin(MADE)
    assert begun is not None
    return toast(follow(begun, events), at)


@pytest.mark.parametrize(
    ("events", "counts", "remarks", "over"),
    [
        ([], [2, 0, 0], [], False),
        ([event(Kind.REQUEST_SEEN, "a", "ra")], [2, 1, 0], [], False),
        ([event(Kind.WORKER_SIGNED_OFF, "a", "")], [2, 0, 0], [], False),
        ([event(Kind.REQUEST_DONE, "a", "ra")], [2, 1, 1], [], False),
        ([event(Kind.REQUEST_DONE, "a", "ra"), event(Kind.REQUEST_DONE, "b", "rb")], [2, 2, 2], [], True),
        ([event(Kind.REQUEST_DONE, "a", "another")], [2, 0, 0], [], False),
        (
            [event(Kind.REQUEST_WITHDRAWN, "a", "ra"), event(Kind.REQUEST_DONE, "b", "rb")],
            [2, 1, 1],
            ["1 taken back"],
            True,
        ),
        ([event(Kind.REQUEST_MADE, "a", "rc", replaces="ra")], [2, 0, 0], ["1 replaced by what kim asked for"], False),
        ([event(Kind.WORKER_DELETED, "b", "")], [2, 0, 0], ["1 deleted"], False),
    ],
)
def test_stages(events: list[Event], counts: list[int], remarks: list[str], over: bool) -> None:
    said = shown(*events)
    assert said is not None
    assert said.title == "Restart after task, asked for by kim"
    assert [bar.count for bar in said.bars] == counts
    assert [bar.word for bar in said.bars] == ["asked", "seen", "restarted"]
    assert (list(said.remarks), said.over) == (remarks, over)


def test_it_goes_some_time_after_all_is_done() -> None:
    done = [event(Kind.REQUEST_DONE, "a", "ra"), event(Kind.REQUEST_DONE, "b", "rb")]
    assert shown(*done, at=NOW + LINGER) is not None
    assert shown(*done, at=NOW + LINGER + 1) is None
    assert shown(at=NOW + 100 * LINGER) is not None


def test_it_follows_what_one_click_made(store: Store) -> None:
    one, two, three = (awake(store, f"node-{n}") for n in (1, 2, 3))
    ask(store, Status.ASLEEP, three)
    first = store.newest() + 1
    ask(store, Status.ASLEEP, one, two, lazy=True)
    span = f"{first}-{store.newest()}"
    ask(store, Status.ASLEEP, three, lazy=True)
    one.learns()
    one.becomes(Status.ASLEEP)
    found = read_following(store, span)
    assert found is not None
    said = toast(found, store.clock())
    assert said is not None
    assert [bar.count for bar in said.bars] == [2, 1, 1]


def test_it_follows_all_that_a_large_click_made_whatever_else_happens(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAGE", 2)
    farm = [awake(store, f"node-{n}") for n in range(5)]
    first = store.newest() + 1
    ask(store, Status.ASLEEP, *farm)
    span = f"{first}-{store.newest()}"
    for worker in farm[:4]:
        worker.learns()
    for worker in farm[:3]:
        worker.becomes(Status.ASLEEP)
    found = read_following(store, span)
    assert found is not None
    said = toast(found, store.clock())
    assert said is not None
    assert [bar.count for bar in said.bars] == [5, 4, 3]
    monkeypatch.setattr(following, "LIMIT", 10)
    assert read_following(store, span) is None


@pytest.mark.parametrize("span", ["", "x", "1", "1-", "5-1", "999-1000", "0-0", "1-" + "9" * 30, "-1-2"])
def test_it_follows_nothing_else(store: Store, span: str) -> None:
    awake(store, "node-1")
    assert read_following(store, span) is None
