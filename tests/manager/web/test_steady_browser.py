"""A page that changes under the reader's hand, in a real browser: what is pressed, where one is, which keys act."""

from collections.abc import Iterator

import needs
import pytest
from browser import chromium
from manager_server import serving
from playwright.sync_api import Browser, Page, expect
from pretended import Pretended, ask, awake, job, register
from stores import fresh
from workers_page import WorkersPage

from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import joining
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status

pytestmark = needs.program("chromium")

FAST = 20_000  # milliseconds, on a machine that has other things to do


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def live(page: Page) -> Page:
    expect(page.locator("[data-live-word]")).to_contain_text("Live", timeout=FAST)
    return page


def keys(page: Page, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


# -- what slides under the pointer

# Press where a button is as soon as it is gone.
PRESS = """(button) => {
    const { x, y, width, height } = button.getBoundingClientRect();
    const press = new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1 });
    new MutationObserver((seen, watch) => {
        if (button.isConnected) return;
        watch.disconnect();
        document.elementFromPoint(x + width / 2, y + height / 2).dispatchEvent(press);
    }).observe(document.getElementById('joining'), { childList: true, subtree: true });
}"""


def test_who_slides_under_the_pointer_is_not_let_in_by_a_click_meant_for_another(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The one whose button it was has been let in elsewhere; the next one's button is there instead."""
    settings = Settings(shared_storage_path="/farm", without_login=True, registration=Joining.APPROVAL)
    store = fresh(tmp_path_factory.mktemp("guarded"), settings)
    first, second = (register(store, name) for name in ("node-1", "node-2"))
    for worker in (first, second):
        worker.sign_on()
    with serving(store) as url:
        page = browser.new_page()
        page.goto(f"{url}/workers")
        live(page)
        page.get_by_role("button", name="Let in node-1").hover()
        page.get_by_role("button", name="Let in node-1").evaluate(PRESS)
        joining.let_in(store, [first.id], "sam")
        expect(page.get_by_role("button", name="Let in node-1")).to_have_count(0, timeout=FAST)
        expect(page.get_by_role("alert").filter(has_text="only just moved here")).to_be_visible()
        assert [guest.id for guest in joining.waiting(store)] == [second.id]
        page.get_by_role("button", name="Let in node-2").click(delay=700)
        expect(page.get_by_role("button", name="Let in node-2")).to_have_count(0, timeout=FAST)
        page.close()
    store.close()


# -- where one is


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    return [awake(store, f"node-{n:02}") for n in range(60)]


def test_a_form_leads_back_to_the_same_place_and_control(
    browser: Browser, url: str, store: Store, workers: list[Pretended]
) -> None:
    """Far down the list a change is taken back: the reader is where they were, and is told there what came of it."""
    for worker in workers[50:52]:
        ask(store, Status.ASLEEP, worker, lazy=True)
    page = browser.new_page(viewport={"width": 1440, "height": 700})
    shown = WorkersPage(page, url).open()
    live(page)
    shown.row("node-50").get_by_role("button", name="Take back").scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    assert scrolled > 500
    with page.expect_navigation():
        shown.row("node-50").get_by_role("button", name="Take back").press("Enter")
    live(page)
    expect(shown.row("node-50").get_by_role("checkbox")).to_be_focused()
    assert page.evaluate("scrollY") == pytest.approx(scrolled, abs=100)
    expect(page.locator(".saying")).to_contain_text("Send to Sleep is withdrawn")
    page.close()


def test_after_an_action_the_keyboard_goes_on_at_the_menu(
    browser: Browser, url: str, store: Store, workers: list[Pretended]
) -> None:
    page = browser.new_page()
    page.goto(f"{url}/workers")
    live(page)
    keys(page, "j", "x", "a")
    page.locator("[data-action]").select_option("restart-lazy")
    page.locator("[data-apply]").focus()
    with page.expect_navigation():
        keys(page, "Enter")
    live(page)
    expect(page.locator("[data-action]")).to_be_focused()
    expect(page.locator("[data-announce]")).to_contain_text("Restart after task asked of 1 worker")
    page.close()


def test_a_dialog_that_was_left_keeps_no_place(
    browser: Browser, url: str, store: Store, workers: list[Pretended]
) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 700})
    shown = WorkersPage(page, url).open()
    live(page)
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.locator("[data-action]").select_option("shutdown-lazy")
    page.locator("[data-apply]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    keys(page, "Escape")
    expect(page.locator("[data-apply]")).to_be_focused()
    page.goto(f"{url}/workers?status=idle")
    live(page)
    expect(page.locator("body")).to_be_focused()
    expect(shown.row("node-01")).to_be_visible()
    page.close()


def test_a_focus_on_a_worker_that_is_removed_passes_to_the_next(
    browser: Browser, url: str, store: Store, workers: list[Pretended]
) -> None:
    page = browser.new_page()
    shown = WorkersPage(page, url).open()
    live(page)
    shown.row("node-03").get_by_role("checkbox").focus()
    store.delete_worker(workers[3].id, "sam")
    shown.says("node-03", "Removed")
    expect(shown.row("node-04").get_by_role("checkbox")).to_be_focused()
    page.close()


# -- which keys act


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/workers", ["/", "j  k", "x", "↑  ↓", "Enter", "Ctrl A", "a", "p", "Esc", "?"]),
        ("/workers/{worker}", ["a", "p", "Esc", "?"]),
        ("/jobs", ["/", "p", "Esc", "?"]),
        ("/tags", ["Esc", "?"]),
    ],
)
def test_the_list_of_keys_names_those_that_act_on_the_page(
    browser: Browser, url: str, store: Store, path: str, named: list[str]
) -> None:
    worker = awake(store, "node-1")
    job(store)
    page = browser.new_page()
    page.goto(url + path.format(worker=worker.id))
    page.wait_for_load_state("load")
    keys(page, "?")
    assert page.locator("#keys kbd:visible").all_text_contents() == named
    page.close()


def test_p_pauses_and_goes_on(browser: Browser, url: str, store: Store) -> None:
    awake(store, "node-1")
    page = browser.new_page()
    page.goto(f"{url}/workers")
    live(page)
    keys(page, "p")
    expect(page.locator("[data-live-word]")).to_contain_text("Paused")
    keys(page, "p")
    expect(page.locator("[data-live-word]")).to_contain_text("Live")
    page.close()
