"""Which page of the list an address means, and what the list says of it."""

from dataclasses import replace

import pytest
from werkzeug.datastructures import MultiDict

from farmhand.manager.rules.finding import SORTS, BadFilter, Facets, Filters
from farmhand.manager.web.workers.listing import (
    ORDERS,
    Found,
    Totals,
    View,
    listing,
    no_match,
    read_picked,
    read_view,
    summary,
    totals,
)
from farmhand.manager.web.workers.rows import IDLE, Row

NOW = 1_700_000_000_000


def made(name: str) -> Row:
    values: dict[str, object] = dict.fromkeys(("task", "age", "due", "change", "seen"))
    values |= {"note": "", "late": False, "overdue": False, "restartable": True, "restarts": 0}
    values |= {"id": f"id-{name}", "name": name, "state": IDLE, "version": "1", "address": "10.0.0.1"}
    return Row(**values)  # type: ignore[arg-type]


def farm(**states: int) -> Totals:
    return totals({Facets(state, "linux", "1", False, False, None): number for state, number in states.items()}, NOW)


def page(number: int, of: int, matching: int | None = None) -> Found:
    first = (number - 1) * 100
    found = of if matching is None else matching
    rows = [made(f"node-{n:03}") for n in range(first, min(first + 100, found))]
    return Found(rows, found, farm(idle=of))


def test_long_lists_have_pages() -> None:
    second = listing(page(2, 250), View(page=2))
    assert second.range == "101 to 200 of 250"
    assert (second.previous, second.next) == ("/workers", "/workers?page=3")
    last = listing(page(3, 250), View(page=99))
    assert (last.range, last.next) == ("201 to 250 of 250", "")


def test_what_does_not_match_is_counted_too() -> None:
    view = View(Filters(text="node"))
    assert listing(page(1, 250, 7), view).range == "1 to 7 of 7, 250 in all"
    assert listing(page(1, 250, 0), view).range == "0 of 250"


def test_the_address_says_what_is_listed() -> None:
    view = View(
        Filters("a b&c", status=frozenset({"idle", "error"}), silent=300_000, can_restart=False), "-seen", 3, 25
    )
    assert view.address() == (
        "/workers?q=a+b%26c&status=error&status=idle&silent=300s&can_restart=no&sort=-seen&rows=25&page=3"
    )
    assert View().address() == "/workers"
    assert view.filtered(status=frozenset()) == "/workers?q=a+b%26c&silent=300s&can_restart=no&sort=-seen&rows=25"


@pytest.mark.parametrize(
    "view",
    [
        View(),
        View(Filters("x", status=frozenset({"idle"}), tag=frozenset({"gpu"})), "-seen", 4),
        View(Filters(pending=frozenset({"any"}), attention=True, joining=True, abnormal=False), size=200),
    ],
)
def test_what_an_address_says_is_read_back(view: View) -> None:
    query = {key: value if isinstance(value, list) else [str(value)] for key, value in view.query().items()}
    assert read_view(MultiDict(query)) == view


def test_what_is_left_empty_in_a_form_filters_nothing() -> None:
    empty = dict.fromkeys(("q", "tag", "pending", "silent", "sort", "rows", "page", "version", "can_restart"), "")
    assert read_view(MultiDict(empty)) == View()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"status": "happy"}, "status: “happy”"),
        ({"pending": "soon"}, "pending: “soon”"),
        ({"silent": "ages"}, "silent: “ages”"),
        ({"silent": "-5s"}, "silent: “-5s”"),
        ({"silent": "infinity"}, "silent: “infinity”"),
        ({"can_restart": "perhaps"}, "can_restart: “perhaps”"),
        ({"sort": "size"}, "sort: “size”"),
        ({"rows": "10000"}, "rows: “10000”"),
        ({"page": "0"}, "page: “0”"),
        ({"page": "²"}, "page: “²”"),
        ({"page": "-1"}, "page: “-1”"),
    ],
)
def test_a_list_that_does_not_exist_is_refused_by_name(given: dict[str, str], named: str) -> None:
    with pytest.raises(BadFilter) as refused:
        read_view(MultiDict(given))
    assert named in refused.value.text


