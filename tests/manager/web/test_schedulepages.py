"""The Sleep tab, as a browser without JavaScript uses it."""

import html
import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from pretended import Pretended, awake
from werkzeug.test import TestResponse

from farmhand.manager.storage import schedules, tags
from farmhand.manager.storage.store import Store

NIGHT = {"days": ["mo-fr", ""], "start": ["22:00", ""], "end": ["06:00", ""]}
FORM = {**NIGHT, "zone": "Europe/Berlin", "lazy": "yes", "on": "active"}


@pytest.fixture
def node(store: Store) -> Pretended:
    return awake(store, "node-1")


def send(client: FlaskClient, node: Pretended, **more: object) -> TestResponse:
    return client.post(f"/workers/{node.id}/sleep", data={**FORM, **more}, follow_redirects=True)


def values(page: TestResponse, name: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(rf'name="{name}" value="([^"]*)"', page.text)]


def upcoming(page: TestResponse) -> list[str]:
    found = re.search(r'<ol class="upcoming">(.*?)</ol>', page.text)
    return re.findall("<li>(.*?)</li>", found[1]) if found else []


def test_a_worker_without_one_has_an_empty_form(client: FlaskClient, node: Pretended) -> None:
    page = client.get(f"/workers/{node.id}/sleep")
    assert "No sleep schedule is in force." in page.text
    assert (values(page, "start"), values(page, "zone"), upcoming(page)) == ([""], ["UTC"], [])
    assert "Remove" not in page.text


def test_what_is_sent_is_kept_and_shown_with_its_next_five_nights(client: FlaskClient, node: Pretended) -> None:
    page = send(client, node)
    assert "The sleep schedule is saved: mo-fr 22:00-06:00 (Europe/Berlin)." in page.text
    assert (values(page, "days"), values(page, "start"), values(page, "end")) == (
        ["mo-fr", ""],
        ["22:00", ""],
        ["06:00", ""],
    )
    assert len(upcoming(page)) == 5
    assert all(re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri) \d+ \w{3}, 22:00 to 06:00", night) for night in upcoming(page))
    assert "by schedule until" in client.get(f"/workers/{node.id}").text


def test_a_second_window_goes_into_the_empty_row(client: FlaskClient, node: Pretended, store: Store) -> None:
    send(client, node)
    page = send(
        client, node, days=["mo-fr", "sa su", ""], start=["22:00", "", ""], end=["06:00", "", ""], lazy="no", on=""
    )
    assert values(page, "start") == ["22:00", "00:00", ""]
    kept = schedules.own(store, node.id)
    assert kept is not None
    assert (kept.schedule.lazy, kept.schedule.active, len(kept.schedule.windows)) == (False, False, 2)


@pytest.mark.parametrize(
    ("change", "message", "wrong"),
    [
        ({"start": ["25:00", ""]}, "Window 1: “25:00” is no time of day; write HH:MM", "25:00"),
        ({"days": ["mo-fr", "x"]}, "Window 2: “x” is no day", "x"),
        ({"zone": "Berlin"}, "Time zone: “Berlin” is no time zone; did you mean", "Berlin"),
        ({name: [""] for name in ("days", "start", "end")}, "No window is filled in", None),
    ],
)
def test_what_is_wrong_is_shown_where_it_is_and_nothing_is_lost(
    client: FlaskClient, node: Pretended, store: Store, change: dict[str, object], message: str, wrong: str | None
) -> None:
    page = send(client, node, **change)
    assert page.status_code == 400
    assert message.replace("“", '"').replace("”", '"') in html.unescape(page.text)
    assert re.findall(r'value="([^"]*)"[^>]* aria-invalid', page.text) == ([wrong] if wrong else [])
    assert schedules.every(store) == []


