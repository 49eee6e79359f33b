"""Signing in with a provider that really runs, as browsers go through it; also with one that somebody else wrote."""

import html
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from oidc_provider_mock import init_app
from provider import CLIENT, KIM, SECRET, Pretender, providing
from signed import OPERATOR, person
from sqlalchemy import text
from stores import fresh
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules import deeds
from farmhand.manager.rules.access import Role
from farmhand.manager.rules.auditing import Wanted
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import Oidc
from farmhand.manager.storage import audit, people, standing
from farmhand.manager.storage.store import Store

ROLES = {"wranglers": Granted(Role.OPERATOR), "admins": Granted(Role.ADMIN)}


@dataclass
class Farm:
    """A manager that knows a provider."""

    app: Flask
    store: Store

    def browser(self) -> FlaskClient:
        return self.app.test_client()


@pytest.fixture
def it() -> Iterator[Pretender]:
    with providing() as it:
        yield it


@pytest.fixture
def farm(it: Pretender, tmp_path: Path) -> Iterator[Farm]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    yield from opened(tmp_path, Oidc(it.issuer, CLIENT, ROLES, "Nightjar", str(secret)))


def opened(folder: Path, settings: Oidc) -> Iterator[Farm]:
    store = fresh(folder / "data", Settings(oidc=settings))
    yield Farm(create_app(store), store)
    store.close()


