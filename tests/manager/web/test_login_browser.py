"""Signing in and out in a real browser, under the pages' own policies."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import needs
import pytest
from browser import chromium
from manager_server import serving
from playwright.sync_api import Browser, expect
from polling import until
from pretended import awake
from signed_in import OPERATOR, VIEWER, sign_in
from stores import fresh

from farmhand.manager import passwords
from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import people, sessions
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.entitled import while_entitled
from farmhand.manager.web.access.sessioncookie import PLAIN
from farmhand.manager.web.live import live

pytestmark = needs.program("chromium")

PASSWORD = "nine horses and a battery"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh(tmp_path, Settings(registration=Joining.OPEN))
    yield opened
    opened.close()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with serving(store) as address:
        yield address


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_an_operator_signs_in_acts_and_signs_out(store: Store, url: str, browser: Browser, scripts: bool) -> None:
    worker = awake(store, "node-1")
    people.add(store, "Kim", OPERATOR, "test", passwords.hashed(PASSWORD))
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{url}/workers")
    page.get_by_label("Name").fill("kim")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{url}/workers")
    page.goto(f"{url}/workers/{worker.id}")
    page.get_by_label("Action").select_option(label="Restart (after task is finished)")
    page.get_by_role("button", name="Apply").click()
    pending = until(lambda: store.worker(worker.id).request, "the request")
    assert pending.by == "Kim"
    expect(page.locator("main")).to_contain_text("restarts")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=20_000)
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=20_000)
    context.close()


def test_a_password_can_be_looked_at_and_is_hidden_when_it_is_sent(url: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{url}/sign-in")
    field = page.get_by_label("Password", exact=True)
    show = page.get_by_role("button", name="Show the password")
    show.click()
    expect(field).to_have_attribute("type", "text")
    expect(show).to_have_attribute("aria-pressed", "true")
    show.click()
    expect(field).to_have_attribute("type", "password")
    page.close()


def test_an_open_page_goes_to_sign_in_when_its_session_is_ended_elsewhere(
    store: Store, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "while_entitled", partial(while_entitled, look_ms=0))
    worker, lee = awake(store, "node-1"), sign_in(store, "Lee", *VIEWER)
    with serving(store) as url:
        context = browser.new_context()
        context.add_cookies([{"name": PLAIN, "value": lee.cookie, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/workers")
        expect(page.locator("[data-live-word]")).to_contain_text("Live")
        sessions.end_all(store, lee.person.id, "an admin")
        worker.signs_off()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=20_000)
        assert page.url == f"{url}/sign-in?next=%2Fworkers"
        context.close()
