"""An open page, and what comes in between in a real browser: the manager, the session, a right or the clock is gone."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import needs
import pytest
from browser import chromium
from manager_server import serving
from playwright.sync_api import Browser, BrowserContext, Page, expect
from polling import until
from pretended import Pretended, ask, awake, job
from signed_in import OPERATOR, VIEWER, sign_in
from stores import fresh
from workers_page import WorkersPage

from farmhand.manager import passwords
from farmhand.manager.config import Settings
from farmhand.manager.rules.joining import Joining
from farmhand.manager.rules.workers import lose
from farmhand.manager.storage import people, sessions
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.entitled import while_entitled
from farmhand.manager.web.access.sessioncookie import PLAIN
from farmhand.manager.web.live import live
from farmhand.worker.wire import Request, Status

pytestmark = needs.program("chromium")

FAST = 20_000  # milliseconds, on a machine that has other things to do
PASSWORD = "nine horses and a battery"
UNSENT = "No connection to the manager: nothing was sent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    """One that is at work, and two that are idle."""
    made = [awake(store, f"node-{n}") for n in (1, 2, 3)]
    job(store, tasks=1)
    assert made[0].asks_for_work() is not None
    return made


def opened(page: Page, url: str) -> WorkersPage:
    """Open the list, and wait until its script has come."""
    shown = WorkersPage(page, url).open()
    expect(page.locator("[data-live-word]")).to_contain_text("Live", timeout=FAST)
    return shown


def wished(store: Store, worker: Pretended) -> Request | None:
    found = store.worker(worker.id).request
    return found.wish if found else None


# -- no manager


def test_what_is_sent_while_no_manager_answers_stays_on_the_page(
    context: BrowserContext, url: str, store: Store, workers: list[Pretended]
) -> None:
    """Both before the page has noticed that nobody is there, and in a dialog; it can be sent again."""
    page = context.new_page()
    shown = opened(page, url)
    shown.row("node-1").get_by_role("checkbox").check()
    page.locator("[data-action]").select_option("restart")
    page.locator("[data-reason]").fill("new driver")
    context.set_offline(True)
    page.locator("[data-apply]").click()
    expect(page.locator(".saying")).to_contain_text(UNSENT)
    context.set_offline(False)
    expect(page.locator("[data-apply]")).to_be_enabled(timeout=FAST)
    page.locator("[data-apply]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    context.set_offline(True)
    dialog.get_by_role("button", name="Restart now").click()
    expect(dialog.get_by_role("alert")).to_contain_text(UNSENT)
    context.set_offline(False)
    expect(page.locator("[data-live-word]")).to_contain_text("Live", timeout=FAST)
    with page.expect_navigation():
        dialog.get_by_role("button", name="Restart now").click()
    assert wished(store, workers[0]) == Request(Status.RESTART, lazy=True)
    held = store.worker(workers[0].id).request
    assert held is not None
    assert held.terms.reason == "new driver"


def test_a_plan_that_does_not_arrive_leaves_the_form_as_it_was(
    context: BrowserContext, url: str, store: Store, workers: list[Pretended]
) -> None:
    page = context.new_page()
    shown = opened(page, url)
    shown.row("node-1").get_by_role("checkbox").check()
    page.locator("[data-action]").select_option("restart")
    page.route("**/workers/plan/**", lambda route: route.abort())
    page.locator("[data-apply]").click()
    expect(page.locator(".saying")).to_contain_text(UNSENT, timeout=FAST)
    assert wished(store, workers[0]) is None
    page.unroute("**/workers/plan/**")
    page.locator("[data-apply]").click(timeout=FAST)
    expect(page.get_by_role("dialog")).to_be_visible(timeout=FAST)


def test_the_manager_ends_under_an_open_page_and_no_form_leads_away(
    browser: Browser, store: Store, workers: list[Pretended]
) -> None:
    ask(store, Status.ASLEEP, workers[1])
    page = browser.new_page()
    with serving(store) as url:
        shown = opened(page, url)
        shown.row("node-3").get_by_role("checkbox").check()
    expect(page.locator("[data-lost]")).to_be_visible(timeout=FAST)
    shown.row("node-2").get_by_role("button", name="Take back").click()
    expect(page.locator(".saying")).to_contain_text(UNSENT)
    page.locator("[data-search]").fill("node")
    page.keyboard.press("Enter")
    assert page.url.startswith(f"{url}/workers?pick=")
    with serving(store, port=int(url.rpartition(":")[2])):
        expect(page.locator("[data-lost]")).to_be_hidden(timeout=FAST)
        expect(shown.row("node-3").get_by_role("checkbox")).to_be_checked()
        expect(page.locator("[data-search]")).to_have_value("node")
        shown.row("node-2").get_by_role("button", name="Take back").click()
        shown.nothing_pending("node-2")
        page.close()


# -- no session, or less of one


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Store]:
    """A farm where people have to sign in."""
    store = fresh(tmp_path / "guarded", Settings(registration=Joining.OPEN))
    yield store
    store.close()


def signed_in(browser: Browser, url: str, cookie: str) -> Page:
    context = browser.new_context()
    context.add_cookies([{"name": PLAIN, "value": cookie, "url": url}])
    return context.new_page()


def test_a_click_after_the_session_ended_changes_nothing_says_so_and_comes_back(
    browser: Browser, guarded: Store
) -> None:
    worker = awake(guarded, "node-1")
    kim = sign_in(guarded, "kim", *OPERATOR)
    people.set_password(guarded, kim.person.id, passwords.hashed(PASSWORD), "test")
    begun = sessions.begin(guarded, kim.person.id, "127.0.0.1", "a test", stays=False, way="test")
    with serving(guarded) as url:
        page = signed_in(browser, url, begun.secret)
        page.goto(f"{url}/workers?status=idle")
        row = WorkersPage(page, url).row("node-1")
        row.get_by_role("checkbox").check()
        page.locator("[data-action]").select_option("restart-lazy")
        sessions.end_all(guarded, kim.person.id, "an admin")
        page.locator("[data-apply]").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=FAST)
        expect(page.get_by_role("alert")).to_have_count(1)
        expect(page.get_by_role("alert")).to_contain_text("Your session has ended. Nothing was changed")
        assert wished(guarded, worker) is None
        page.get_by_label("Name").fill("kim")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("[data-picked]")).to_have_text("1 selected", timeout=FAST)
        expect(row.get_by_role("checkbox")).to_be_checked()
        assert "status=idle" in page.url
        page.context.close()


def test_an_open_page_says_that_its_session_has_ended(
    browser: Browser, guarded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "while_entitled", partial(while_entitled, look_ms=0))
    worker, lee = awake(guarded, "node-1"), sign_in(guarded, "Lee", *VIEWER)
    with serving(guarded) as url:
        page = signed_in(browser, url, lee.cookie)
        opened(page, url)
        sessions.end_all(guarded, lee.person.id, "an admin")
        worker.signs_off()
        expect(page.get_by_role("alert")).to_contain_text("Your session has ended.", timeout=FAST)
        page.context.close()


# -- other clocks


def test_a_wrong_clock_and_another_zone_change_no_word_of_the_page(browser: Browser, url: str, store: Store) -> None:
    """Ages and times are the manager's, whatever the reader's computer believes."""
    worker = awake(store, "node-1")
    context = browser.new_context(timezone_id="Asia/Kathmandu")
    page = context.new_page()
    page.clock.install(time=1_000_000_000)
    page.clock.resume()
    shown = opened(page, url)
    expect(page.locator("[data-live-word]")).to_have_text("Live · updated 0 s ago")
    expect(shown.row("node-1").locator(".c-seen")).to_contain_text(" s ago")
    page.locator("[data-pause]").click()
    server = page.evaluate("import('/static/ages.js').then((ages) => ages.clock(ages.serverNow()))")
    page.goto(f"{url}/workers/{worker.id}")
    rendered = page.get_by_role("main").locator("time[title]").first.get_attribute("title") or ""
    assert rendered.split(", ")[1][:2] == server[:2]
    expect(page.get_by_role("contentinfo")).to_contain_text("Times are UTC")
    context.close()


def test_a_clock_that_is_set_meanwhile_is_noticed(browser: Browser, url: str, store: Store) -> None:
    worker, page = awake(store, "node-1"), browser.new_page()
    page.clock.install()
    page.clock.resume()
    shown = opened(page, url)
    page.clock.set_system_time("2040-01-01T00:00:00Z")
    worker.signs_off()
    shown.says("node-1", "Offline")
    word = page.locator("[data-live-word]")
    expect(word).to_contain_text("Live", timeout=FAST)
    assert page.evaluate("import('/static/ages.js').then((ages) => ages.serverNow())") < 2_200_000_000
    page.close()


# The stream of a computer that slept: it has not ended, and says nothing any more.
DEAF = """() => {
    const listen = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (type, act) {
        window.source = this;
        listen.call(this, type, (event) => { if (window.deaf !== this) act(event); });
    };
}"""


def test_what_happened_while_the_computer_slept_is_there_when_it_wakes(
    browser: Browser, url: str, workers: list[Pretended]
) -> None:
    page = browser.new_page()
    page.add_init_script(f"({DEAF})()")
    page.clock.install()
    page.clock.resume()
    shown = opened(page, url)
    shown.row("node-2").get_by_role("checkbox").check()
    page.evaluate("window.deaf = window.source")
    workers[2].signs_off()
    page.clock.fast_forward("08:00:00")
    shown.says("node-3", "Offline")
    expect(page.locator("[data-lost]")).to_be_hidden(timeout=FAST)
    expect(shown.row("node-2").get_by_role("checkbox")).to_be_checked()
    page.close()


# -- what is said aloud


COUNT = """() => {
    window.said = [];
    const region = document.querySelector('[data-announce]');
    new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true });
}"""


def test_however_much_happens_a_screen_reader_is_told_in_batches(browser: Browser, url: str, store: Store) -> None:
    farm = [awake(store, f"rig-{n:02}") for n in range(40)]
    page = browser.new_page()
    shown = opened(page, url)
    page.evaluate(COUNT)
    begun = page.evaluate("performance.now()")
    for worker in farm[:20]:
        store.change_worker(worker.id, lose)
    for worker in farm[20:]:
        worker.signs_off()
    shown.says("rig-39", "Offline")
    expect(page.locator("#rows .status.error")).to_have_count(20)
    until(lambda: "changed" in " ".join(page.evaluate("said")), "the others to be told of")
    seconds = (page.evaluate("performance.now()") - begun) / 1000
    said = page.evaluate("said")
    assert said[0].startswith("rig-")
    assert len(said) <= 2 + seconds / 1.5, said
    page.close()


def test_only_one_region_speaks_and_it_does_not_tick(
    browser: Browser, url: str, store: Store, workers: list[Pretended]
) -> None:
    page = browser.new_page()
    shown = opened(page, url)
    shown.row("node-1").get_by_role("checkbox").check()
    page.locator("[data-action]").select_option("restart")
    page.locator("[data-apply]").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Restart now").click()
    expect(page.locator("[data-announce]")).to_contain_text("Restart", timeout=FAST)
    ticking = page.locator(":is([role=status], [role=alert], [aria-live]) time:visible")
    expect(ticking).to_have_count(0)
    page.close()


# -- others, and the browser's own ways


def test_two_people_see_what_the_other_does_and_who_did_it(browser: Browser, guarded: Store) -> None:
    worker = awake(guarded, "node-1")
    kim, lee = (sign_in(guarded, name, *OPERATOR) for name in ("Kim", "Lee"))
    with serving(guarded) as url:
        first, second = (opened(signed_in(browser, url, who.cookie), url) for who in (kim, lee))
        first.choose("Restart (after task is finished)", "node-1")
        second.pending("node-1", "restart after task", seconds=20)
        expect(second.row("node-1").locator(".change .by")).to_contain_text("Kim")
        second.row("node-1").get_by_role("button", name="Take back").click()
        first.nothing_pending("node-1")
        first.page.goto(f"{url}/workers/{worker.id}")
        expect(first.page.locator("#history")).to_contain_text("Lee")
        for shown in (first, second):
            shown.page.context.close()


def test_a_role_that_is_lowered_under_an_open_page_is_felt_at_the_next_click(browser: Browser, guarded: Store) -> None:
    """Whoever loses a right is signed out, and signs in again as what they are now."""
    worker, kim = awake(guarded, "node-1"), sign_in(guarded, "Kim", *OPERATOR)
    with serving(guarded) as url:
        shown = opened(signed_in(browser, url, kim.cookie), url)
        shown.row("node-1").get_by_role("checkbox").check()
        shown.page.locator("[data-action]").select_option("restart-lazy")
        people.set_grants(guarded, kim.person.id, VIEWER, "an admin")
        shown.page.locator("[data-apply]").click()
        expect(shown.page.get_by_role("alert")).to_contain_text("Nothing was changed", timeout=FAST)
        assert wished(guarded, worker) is None
        again = sessions.begin(guarded, kim.person.id, "127.0.0.1", "a test", stays=False, way="test")
        shown.page.context.add_cookies([{"name": PLAIN, "value": again.secret, "url": url}])
        shown.open()
        expect(shown.page.get_by_text("You can look, and change nothing")).to_be_visible()
        expect(shown.page.locator("[data-apply]")).to_have_count(0)
        shown.page.context.close()


def test_back_forward_and_a_bookmark_bring_filters_order_and_selection(
    page: Page, url: str, workers: list[Pretended]
) -> None:
    shown = opened(page, url)
    page.goto(f"{url}/workers?status=idle&sort=-name")
    shown.row("node-2").get_by_role("checkbox").check()
    bookmark = page.url
    assert "pick=" in bookmark
    page.goto(f"{url}/workers/{workers[2].id}")
    page.go_back()
    expect(page.locator("#rows .name")).to_have_text(["node-3", "node-2"])
    expect(shown.row("node-2").get_by_role("checkbox")).to_be_checked()
    expect(page.locator("[data-picked]")).to_have_text("1 selected", timeout=FAST)
    page.go_back()
    expect(page.locator("#rows .name")).to_have_count(3)
    page.go_forward()
    assert page.url == bookmark
    page.goto(bookmark)
    expect(shown.row("node-2").get_by_role("checkbox")).to_be_checked()
    expect(page.locator("[data-picked]")).to_have_text("1 selected", timeout=FAST)
