"""People, tokens and one's own account, as browsers without JavaScript use them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from signed import ADMIN, OPERATOR, VIEWER, Browser, person, signed_in
from stores import fresh

from farmhand.manager import passwords
from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.tokens import Scope
from farmhand.manager.signin import Allowed, OpenNetworks
from farmhand.manager.storage import people, sessions, standing, tags, tokens
from farmhand.manager.storage.people import Person
from farmhand.manager.storage.store import Store

OLD, NEW = "correct horse battery", "staple, and another horse"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = fresh(tmp_path, Settings())
    yield store
    store.close()


@pytest.fixture
def app(store: Store) -> Flask:
    return create_app(store)


@pytest.fixture
def root(store: Store) -> Person:
    return person(store, "root", ADMIN, passwords.hashed(OLD))


@pytest.fixture
def admin(app: Flask, store: Store, root: Person) -> Browser:
    return signed_in(app, store, root)


# -- people


def test_somebody_is_added_by_a_link_that_is_shown_once(app: Flask, store: Store, admin: Browser) -> None:
    shown = admin.post("/people", name="lee", role="operator")
    [link] = re.findall(r"http://localhost(/welcome/[\w-]+)", shown.text)
    lee = people.named(store, "lee")
    assert lee.grants == OPERATOR
    assert shown.request.path == f"/people/{lee.id}"
    assert link not in admin.get(f"/people/{lee.id}").text
    theirs = Browser(app.test_client())
    theirs.get(link)
    assert theirs.post(link, password=NEW, again=NEW).status_code == 200
    assert "lee" in theirs.get("/account").text
    assert theirs.get("/people").status_code == 403


def test_a_link_is_shown_on_the_page_of_the_person_whose_it_is(store: Store, admin: Browser) -> None:
    lee, kim = person(store, "lee", OPERATOR), person(store, "kim", VIEWER)
    admin.get(f"/people/{lee.id}")
    assert admin.post(f"/people/{lee.id}/link", follow=False).status_code == 303
    assert "/welcome/" not in admin.get(f"/people/{kim.id}").text
    assert "/welcome/" in admin.get(f"/people/{lee.id}").text
    assert "/welcome/" not in admin.get(f"/people/{lee.id}").text


def test_an_operator_may_be_limited_to_tags(store: Store, admin: Browser) -> None:
    gpu, night = tags.add(store, "gpu", "", "root"), tags.add(store, "night", "", "root")
    admin.post("/people", name="lee", role="operator", tag=[gpu.id, night.id])
    lee = people.named(store, "lee")
    assert lee.grants == (Grant(Role.OPERATOR, gpu.id, "gpu"), Grant(Role.OPERATOR, night.id, "night"))
    page = admin.get(f"/people/{lee.id}").text
    assert "operator of gpu, night" in page
    assert re.findall(r'name="tag" value="([\w-]+)" checked', page) == [gpu.id, night.id]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "root", "role": "viewer"}, 'There is a person "root" already'),
        ({"name": "ROOT ", "role": "viewer"}, 'There is a person "ROOT" already'),
        ({"name": "", "role": "viewer"}, "Write a name"),
        ({"name": "a\u202eb", "role": "viewer"}, "characters that do not show"),
        ({"name": "lee", "role": "emperor"}, "Choose a role"),
        ({"name": "lee"}, "Choose a role"),
        ({"name": "lee", "role": "operator", "tag": "nowhere"}, "There is no tag nowhere any more"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_made(
    store: Store, admin: Browser, form: dict[str, str], said: str
) -> None:
    page = admin.post("/people", **form)
    assert page.status_code == 400
    assert said in html.unescape(page.text)
    assert [each.name for each in people.every(store)] == ["root"]


def test_only_operators_are_limited(store: Store, admin: Browser) -> None:
    gpu = tags.add(store, "gpu", "", "root")
    page = admin.post("/people", name="lee", role="admin", tag=gpu.id)
    assert "Tags do not limit an admin" in page.text
    assert len(people.every(store)) == 1


def test_another_role_ends_their_sessions(app: Flask, store: Store, admin: Browser) -> None:
    lee = person(store, "lee", ADMIN)
    theirs = signed_in(app, store, lee)
    admin.post(f"/people/{lee.id}/role", role="viewer")
    assert people.one(store, lee.id).grants == VIEWER
    assert theirs.get("/people").request.path == "/sign-in"


def test_the_last_admin_can_be_neither_demoted_nor_turned_off(store: Store, root: Person, admin: Browser) -> None:
    for path, form in ((f"/people/{root.id}/role", {"role": "viewer"}), (f"/people/{root.id}/off", {})):
        page = admin.post(path, **form)
        assert page.status_code in (400, 409)
        assert "Root is the only admin; make somebody else an admin first" in page.text
    assert people.one(store, root.id).grants == ADMIN


def test_who_is_turned_off_is_out_at_once_and_may_come_back(app: Flask, store: Store, admin: Browser) -> None:
    lee = person(store, "lee", OPERATOR, passwords.hashed(OLD))
    theirs = signed_in(app, store, lee)
    made = tokens.make(store, lee.id, "nightly", Scope(Role.VIEWER), 3_600_000, "lee")
    page = admin.post(f"/people/{lee.id}/off")
    assert "not let in" in page.text
    assert theirs.get("/workers").request.path == "/sign-in"
    again = app.test_client().post("/sign-in", data={"name": "lee", "password": OLD})
    assert again.status_code == 401
    admin.post(f"/people/{lee.id}/role", role="viewer")
    assert people.one(store, lee.id).grants == VIEWER
    refused = app.test_client().get("/api/v3/jobs", headers={"Authorization": f"Bearer {made.text}"})
    assert refused.status_code == 401, "who comes back begins anew, and whoever has their token does not"


def test_an_admin_ends_sessions(app: Flask, store: Store, admin: Browser) -> None:
    lee = person(store, "lee", VIEWER)
    one, other = signed_in(app, store, lee), signed_in(app, store, lee)
    found = sessions.of_person(store, lee.id)
    admin.post(f"/people/{lee.id}/sessions", session=found[0].id)
    assert len(sessions.of_person(store, lee.id)) == 1
    admin.post(f"/people/{lee.id}/sessions")
    assert {browser.get("/workers").request.path for browser in (one, other)} == {"/sign-in"}


def test_people_are_listed_with_how_they_sign_in(store: Store, admin: Browser) -> None:
    person(store, "lee", VIEWER)
    standing.turn_off(store, person(store, "max", VIEWER).id, "root")
    rows = re.findall(r"<tr role=\"row\"><td.*?</tr>", admin.get("/people").text, re.DOTALL)
    told = [re.findall("not used yet|password|not let in|you<", row) for row in rows]
    assert told == [["not used yet"], ["you<", "password"], ["not let in"]]


def test_a_name_is_text_wherever_it_stands(store: Store, admin: Browser) -> None:
    evil = "<script>alert(1)</script>"
    lee = person(store, evil, OPERATOR)
    tokens_name = "<img src=x onerror=alert(1)>"
    tokens.make(store, lee.id, tokens_name, tokens.Scope(Role.VIEWER), 1000_000, evil)
    for path in ("/people", f"/people/{lee.id}", "/tokens"):
        page = admin.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


# -- tokens


def test_a_token_is_shown_once_and_works(app: Flask, store: Store, admin: Browser) -> None:
    admin.get("/account/tokens")
    page = admin.post("/account/tokens", name="nightly", role="operator", days="30")
    [text] = re.findall(r"fh_\w{49}", page.text)
    assert text not in admin.get("/account/tokens").text
    stranger = app.test_client()
    assert stranger.get("/api/v3/jobs", headers={"Authorization": f"Bearer {text}"}).json == {"jobs": []}
    assert stranger.get("/api/v3/jobs", auth=("anybody", text)).status_code == 200
    assert stranger.get("/people", headers={"Authorization": f"Bearer {text}"}).status_code == 403
    [kept] = tokens.every(store)
    assert kept.expires_at - kept.made_at == 30 * 24 * 3600 * 1000
    assert "127.0.0.1" in admin.get("/account/tokens").text
    admin.post("/account/tokens/revoke", token=kept.id)
    refused = stranger.get("/api/v3/jobs", headers={"Authorization": f"Bearer {text}"})
    assert refused.status_code == 401
    assert refused.json is not None
    assert 'the token "nightly" was revoked' in refused.json["message"]


def test_nobody_makes_a_token_for_more_than_they_may(app: Flask, store: Store) -> None:
    gpu, night = tags.add(store, "gpu", "", "root"), tags.add(store, "night", "", "root")
    theirs = signed_in(app, store, person(store, "lee", [Grant(Role.OPERATOR, gpu.id)]))
    shown = theirs.get("/account/tokens").text
    assert ("night" in shown, 'value="admin"' in shown) == (False, False)
    assert theirs.post("/account/tokens", name="x", role="admin", days="1").status_code == 400
    assert theirs.post("/account/tokens", name="x", role="operator", days="1", tag=night.id).status_code == 400
    assert theirs.post("/account/tokens", name="x", role="operator", days="99999").status_code == 400
    assert theirs.post("/account/tokens", name="x", role="operator", days="-1").status_code == 400
    assert tokens.every(store) == []
    assert theirs.post("/account/tokens", name="x", role="operator", days="1", tag=gpu.id).status_code == 200


def test_tokens_of_others_are_for_admins(app: Flask, store: Store, admin: Browser) -> None:
    lee = person(store, "lee", VIEWER)
    theirs = signed_in(app, store, lee)
    theirs.post("/account/tokens", name="reader", role="viewer", days="7")
    [token] = tokens.every(store)
    other = signed_in(app, store, person(store, "max", OPERATOR))
    assert other.post("/account/tokens/revoke", token=token.id).status_code == 403
    assert other.get("/tokens").status_code == 403
    assert "reader" in admin.get("/tokens").text
    admin.post("/account/tokens/revoke", token=token.id, back="all")
    assert tokens.one(store, token.id).revoked_at is not None


# -- one's own account


def change(browser: Browser, **form: str) -> tuple[int, str]:
    shown = browser.post("/account/password", **{"now": OLD, "new": NEW, "again": NEW, **form})
    return shown.status_code, html.unescape(shown.text)


def test_another_password_signs_out_everywhere_else(app: Flask, store: Store, root: Person, admin: Browser) -> None:
    other = signed_in(app, store, root)
    before = sessions.of_person(store, root.id)
    code, text = change(admin)
    assert (code, "Your password is changed" in text) == (200, True)
    assert other.get("/workers").request.path == "/sign-in"
    [now] = sessions.of_person(store, root.id)
    assert now.id not in {each.id for each in before}, "the session that goes on is a new one"
    assert app.test_client().post("/sign-in", data={"name": "root", "password": NEW}).status_code == 303


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"now": "wrong"}, "The present password is another one"),
        ({"again": "another"}, "The two new passwords are not the same"),
        ({"new": "short", "again": "short"}, "fewer than 12 characters"),
        ({"now": ""}, "The present password is another one"),
        ({"now": "x" * 10_000}, "The present password is another one"),
    ],
)
def test_a_password_that_is_not_taken(
    store: Store, root: Person, admin: Browser, form: dict[str, str], said: str
) -> None:
    kept = people.hash_of(store, root.id)
    code, text = change(admin, **form)
    assert code == 400
    assert said in text
    assert people.hash_of(store, root.id) == kept


def test_the_present_password_cannot_be_guessed_here_either(admin: Browser) -> None:
    codes = [change(admin, now=f"guess {number}")[0] for number in range(15)]
    assert 429 in codes
    assert change(admin)[0] == 429


def test_browsers_are_signed_out_one_by_one_and_all_but_this(
    app: Flask, store: Store, root: Person, admin: Browser
) -> None:
    signed_in(app, store, root)
    signed_in(app, store, root)
    page = admin.get("/account").text
    ids = re.findall(r'name="session" value="([\w-]+)"', page)
    assert len(ids) == 2, "not the one that asks"
    assert "Firefox on Linux" in page
    admin.post("/account/sessions", session=ids[0])
    assert len(sessions.of_person(store, root.id)) == 2
    admin.post("/account/sessions", all="yes")
    assert len(sessions.of_person(store, root.id)) == 1
    assert admin.get("/account").request.path == "/account"


def test_nobody_ends_sessions_of_others(app: Flask, store: Store, root: Person, admin: Browser) -> None:
    theirs = signed_in(app, store, person(store, "lee", VIEWER))
    theirs.post("/account/sessions", session=sessions.of_person(store, root.id)[0].id)
    assert len(sessions.of_person(store, root.id)) == 1


def test_single_keys_can_be_turned_off(app: Flask, store: Store, root: Person, admin: Browser) -> None:
    assert 'data-shortcuts="on"' in admin.get("/workers").text
    admin.post("/account/shortcuts")
    assert 'data-shortcuts="off"' in admin.get("/workers").text
    assert 'data-shortcuts="off"' in signed_in(app, store, root).get("/workers").text, "in another browser, too"
    admin.post("/account/shortcuts", on="yes")
    assert 'data-shortcuts="on"' in admin.get("/workers").text


def test_without_sign_in_there_is_no_account_and_keys_can_be_turned_off(tmp_path: Path) -> None:
    store = fresh(tmp_path / "open", Settings(without_login=True))
    browser = Browser(create_app(store).test_client())
    assert "Nobody has to sign in here" in browser.get("/account").text
    assert browser.get("/account/tokens").status_code == 200
    assert browser.post("/account/tokens", name="x", role="viewer", days="1").status_code == 403
    browser.post("/account/shortcuts")
    assert 'data-shortcuts="off"' in browser.get("/workers").text
    store.close()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/people", {"name": "evil", "role": "admin"}),
        ("/account/tokens", {"name": "evil", "role": "admin", "days": "90"}),
        ("/account/password", {"now": OLD, "new": NEW, "again": NEW}),
        ("/account/sessions", {"all": "yes"}),
    ],
)
def test_a_form_that_is_not_of_our_page_changes_nothing(
    store: Store, admin: Browser, path: str, form: dict[str, str]
) -> None:
    for proof in ("", "0" * 64):
        admin.proof = proof
        assert admin.post(path, **form).status_code == 403
    assert [each.name for each in people.every(store)] == ["root"]
    assert tokens.every(store) == []


def test_open_networks_are_named_on_every_page(tmp_path: Path) -> None:
    settings = Settings(open_networks=OpenNetworks(("10.20.0.0/16", "fd00::/8"), Allowed.OPERATE))
    store = fresh(tmp_path / "open", settings)
    app = create_app(store)
    browser = signed_in(app, store, person(store, "root"))
    told = "Programs in 10.20.0.0/16 and fd00::/8 may do what operators may without signing in"
    for path in ("/workers", "/jobs", "/account", "/people", "/tokens", "/nowhere"):
        assert told in browser.get(path).text, path
    store.close()