def test_the_order_can_be_chosen_without_the_heads() -> None:
    assert {sort.removeprefix("-") for sort, _words in ORDERS} == set(SORTS)


def test_selected_rows_are_read_by_the_beginnings_of_their_ids() -> None:
    assert read_picked(MultiDict({"pick": "0123abcd,x,,89abcdef"})) == ("0123abcd", "89abcdef")
    assert read_picked(MultiDict()) == ()
    assert len(read_picked(MultiDict({"pick": ",".join(f"{n:08}" for n in range(1000))}))) == 200


def test_what_is_selected_goes_along_but_not_into_another_search() -> None:
    view = read_view(MultiDict({"q": "node", "page": "2", "pick": "0123abcd,89abcdef"}))
    pages = listing(page(2, 350), view)
    assert pages.next == "/workers?q=node&page=3&pick=0123abcd,89abcdef"
    assert all(not column.href or column.href.endswith("&pick=0123abcd,89abcdef") for column in pages.columns)
    assert view.filtered(text="rig") == "/workers?q=rig"


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (farm(), "No worker has signed on yet. Three steps bring the first one in."),
        (farm(idle=2), "0 of 2 are rendering, 2 are free."),
        (farm(working=1, idle=1), "1 of 2 is rendering, 1 is free."),
        (farm(working=2, draining=1), "3 of 3 are rendering, 0 are free."),
    ],
)
def test_the_farm_in_a_sentence(now: Totals, sentence: str) -> None:
    assert "".join(part.text for part in summary(now)) == sentence


def test_what_wants_somebody_leads_to_those_who_want_it() -> None:
    tally = {
        Facets("idle", "linux", "1", pending=True, waiting=False, due=None): 3,
        Facets("error", "linux", "1", pending=False, waiting=False, due=0): 1,
        Facets("starting", "linux", "1", pending=True, waiting=False, due=NOW + 1): 1,
        Facets("starting", "linux", "1", pending=False, waiting=True, due=None): 2,
    }
    parts = summary(totals(tally, NOW))
    said = "0 of 7 are rendering, 3 are free. 4 changes are pending, 1 worker needs attention, 2 workers want to join."
    assert "".join(part.text for part in parts) == said
    assert [part.href for part in parts if part.href] == [
        "/workers?pending=any",
        "/workers?attention=yes",
        "/workers?joining=yes",
    ]
    assert "2 workers need attention" in "".join(part.text for part in summary(totals(tally, NOW + 1)))


def test_the_usual_version_is_the_one_that_most_have() -> None:
    of = [Facets("idle", "linux", version, False, False, None) for version in ("1.0", "1.1", "1.2")]
    assert totals({of[0]: 2, of[1]: 5, of[2]: 1}, NOW).usual_version == "1.1"
    assert totals({of[0]: 1, of[1]: 1}, NOW).usual_version == ""


def test_what_was_looked_for_in_vain_is_said() -> None:
    said = no_match(4, Filters("blade", status=frozenset({"error"}), can_restart=False))
    assert said == "None of the 4 workers is lost and has “blade” in its name, address or id and cannot restart."


@pytest.mark.parametrize(
    ("tags", "first", "more"),
    [
        pytest.param(("gpu", "night shift"), ("gpu", "night shift"), (), id="both whole"),
        pytest.param(("big", "gpu", "linux", "night shift"), ("big", "gpu", "linux"), ("night shift",), id="one more"),
        pytest.param(
            ("as-long-as-nobody-would-want-it", "gpu"), ("as-long-as-nobody-would-want-it",), ("gpu",), id="long"
        ),
        pytest.param((), (), (), id="none"),
    ],
)
def test_a_row_has_whole_tags_and_says_how_many_more_there_are(
    tags: tuple[str, ...], first: tuple[str, ...], more: tuple[str, ...]
) -> None:
    row = replace(made("node"), tags=tags)
    assert (row.first_tags, row.more_tags) == (first, more)
