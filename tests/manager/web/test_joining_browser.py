"""Who wants to join, in a real browser: it is seen without a reload, and let in by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from browser import chromium
from manager_server import serving
from playwright.sync_api import Browser, expect
from pretended import register
from stores import fresh

from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import joining

pytestmark = needs.program("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def test_a_worker_appears_and_is_let_in_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    store = fresh(tmp_path, Settings(without_login=True, registration=Joining.APPROVAL))
    register(store, "node-0").sign_on()
    with serving(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/workers")
        expect(page.locator("[data-live-word]")).to_contain_text("Live")
        expect(page.get_by_role("heading", name="1 worker wants to join")).to_be_visible()
        newer = register(store, "node-1")
        newer.sign_on()
        expect(page.get_by_role("heading", name="2 workers want to join")).to_be_visible(timeout=20_000)
        page.get_by_role("button", name="Let in node-1").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_text("node-1 is let in.")).to_be_visible()
        expect(page.get_by_role("heading", name="1 worker wants to join")).to_be_visible()
        joining.turn_away(store, [guest.id for guest in joining.waiting(store)], "somebody elsewhere")
        expect(page.locator("#joining section")).to_have_count(0)
        page.close()
    assert [worker.name for worker in store.workers()] == ["node-1"]
    store.close()
