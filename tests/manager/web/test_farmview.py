"""The farm over time, from samples."""

from datetime import UTC

from flask.testing import FlaskClient
from pretended import awake

from farmhand.manager.storage import samples
from farmhand.manager.storage.samples import Sample
from farmhand.manager.storage.store import Store
from farmhand.manager.web.workers.farmview import ends_chart, states_chart
from farmhand.manager.web.workers.historyview import DAY, HOUR, REACHES

NOW = 1_700_000_000_000  # Tuesday 14 November 2023, 22:13:20 UTC


def test_workers_are_drawn_by_the_mean_of_the_samples() -> None:
    told = states_chart(
        [
            Sample(NOW - 4 * HOUR + 2, {"idle": 4}, {}),
            Sample(NOW - 4 * HOUR + 1, {"working": 2, "idle": 1}, {}),
            Sample(NOW - 1, {"working": 1}, {}),
        ],
        REACHES["day"],
        NOW,
        UTC,
    )
    assert told.sentence == "The farm in the last 24 hours: working 38 %, idle 62 %"
    assert [(rect.kind, rect.x, rect.height) for rect in told.rects] == [
        ("working", 80, 28.57),
        ("idle", 80, 71.43),
        ("working", 95, 28.57),
    ]
    assert told.rows[-1] == ("Tue 14 Nov, 18:13", ["1", "1.7"])


def test_ends_are_added_up_by_day() -> None:
    told = ends_chart([Sample(NOW - DAY, {}, {"crash": 1}), Sample(NOW, {}, {"crash": 1, "killed": 2})], NOW, UTC)
    assert told.sentence == "Ends that agents saw in 14 days: killed 2, crash 2"
    assert told.rows[-2:] == [("Mon 13 Nov", ["", "1"]), ("Tue 14 Nov", ["2", "1"])]


def test_the_page_shows_what_there_is(client: FlaskClient, store: Store) -> None:
    assert "Nothing is known of this time yet" in client.get("/farm").text
    awake(store, "node-1")
    samples.take(store)
    for reach in REACHES:
        assert "idle 100 %" in client.get(f"/farm?reach={reach}").text
    assert client.get("/farm?reach=year").status_code == 400