def leave(browser: FlaskClient, here: str = "/jobs") -> str:
    """Begin to sign in, and return where the browser is sent."""
    answer = browser.get(f"/sign-in/provider?next={quote(here)}")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def provide(place: str) -> str:
    """Sign in at the provider, and return the address that it sends the browser back to."""
    answer = requests.get(place, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    assert back.path == "/sign-in/provider/back"
    return f"{back.path}?{back.query}"


def sign_in(browser: FlaskClient, here: str = "/jobs") -> TestResponse:
    return browser.get(provide(leave(browser, here)), follow_redirects=True)


def refused(browser: FlaskClient, place: str, why: str) -> None:
    answer = browser.get(place, follow_redirects=True)
    assert answer.request.path == "/sign-in"
    assert why in answer.text
    assert browser.get("/workers").status_code == 303, "nobody is signed in"


def test_the_page_offers_it_beside_the_password(farm: Farm) -> None:
    page = farm.browser().get("/sign-in?next=/jobs").text
    assert "Sign in with Nightjar" in page
    assert 'href="/sign-in/provider?next=/jobs"' in page or 'href="/sign-in/provider?next=%2Fjobs"' in page
    assert 'name="password"' in page


def test_somebody_in_a_group_is_signed_in_and_goes_where_they_were(farm: Farm) -> None:
    browser = farm.browser()
    shown = sign_in(browser)
    assert shown.request.path == "/jobs"
    assert "kim" in shown.text
    kim = people.named(farm.store, "kim")
    assert kim.grants == OPERATOR
    assert browser.get("/people").status_code == 403
    assert sign_in(farm.browser()).status_code == 200
    assert people.every(farm.store) == [replace(kim, signed_in_at=people.one(farm.store, kim.id).signed_in_at)]


def test_somebody_in_no_group_is_not(it: Pretender, farm: Farm) -> None:
    it.person = {**KIM, "groups": ["artists"]}
    browser = farm.browser()
    refused(browser, provide(leave(browser)), "kim is in no group that has a role here")
    assert people.every(farm.store) == []


def test_a_name_or_an_address_makes_nobody_somebody_else(it: Pretender, farm: Farm) -> None:
    root = person(farm.store, "root")
    it.person = {**KIM, "preferred_username": "root", "email": "root@example.org", "email_verified": True}
    browser = farm.browser()
    sign_in(browser)
    assert browser.get("/people").status_code == 403
    assert people.one(farm.store, root.id).signed_in_at is None


def test_a_state_is_good_once(farm: Farm) -> None:
    browser = farm.browser()
    place = leave(browser)
    [cookie] = [each for each in browser._cookies.values() if each.key == "farmhand-provider"]
    back = provide(place)
    assert browser.get(back).status_code == 303
    again = farm.browser()
    again.set_cookie("farmhand-provider", cookie.value, path="/sign-in/provider")
    refused(again, back, "could not sign you in")  # the code is used up
    third = farm.browser()
    third.set_cookie("farmhand-provider", cookie.value, path="/sign-in/provider")
    refused(third, provide(place), "this sign-in was used already")  # with a new code


def test_what_another_browser_began_is_not_ended_here(farm: Farm) -> None:
    back = provide(leave(farm.browser()))
    refused(farm.browser(), back, "was begun elsewhere")
    other = farm.browser()
    leave(other)
    refused(other, back, "belongs to another sign-in")


def test_a_cookie_that_was_changed_is_none(farm: Farm) -> None:
    browser = farm.browser()
    back = provide(leave(browser))
    browser.set_cookie("farmhand-provider", "WyJzdGF0ZSIsICIvIl0.aaaa.bbbb", path="/sign-in/provider")
    refused(browser, back, "was begun elsewhere")


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_afterwards(farm: Farm, next: str) -> None:
    browser = farm.browser()
    assert browser.get(provide(leave(browser, next))).headers["Location"] == "/workers"


def test_over_https_no_neighbour_can_have_begun_it(farm: Farm) -> None:
    answer = farm.browser().get("/sign-in/provider", base_url="https://farm.example.org")
    said = answer.headers["Set-Cookie"]
    assert said.startswith("__Host-farmhand-provider=")
    assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in said


def test_strangers_who_come_back_with_nothing_fill_no_log(farm: Farm) -> None:
    for _ in range(3):
        refused(farm.browser(), "/sign-in/provider/back", "was begun elsewhere")
    assert len(audit.newest_first(farm.store.database, Wanted(what=deeds.SIGN_IN_FAILED), None, 10)) == 1


def test_the_answer_of_another_provider_is_refused(farm: Farm) -> None:
    browser = farm.browser()
    refused(browser, provide(leave(browser)) + "&iss=https://evil.example", "another provider")


def test_a_provider_that_says_no_is_quoted(it: Pretender, farm: Farm) -> None:
    it.refuses = "access_denied<script>"
    browser = farm.browser()
    refused(browser, provide(leave(browser)), "it says access_denied&lt;script&gt;")


def test_a_token_that_does_not_hold_signs_nobody_in(it: Pretender, farm: Farm) -> None:
    it.twist = lambda honest: {**honest, "aud": "another"}
    browser = farm.browser()
    refused(browser, provide(leave(browser)), "Nightjar could not sign you in: its ID token does not hold")
    with farm.store.database.read() as connection:
        what = connection.execute(text("SELECT what, detail FROM audit ORDER BY seq DESC LIMIT 1")).one()
    assert what.what == "session.refused"
    assert "does not hold" in what.detail


def test_while_the_provider_is_down_passwords_work(it: Pretender, farm: Farm) -> None:
    it.described = {"issuer": "https://another.example"}
    browser = farm.browser()
    answer = browser.get("/sign-in/provider", follow_redirects=True)
    assert answer.request.path == "/sign-in"
    assert "cannot be asked now" in answer.text
    assert "Passwords still work" in answer.text
    assert 'name="password"' in answer.text


def test_who_was_turned_off_stays_out(farm: Farm) -> None:
    person(farm.store, "root")
    browser = farm.browser()
    sign_in(browser)
    standing.turn_off(farm.store, people.named(farm.store, "kim").id, "root")
    assert browser.get("/workers").status_code == 303
    refused(browser, provide(leave(browser)), "kim is not let in any more")


def test_signing_out_is_for_the_provider_too(it: Pretender, farm: Farm) -> None:
    browser = farm.browser()
    page = sign_in(browser).text
    proof = page.partition('name="csrf" value="')[2].partition('"')[0]
    shown = browser.post("/sign-out", data={"csrf": proof}, follow_redirects=True)
    assert shown.request.path == "/signed-out"
    [link] = re.findall(r'href="(http[^"]*)">Sign out of Nightjar, too', shown.text)
    place = urlsplit(html.unescape(link))
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{it.issuer}/end"
    back = "http://localhost/sign-in"
    assert parse_qs(place.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [back]}
    assert browser.get("/workers").status_code == 303


def test_without_the_setting_there_is_no_such_page(tmp_path: Path) -> None:
    store = fresh(tmp_path, Settings())
    browser = create_app(store).test_client()
    assert browser.get("/sign-in/provider").status_code == 404
    assert "Sign in with" not in browser.get("/sign-in").text
    store.close()


def test_beginning_writes_nothing(farm: Farm) -> None:
    with farm.store.database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM audit")).scalar()
    for _ in range(3):
        leave(farm.browser())
    with farm.store.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM spent")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == before


# -- the provider of somebody else


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Farm]:
    served = Flask("another")
    served.secret_key = "a test's"
    init_app(served, require_nonce=True)
    server = make_server("127.0.0.1", 0, served, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield from opened(tmp_path, Oidc(issuer, CLIENT, ROLES, "Another", str(secret)))
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_it_goes_with_a_provider_that_others_wrote(another: Farm) -> None:
    assert another.store.settings.oidc is not None
    issuer = another.store.settings.oidc.issuer
    claims = {"preferred_username": "lee", "groups": ["admins"]}
    assert requests.put(f"{issuer}/users/lee", json=claims, timeout=10).status_code == 204
    browser = another.browser()
    place = leave(browser)
    answer = requests.post(place, data={"sub": "lee"}, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    shown = browser.get(f"{back.path}?{back.query}", follow_redirects=True)
    assert shown.request.path == "/jobs"
    assert browser.get("/people").status_code == 200
