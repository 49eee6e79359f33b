"""The Sleep tab in a real browser, without its scripts and with them."""

from collections.abc import Iterator

import needs
import pytest
from browser import chromium
from playwright.sync_api import Browser, Page, expect
from pretended import awake

from farmhand.manager.storage import schedules
from farmhand.manager.storage.store import Store

pytestmark = needs.program("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=[False, True], ids=["without-scripts", "with-scripts"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str, store: Store) -> Iterator[Page]:
    """The tab on a narrow phone, on which nothing may go wrong and nothing may stick out."""
    node, wrong = awake(store, "node-1"), []
    context = browser.new_context(viewport={"width": 320, "height": 800}, java_script_enabled=request.param)
    opened = context.new_page()
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.goto(f"{url}/workers/{node.id}/sleep")
    yield opened
    context.close()
    # Chromium tells of the answer to a form that is wrong, too.
    assert [text for text in wrong if "status of 400" not in text] == []


def test_a_schedule_is_filled_in_mended_and_removed(page: Page, store: Store) -> None:
    def fill(label: str, value: str) -> None:
        page.get_by_label(label, exact=True).first.fill(value)

    fill("Days", "mo-fr")
    fill("From", "22:00")
    fill("To", "6")
    fill("Time zone", "Europe/Berlin")
    page.get_by_label("Go to sleep").select_option("Immediately")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text('Window 1: "6" is no time of day; write HH:MM')
    expect(page.locator("[aria-invalid]")).to_have_value("6")
    fill("To", "06:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="saved: mo-fr 22:00-06:00")).to_be_visible()
    expect(page.locator(".upcoming li")).to_have_count(5)
    expect(page.locator(".week")).to_be_visible()
    [kept] = schedules.every(store)
    assert not kept.schedule.lazy
    width = page.locator("main").bounding_box()
    assert width is not None
    assert width["width"] <= 320
    assert all((box := each.bounding_box()) and box["x"] + box["width"] <= 320 for each in page.locator(".field").all())
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The sleep schedule is removed.")).to_be_visible()
    assert schedules.every(store) == []


@pytest.mark.parametrize("page", [True], indirect=True, ids=["with-scripts"])
def test_what_is_filled_in_is_shown_before_it_is_saved_by_keyboard_alone(page: Page, store: Store) -> None:
    page.get_by_label("Days", exact=True).focus()
    for words in ("fr", "22:00", "06:00"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    expect(page.locator("#preview")).to_contain_text("Not saved")
    expect(page.locator("#preview .upcoming li").first).to_contain_text("22:00 to 06:00")
    assert schedules.every(store) == []
    page.get_by_label("To", exact=True).press("Enter")
    expect(page.get_by_role("status").filter(has_text="saved: fr 22:00-06:00")).to_be_visible()


def test_windows_are_added_and_left_out(page: Page, store: Store) -> None:
    page.get_by_role("button", name="Add a window").click()
    page.get_by_label("From").nth(1).fill("12:00")
    page.get_by_role("button", name="Leave out window 1").click()
    expect(page.get_by_label("From")).to_have_value("12:00")
    assert schedules.every(store) == []


@pytest.mark.parametrize("page", [True], indirect=True, ids=["with-scripts"])
def test_what_has_to_be_mended_has_the_focus(page: Page) -> None:
    page.get_by_label("From", exact=True).fill("22:00")
    page.get_by_label("To", exact=True).fill("6")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    expect(page.locator("#window-1")).to_be_in_viewport()