def test_a_schedule_is_removed(client: FlaskClient, node: Pretended, store: Store) -> None:
    send(client, node)
    page = client.post(f"/workers/{node.id}/sleep", data={**FORM, "remove": "yes"}, follow_redirects=True)
    assert "The sleep schedule is removed." in page.text
    assert schedules.every(store) == []
    history = client.get(f"/workers/{node.id}").text
    assert "Sleep schedule changed" in history
    assert "Sleep schedule removed" in history
    assert "mo-fr 22:00-06:00 (Europe/Berlin)" in history


def test_the_schedules_of_its_tags_are_named(client: FlaskClient, node: Pretended, store: Store) -> None:
    tag = tags.add(store, "desks", "", "kim")
    tags.give(store, node.id, [tag.id], "kim")
    client.post("/api/farmhand/schedules", json={"tag": tag.id, "windows": [{}], "zone": "Asia/Tokyo"})
    page = client.get(f"/workers/{node.id}/sleep")
    assert "00:00-24:00 (Asia/Tokyo)" in page.text
    assert upcoming(page) == ["Always"]
    assert "Asleep by schedule, always." in page.text


def test_every_field_that_is_wrong_has_its_reason_beside_it(client: FlaskClient, node: Pretended) -> None:
    page = send(client, node, start=["25:00", ""], days=["", "x"], zone="Berlin").text
    told = dict(re.findall(r'<p class="problem" id="([^"]+)">([^<]+)</p>', page))
    assert told.keys() == {"window-1", "window-2", "zone-problem"}
    described = re.findall(r'aria-invalid="true" aria-describedby="([^"]+)"', page)
    assert described == ["window-1", "window-2", "zone-problem"]
    assert "is no day" in told["window-2"]


def test_a_window_is_added_and_left_out_without_a_script_and_nothing_is_saved(
    client: FlaskClient, node: Pretended, store: Store
) -> None:
    page = send(client, node, step="add")
    assert values(page, "days") == ["mo-fr", "", ""]
    page = send(client, node, step="drop-0")
    assert values(page, "days") == [""]
    assert schedules.every(store) == []


def test_the_last_window_that_is_left_out_leaves_an_empty_one(client: FlaskClient, node: Pretended) -> None:
    page = send(client, node, days=["mo"], start=["08:00"], end=["09:00"], step="drop-0")
    assert values(page, "days") == [""]


def test_a_preview_says_when_it_would_sleep_and_saves_nothing(
    client: FlaskClient, node: Pretended, store: Store
) -> None:
    page = send(client, node, step="preview")
    assert "When it would sleep" in page.text
    assert len(upcoming(page)) == 5
    assert 'aria-label="Asleep mo-fr 22:00-06:00 (Europe/Berlin)"' in page.text
    assert page.text.count('<rect class="asleep"') == 10
    assert values(page, "days") == ["mo-fr", ""]
    assert schedules.every(store) == []


def test_a_preview_of_what_is_wrong_says_so(client: FlaskClient, node: Pretended) -> None:
    page = send(client, node, step="preview", zone="Berlin")
    assert page.status_code == 400
    assert "Once the form is mended" in page.text


@pytest.mark.parametrize(
    ("noon", "first"),
    [
        pytest.param("2026-03-28T12:00+01:00", "Sun 29 Mar, 03:00 to 04:00", id="half past two does not come"),
        pytest.param("2026-10-24T12:00+02:00", "Sun 25 Oct, 02:30 to 04:00", id="half past two comes twice"),
    ],
)
def test_a_night_on_which_clocks_change_is_shown_as_it_will_be(
    client: FlaskClient, node: Pretended, store: Store, noon: str, first: str
) -> None:
    now = int(datetime.fromisoformat(noon).timestamp() * 1000)
    store.clock = lambda: now
    nights = upcoming(send(client, node, days=["su"], start=["02:30"], end=["04:00"], step="preview"))
    assert nights[0] == first
    assert all(night.endswith(", 02:30 to 04:00") for night in nights[1:])
