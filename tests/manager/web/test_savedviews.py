"""Views with a name, as a browser without JavaScript keeps them."""

import json
from base64 import urlsafe_b64encode

import pytest
from flask.testing import FlaskClient
from pretended import awake

from farmhand.manager.storage.store import Store
from farmhand.manager.web.workers.savedviews import COOKIE, LARGEST, MOST, SavedView, read, written


@pytest.fixture
def at_list(client: FlaskClient, store: Store) -> FlaskClient:
    """A browser, where there is a worker to list."""
    awake(store, "node-1")
    return client


def save(client: FlaskClient, name: str, back: str) -> str:
    return client.post("/workers/views", data={"name": name, "back": back}, follow_redirects=True).text


def kept(*pairs: object) -> str:
    return urlsafe_b64encode(json.dumps(pairs).encode()).decode()


def test_a_view_is_saved_and_removed(at_list: FlaskClient) -> None:
    saved = save(at_list, " Silent  GPUs ", "/workers?tag=gpu&silent=300s&page=2&pick=0123abcd")
    assert "The view “Silent GPUs” is saved in this browser." in saved
    assert '<a class="chip" href="/workers?tag=gpu&amp;silent=300s">Silent GPUs</a>' in at_list.get("/workers").text
    here = at_list.get("/workers?tag=gpu&silent=300s").text
    assert '&amp;silent=300s" aria-current="page">Silent GPUs' in here
    assert "Save this view" not in here
    gone = at_list.post("/workers/views", data={"drop": "Silent GPUs", "back": "/workers"}, follow_redirects=True)
    assert 'class="views"' not in gone.text


def test_a_name_is_of_one_view(at_list: FlaskClient) -> None:
    save(at_list, "mine", "/workers?status=idle")
    save(at_list, "mine", "/workers?status=asleep")
    cookie = at_list.get_cookie(COOKIE)
    assert cookie is not None
    assert read(cookie.value) == [SavedView("mine", "/workers?status=asleep")]


def test_what_cannot_be_kept_is_refused(at_list: FlaskClient) -> None:
    assert "Give the view a name" in save(at_list, " ", "/workers?status=idle")
    for number in range(MOST):
        save(at_list, str(number), f"/workers?q={number}")
    assert f"There is room for {MOST} views" in save(at_list, "more", "/workers?status=idle")


def test_a_list_without_filters_has_nothing_to_save(at_list: FlaskClient) -> None:
    assert "Save this view" not in at_list.get("/workers").text
    assert "Save this view" in at_list.get("/workers?sort=-seen").text


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        "A" * 100_000,
        kept("x", ["a"], [1, 2], ["name", None]),
        kept(["a", "/workers?status=happy"]),
        urlsafe_b64encode(b"[" * 2000).decode(),
    ],
)
def test_what_is_no_view_of_ours_is_left_out(at_list: FlaskClient, sent: str) -> None:
    assert read(sent) == []
    at_list.set_cookie(COOKIE, sent[:4000])
    assert at_list.get("/workers").status_code == 200


def test_a_view_leads_to_the_list_only() -> None:
    assert read(kept(["away", "https://evil.example.org/?q=x"])) == [SavedView("away", "/workers?q=x")]


def test_as_many_as_are_allowed_fit_into_a_cookie() -> None:
    views = [SavedView("n" * 30, f"/workers?q={n}&status=error&status=idle&tag=gpu&sort=-seen") for n in range(MOST)]
    assert read(written(views)) == views
    assert len(written(views)) < LARGEST
