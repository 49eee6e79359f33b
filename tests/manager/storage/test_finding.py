"""The list of workers as the database finds it, on every database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pretended import ask, awake, job
from rich_farm import Farm, rich
from stores import DIALECTS, Clock, opened

from farmhand.manager.rules.finding import FILTERS, SORTS, Filters, from_json, read, texts
from farmhand.manager.storage import finding
from farmhand.manager.storage.store import Missing, Store
from farmhand.manager.web.workers.roster import Roster
from farmhand.manager.web.workers.rows import row
from farmhand.worker.wire import Status


@pytest.fixture(scope="module", params=DIALECTS)
def farm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    clock = Clock()
    with opened(request.param, tmp_path_factory.mktemp("farm"), clock) as store:
        made = rich(store, clock)
        store.flush()
        yield made


def names(farm: Farm, filters: Filters, sort: str = "name") -> list[str]:
    store = farm.store
    of = {worker.id: worker.name for worker in store.workers()}
    with store.database.read() as connection:
        return [of[id] for id in finding.ids(connection, filters, store.clock(), sort)]


def everybody(farm: Farm) -> list[str]:
    return names(farm, Filters())


def test_a_state_is_what_the_row_says(farm: Farm) -> None:
    now = farm.store.clock()
    with farm.store.database.read() as connection:
        found = finding.facets(connection)
    shown = {worker.id: row(worker, now) for worker in farm.store.workers()}
    assert {id: each.state for id, each in found.items()} == {id: one.state.name for id, one in shown.items()}
    due = {id: each.due is not None and each.due <= now for id, each in found.items()}
    assert due == {id: one.wants_attention for id, one in shown.items()}
    assert {each.state for each in found.values()} == set(FILTERS["status"].values)


def test_what_is_counted_is_who_is_there(farm: Farm) -> None:
    with farm.store.database.read() as connection:
        counted, each = finding.tally(connection), finding.facets(connection)
    assert sum(counted.values()) == len(each) == len(farm.store.workers())
    assert counted == {facets: list(each.values()).count(facets) for facets in each.values()}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"text": ["NODE-"]}, ["node-1", "node-2", "node-3", "node-4", "node-5", "node-6"]),
        ({"text": ["%"]}, []),
        ({"text": ["_ode"]}, []),
        ({"text": ["10.20.4.15"]}, ["attended", "failed-service"]),
        ({"status": ["draining", "error"]}, ["lost", "node-2"]),
        ({"tag": ["night shift"]}, ["node-4", "node-5"]),
        ({"tag": ["gpu"], "status": ["working"]}, ["node-1", "node-3"]),
        ({"version": ["0.0.9"]}, ["older", "starting"]),
        ({"platform": ["windows"]}, []),
        ({"pending": ["restart"]}, ["node-2", "restarting"]),
        ({"pending": ["any"]}, ["node-2", "node-3", "restarting", "sleeper"]),
        ({"can_restart": ["no"], "text": ["bold"]}, ['<b>bold</b> "quoted" & co']),
        ({"attention": ["yes"]}, ["lost", "restarting"]),
        ({"abnormal": ["yes"]}, ["failed-service"]),
        ({"joining": ["yes"]}, []),
        ({"silent": ["100s"]}, ["node-1"]),
    ],
    ids=str,
)
def test_filters(farm: Farm, said: dict[str, list[str]], found: list[str]) -> None:
    filters = read(said)
    assert names(farm, filters) == found
    assert read(texts(filters)) == filters
    with farm.store.database.read() as connection:
        assert finding.count(connection, filters, farm.store.clock()) == len(found)


@pytest.mark.parametrize("flag", ["attention", "abnormal", "joining", "can_restart"])
def test_a_flag_and_its_opposite_are_everybody(farm: Farm, flag: str) -> None:
    yes, no = (names(farm, from_json({flag: value})) for value in (True, False))
    assert sorted(yes + no) == sorted(everybody(farm))
    assert not set(yes) & set(no)


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_has_everybody_both_ways(farm: Farm, sort: str) -> None:
    assert sorted(names(farm, Filters(), sort)) == sorted(names(farm, Filters(), f"-{sort}")) == sorted(everybody(farm))


def test_orders(farm: Farm) -> None:
    assert everybody(farm) == sorted(everybody(farm), key=str.lower)
    assert names(farm, Filters(), "-name") == everybody(farm)[::-1]
    assert names(farm, Filters(), "restarts")[:2] == ["node-4", "older"]
    assert set(names(farm, Filters(), "change")[:4]) == {"node-2", "restarting", "node-3", "sleeper"}
    assert names(farm, Filters(), "status")[-1] == "lost"
    assert names(farm, Filters(), "-seen")[0] == "never-seen"
    assert names(farm, Filters(), "-version")[-1] == "never-seen"


def test_pages_are_cut_from_the_order(farm: Farm) -> None:
    store = farm.store
    with store.database.read() as connection:
        whole = finding.ids(connection, Filters(), store.clock(), "version")
        cut = [finding.ids(connection, Filters(), store.clock(), "version", first, 5) for first in range(0, 30, 5)]
    assert [id for page in cut for id in page] == whole


def test_who_follows_a_worker_is_who_comes_after_it_in_the_list(farm: Farm) -> None:
    ids, found = finding.matching(farm.store, Filters()), list[str]()
    while more := finding.following(farm.store, Filters(), found[-1] if found else None, 2):
        found += more
    assert found == ids
    with pytest.raises(Missing):
        finding.following(farm.store, Filters(), "nobody", 2)


def test_what_stands_beside_a_worker(farm: Farm) -> None:
    store = farm.store
    with store.database.read() as connection:
        found = finding.load(connection, store, finding.ids(connection, Filters(), store.clock()), store.clock())
    beside = {worker.name: more for worker, more in found}
    assert beside["node-5"].tags == ("gpu", "night shift")
    assert (beside["node-4"].restarts, beside["older"].restarts, beside["node-1"].restarts) == (2, 1, 0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_restarts_of_yesterday_are_forgotten_and_what_is_usual_is_learnt(dialect: str, tmp_path: Path) -> None:
    clock = Clock()
    with opened(dialect, tmp_path, clock) as store:
        worker, other = awake(store, "node-1"), awake(store, "node-2")
        worker.restarts()
        job(store, tasks=5, steps=1)
        for seconds in (10, 20, 60):
            work = worker.asks_for_work()
            assert work is not None
            clock.passes(seconds)
            worker.finishes(work)
        assert other.asks_for_work() is not None
        assert _beside(store) == {"node-1": (1, None), "node-2": (0, 20_000)}
        clock.passes(86_400)
        assert _beside(store)["node-1"][0] == 0


def _beside(store: Store) -> dict[str, tuple[int, int | None]]:
    with store.database.read() as connection:
        ids = finding.ids(connection, Filters(), store.clock())
        found = finding.load(connection, store, ids, store.clock())
    return {worker.name: (beside.restarts, beside.usual) for worker, beside in found}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_roster_is_what_the_database_counts(dialect: str, tmp_path: Path) -> None:
    clock = Clock()
    with opened(dialect, tmp_path, clock) as store:
        roster = Roster(store)
        assert roster.tally() == {}
        workers = [awake(store, f"node-{n}") for n in range(4)]
        job(store)
        for step in (
            lambda: workers[0].asks_for_work(),
            lambda: ask(store, Status.RESTART, workers[0], lazy=True),
            lambda: workers[0].learns(),
            lambda: workers[1].signs_off(),
            lambda: workers[2].becomes(Status.ASLEEP),
            lambda: store.delete_worker(workers[3].id, "kim"),
            lambda: workers[0].signs_off(),
            lambda: workers[0].sign_on("2.0"),
        ):
            step()
            clock.passes(1)
            store.flush()
            with store.database.read() as connection:
                assert roster.tally() == finding.tally(connection)


def test_workers_are_found_by_what_their_ids_begin_with(farm: Farm) -> None:
    first, second = farm.store.workers()[:2]
    with farm.store.database.read() as connection:
        found = finding.begun(connection, [second.id[:8], first.id[:8], "nobody--"], 8)
        assert {one.id for one in found} == {first.id, second.id}
        assert finding.begun(connection, [""], 0) == [], "all of them begin so, and nobody is meant"
