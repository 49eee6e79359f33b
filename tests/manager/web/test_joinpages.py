"""Who wants to join, as a browser without JavaScript sees it."""

import re
from pathlib import Path

import pytest
from callers import Caller, register
from flask.testing import FlaskClient
from stores import fresh

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import calls, enrolments, joining
from farmhand.manager.storage.store import Store


def farm(folder: Path, way: Joining) -> tuple[Store, FlaskClient]:
    store = fresh(folder, Settings(without_login=True, registration=way))
    return store, create_app(store).test_client()


def guest(store: Store, name: str) -> str:
    return calls.register(store, calls.Registration(name, "s" * 64, "linux", ("misc",), "10.0.0.7"))


def test_who_wants_to_join_stands_above_the_list(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.APPROVAL)
    assert "wants to join" not in client.get("/workers").text
    guest(store, "<b>node</b>")
    page = client.get("/workers").text
    assert "1 worker wants to join" in page
    assert "&lt;b&gt;node&lt;/b&gt;" in page
    assert "Wants to join" in page
    assert "1 worker wants to join" in client.get("/workers/joining").text
    guest(store, "node-2")
    for path in ("/workers", "/workers/joining"):
        assert "2 workers want to join" in client.get(path).text


@pytest.mark.parametrize(("button", "in_there"), [("let_in", True), ("turn_away", False)])
def test_one_button_for_one_worker(tmp_path: Path, button: str, in_there: bool) -> None:
    store, client = farm(tmp_path, Joining.APPROVAL)
    one, other = guest(store, "node-1"), guest(store, "node-2")
    answer = client.post("/workers/joining", data={button: one, "back": "/workers"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/workers")
    assert [each.id for each in joining.waiting(store)] == [other]
    assert (one in {worker.id for worker in store.workers()}) is in_there
    words = "node-1 is let in." if in_there else "node-1 is turned away."
    assert words in client.get("/workers").text


def test_all_that_were_shown_are_let_in_and_nobody_who_came_since(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.APPROVAL)
    for number in range(3):
        guest(store, f"node-{number}")
    shown = re.findall(r'name="shown" value="([^"]+)"', client.get("/workers").text)
    late = guest(store, "late")
    client.post("/workers/joining", data={"let_in": "all", "shown": shown, "back": "/workers"})
    assert [each.id for each in joining.waiting(store)] == [late]


def test_those_that_are_ticked(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.APPROVAL)
    ids = [guest(store, f"node-{number}") for number in range(3)]
    client.post("/workers/joining", data={"turn_away": "picked", "guest": ids[1:]})
    assert [each.id for each in joining.waiting(store)] == ids[:1]
    client.post("/workers/joining", data={"turn_away": "picked"})
    assert "Nobody was picked" in client.get("/workers").text
    assert client.post("/workers/joining").status_code == 400


def test_a_code_is_made_by_a_click_and_shown_once(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.CODE)
    assert "Make a code" in client.get("/workers").text
    assert client.post("/workers/enrolment", data={"back": "/workers"}).status_code == 303
    page = client.get("/workers").text
    code = re.search(r"FARMHAND_ENROLMENT_CODE=</?[^>]*>?([0-9A-Z-]{39})|FARMHAND_ENROLMENT_CODE=([0-9A-Z-]{39})", page)
    assert code
    assert (code[1] or code[2]) not in client.get("/workers").text
    said = calls.Registration("n", "s" * 64, "linux", (), "", code[1] or code[2])
    assert not store.worker(calls.register(store, said)).waiting


def test_the_page_of_codes_lists_makes_and_revokes(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.APPROVAL)
    client.post("/workers/enrolment", data={"uses": "20", "lifetime": "3600", "back": "/workers/joining"})
    (made,) = enrolments.known(store)
    page = client.get("/workers/joining").text
    assert f"{made.hint}-…" in page
    assert "0 of 20 used" in page
    client.post("/workers/enrolment/revoke", data={"enrolment": made.id, "back": "/workers/joining"})
    assert "was revoked" in client.get("/workers/joining").text
    for wrong in ({"uses": "0"}, {"uses": "x"}, {"lifetime": "9"}):
        assert client.post("/workers/enrolment", data=wrong).status_code == 400


def test_revoking_says_first_what_it_does(tmp_path: Path) -> None:
    store, client = farm(tmp_path, Joining.OPEN)
    worker = register(Caller(client))
    page = client.get(f"/workers/{worker.id}/revoke").text
    assert "exit code 77" in page
    assert "It has no task at the moment." in page
    assert store.workers() != []
    answer = client.post(f"/workers/{worker.id}/revoke", data={"reason": " stolen \n laptop "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/workers")
    assert store.workers() == []
    assert joining.farewell(store, worker.id, worker.secret).endswith(": stolen laptop")
    assert client.get(f"/workers/{worker.id}/revoke").status_code == 404


@pytest.mark.parametrize("way", list(Joining))
def test_the_first_steps_say_how_workers_get_in(tmp_path: Path, way: Joining) -> None:
    _, client = farm(tmp_path, way)
    words = {
        Joining.OPEN: "signs on by itself",
        Joining.APPROVAL: "Let it in",
        Joining.CODE: "Give it a code, and start it",
    }
    assert words[way] in client.get("/workers").text
