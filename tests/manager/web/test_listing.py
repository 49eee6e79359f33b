"""Which workers are listed, and in which order."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from werkzeug.datastructures import MultiDict

from farmhand.manager.web.listing import BadFilter, Filters, listing, read_filters, summary
from farmhand.manager.web.rows import ASLEEP, IDLE, LOST, WORKING, Row, State


def made(name: str, state: State = IDLE, **more: object) -> Row:
    values: dict[str, object] = dict.fromkeys(("task", "age", "due", "change", "seen"))
    values |= {
        "note": "",
        "late": False,
        "overdue": False,
        "restartable": True,
        "restarts": 0,
        "version": "1",
        "address": "10.0.0.1",
    }
    return Row(**{"id": f"id-{name}", "name": name, "state": state, **values, **more})  # type: ignore[arg-type]


ROWS = [
    made("Alpha"),
    made("beta", WORKING, restarts=2),
    made("gamma", ASLEEP),
    made("delta", LOST, address="10.9.9.9"),
]


def names(filters: Filters, rows: Sequence[Row] = ROWS) -> list[str]:
    return [row.name for row in listing(rows, filters).rows]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["Alpha", "beta", "delta", "gamma"]),
        (Filters(sort="-name"), ["gamma", "delta", "beta", "Alpha"]),
        (Filters(sort="status"), ["beta", "Alpha", "gamma", "delta"]),
        (Filters(sort="restarts"), ["beta", "Alpha", "gamma", "delta"]),
        (Filters(text="ALPHA"), ["Alpha"]),
        (Filters(text="10.9"), ["delta"]),
        (Filters(text="id-gam"), ["gamma"]),
        (Filters(states=frozenset({"idle", "asleep"})), ["Alpha", "gamma"]),
        (Filters(text="a", states=frozenset({"error"})), ["delta"]),
    ],
)
def test_filters_and_order(filters: Filters, expected: list[str]) -> None:
    assert names(filters) == expected


def test_long_lists_have_pages() -> None:
    rows = [made(f"node-{n:03}") for n in range(250)]
    second = listing(rows, Filters(page=2))
    assert (second.rows[0].name, len(second.rows), second.range) == ("node-100", 100, "101 to 200 of 250")
    assert (second.previous, second.next) == ("/workers", "/workers?page=3")
    last = listing(rows, Filters(page=99))
    assert (last.rows[-1].name, last.next) == ("node-249", "")


def test_the_address_says_what_is_listed() -> None:
    filters = Filters("a b&c", frozenset({"idle", "error"}), "-seen", 3)
    assert filters.address() == "/workers?q=a+b%26c&status=error&status=idle&sort=-seen&page=3"
    assert Filters().address() == "/workers"


@pytest.mark.parametrize("filters", [Filters(), Filters("x", frozenset({"idle"}), "-seen", 4)])
def test_what_an_address_says_is_read_back(filters: Filters) -> None:
    query = {key: value if isinstance(value, list) else [str(value)] for key, value in filters.query().items()}
    assert read_filters(MultiDict(query)) == filters


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"status": "happy"}, "status: “happy”"),
        ({"sort": "size"}, "sort: “size”"),
        ({"page": "0"}, "page: “0”"),
        ({"page": "²"}, "page: “²”"),
        ({"page": "-1"}, "page: “-1”"),
    ],
)
def test_a_list_that_does_not_exist_is_refused_by_name(given: dict[str, str], named: str) -> None:
    with pytest.raises(BadFilter) as refused:
        read_filters(MultiDict(given))
    assert named in refused.value.text


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "No worker has signed on yet. Three steps bring the first one in."),
        (ROWS, "1 of 4 is rendering, 1 is free. 1 worker needs attention."),
        ([made("a"), made("b")], "0 of 2 are rendering, 2 are free."),
    ],
)
def test_the_farm_in_a_sentence(rows: list[Row], sentence: str) -> None:
    assert "".join(part.text for part in summary(rows)) == sentence


def test_what_was_looked_for_in_vain_is_said() -> None:
    found = listing(ROWS, Filters("blade", frozenset({"error"})))
    assert found.no_match == "None of the 4 workers is lost and has “blade” in its name, address or id."


def test_a_picked_row_stays_picked() -> None:
    assert listing([replace(ROWS[0], picked=True)], Filters()).rows[0].picked
