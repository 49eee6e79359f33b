"""The list in a real browser: what is selected, and how; what moves, and what does not; by keyboard alone."""

import re
from collections.abc import Iterator

import needs
import pytest
from large_farm import fill
from manager_server import serving
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pretended import Pretended, ask, awake, job, register
from stores import fresh
from workers_page import WorkersPage

from farmhand.manager.rules.workers import lose
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status

pytestmark = needs.program("chromium")

NAMES = [f"node-{n}" for n in range(1, 7)]


@pytest.fixture
def workers(store: Store) -> dict[str, Pretended]:
    return {name: awake(store, name) for name in NAMES}


@pytest.fixture
def listed(page: Page, url: str, workers: dict[str, Pretended]) -> WorkersPage:
    shown = WorkersPage(page, url).open()
    live(page)
    return shown


def live(page: Page) -> Page:
    """Wait until the page's script has come."""
    expect(page.locator("[data-live-word]")).to_contain_text("Live")
    return page


def box(listed: WorkersPage, name: str) -> Locator:
    return listed.row(name).get_by_role("checkbox")


def chosen(listed: WorkersPage) -> list[str]:
    """Return the names of the selected workers."""
    return listed.page.locator("#rows tr:has(:checked) .name").all_text_contents()


def keys(listed: WorkersPage, *names: str) -> None:
    for name in names:
        listed.page.keyboard.press(name)


# -- selecting


def test_shift_selects_a_range_and_control_one_more(listed: WorkersPage) -> None:
    box(listed, "node-2").click()
    box(listed, "node-4").click(modifiers=["Shift"])
    assert chosen(listed) == ["node-2", "node-3", "node-4"]
    listed.row("node-6").locator(".c-status").click(modifiers=["ControlOrMeta"])
    assert chosen(listed) == ["node-2", "node-3", "node-4", "node-6"]
    listed.row("node-3").locator(".c-now").click(modifiers=["ControlOrMeta"])
    assert chosen(listed) == ["node-2", "node-4", "node-6"]
    listed.row("node-1").locator(".c-seen").click()
    assert chosen(listed) == ["node-2", "node-4", "node-6"]
    box(listed, "node-6").click()
    box(listed, "node-4").click(modifiers=["Shift"])
    assert chosen(listed) == ["node-2"]


def test_the_keyboard_selects(listed: WorkersPage) -> None:
    keys(listed, "j", "x", "j", "j", "x")
    assert chosen(listed) == ["node-1", "node-3"]
    keys(listed, "k", "Space", "Escape")
    assert chosen(listed) == []
    keys(listed, "ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown")
    assert chosen(listed) == ["node-3", "node-4", "node-5"]
    keys(listed, "Control+a")
    assert chosen(listed) == NAMES
    expect(listed.page.locator("[data-announce]")).to_have_text("6 selected")


def test_an_action_by_keyboard_alone(listed: WorkersPage, store: Store, workers: dict[str, Pretended]) -> None:
    page = listed.page
    keys(listed, "/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("node-2")
    keys(listed, "Enter")
    expect(page.locator("#rows .name")).to_have_text("node-2")
    live(page)
    keys(listed, "j", "x", "a")
    expect(page.locator("[data-action]")).to_be_focused()
    page.keyboard.type("Restart (after")
    expect(page.locator("[data-apply]")).to_be_enabled()
    page.locator("[data-apply]").focus()
    keys(listed, "Enter")
    listed.pending("node-2", "restart after task")
    live(page)
    page.get_by_role("button", name="Take back").focus()
    keys(listed, "Enter")
    expect(page.locator(".told")).to_contain_text("Restart is withdrawn")
    listed.nothing_pending("node-2")
    live(page)
    keys(listed, "j", "Enter")
    expect(page).to_have_url(re.compile(workers["node-2"].id))


def test_what_is_selected_stands_in_the_address(listed: WorkersPage, workers: dict[str, Pretended]) -> None:
    box(listed, "node-2").check()
    box(listed, "node-5").check()
    picked = ",".join(workers[name].id[:8] for name in ("node-2", "node-5"))
    expect(listed.page).to_have_url(f"{listed.url}/workers?pick={picked}")
    listed.page.reload()
    assert chosen(listed) == ["node-2", "node-5"]
    live(listed.page)
    listed.page.get_by_role("link", name="Name").click()
    expect(listed.page).to_have_url(re.compile("sort=-name"))
    assert sorted(chosen(listed)) == ["node-2", "node-5"]
    live(listed.page)
    keys(listed, "Escape")
    expect(listed.page).to_have_url(f"{listed.url}/workers?sort=-name")


def test_a_selection_stays_while_rows_change(listed: WorkersPage, workers: dict[str, Pretended], store: Store) -> None:
    box(listed, "node-2").check()
    workers["node-2"].signs_off()
    ask(store, Status.ASLEEP, workers["node-3"])
    listed.says("node-2", "Offline")
    listed.pending("node-3", "sleep now")
    assert chosen(listed) == ["node-2"]
    expect(box(listed, "node-2")).to_be_focused()


# -- from page to page


def test_a_selection_goes_along_from_page_to_page(page: Page, thousand: tuple[str, Store]) -> None:
    page.goto(f"{thousand[0]}/workers?rows=25&status=offline")
    picked, boxes = page.locator("[data-picked]"), live(page).locator("#rows input")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("page=2&pick="))
    live(page).locator("#rows input").nth(3).check()
    expect(picked).to_have_text("3 selected")
    expect(page.locator("#elsewhere")).to_contain_text("2 on other pages are selected")
    page.get_by_role("link", name="Previous").click()
    expect(live(page).locator("#rows tr:has(:checked)")).to_have_count(2)
    expect(page.locator("#elsewhere")).to_contain_text("1 on other pages is selected")
    page.locator("[data-action]").select_option("shutdown-lazy")
    with page.expect_request("**/workers/act") as sent:
        page.locator("[data-apply]").click()
    assert (sent.value.post_data or "").count("worker=") == 3


def test_nothing_is_selected_any_more_on_no_page(page: Page, thousand: tuple[str, Store]) -> None:
    page.goto(f"{thousand[0]}/workers?rows=25")
    live(page).locator("#rows input").first.check()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    page.get_by_role("link", name="Select none").click()
    expect(page.locator("[data-picked]")).to_have_text("None selected")
    page.get_by_role("link", name="Previous").click()
    expect(page).to_have_url(f"{thousand[0]}/workers?rows=25")


# -- all that match


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    store = fresh(tmp_path_factory.mktemp("large"))
    fill(store, 1000)
    with serving(store) as url:
        yield url, store
    store.close()


@pytest.fixture
def large(page: Page, thousand: tuple[str, Store]) -> Page:
    """The first page of those who are idle among a thousand workers."""
    page.goto(f"{thousand[0]}/workers?status=idle")
    return live(page)


def test_all_that_match_are_a_query(large: Page) -> None:
    """Of a thousand workers a page has a hundred; all that match are meant by their filter, and no list of ids."""
    page = large
    expect(page.locator("#rows tr")).to_have_count(100)
    offer = page.get_by_role("checkbox", name="all 200 that match")
    expect(offer).to_be_hidden()
    page.get_by_role("checkbox", name="Select all on this page").check()
    expect(page.locator("[data-picked]")).to_have_text("100 selected")
    offer.check()
    expect(page.locator("[data-picked]")).to_have_text("200 selected")
    page.locator("[data-action]").select_option("asleep-lazy")
    with page.expect_request("**/workers/act") as sent:
        page.locator("[data-apply]").click()
    said = sent.value.post_data or ""
    assert ("all=%3Fstatus%3Didle" in said, "shown=200" in said) == (True, True)
    expect(page.get_by_role("dialog").or_(page.locator(".told")).first).to_contain_text("200")


def test_who_is_taken_out_of_all_leaves_the_page(large: Page) -> None:
    page = large
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("checkbox", name="all 200 that match").check()
    page.locator("#rows input").first.uncheck()
    expect(page.locator("[data-picked]")).to_have_text("99 selected")
    expect(page.get_by_role("checkbox", name="all 200 that match")).to_be_hidden()


def test_counts_of_a_large_farm_follow_what_happens_elsewhere(large: Page, thousand: tuple[str, Store]) -> None:
    offline = large.locator('[data-count="offline"]')
    expect(offline).to_have_text("100")
    awake(thousand[1], "another").signs_off()
    expect(offline).to_have_text("101")
    expect(large.locator("#rows tr")).to_have_count(100)


# -- what waits, and what is said


def test_new_workers_wait_and_the_focus_is_not_lost(listed: WorkersPage, store: Store) -> None:
    box(listed, "node-2").check()
    for name in ("node-0", "node-00"):
        register(store, name).sign_on()
    show = listed.page.get_by_role("button", name="2 new workers · Show")
    expect(show).to_be_visible()
    expect(listed.page.locator("#rows tr")).to_have_count(6)
    show.focus()
    keys(listed, "Enter")
    expect(listed.page.locator("#rows tr")).to_have_count(8)
    expect(listed.page.locator("#rows :focus")).to_have_count(1)
    assert chosen(listed) == ["node-2"]


def test_a_new_order_waits_until_it_is_asked_for(
    page: Page, url: str, store: Store, workers: dict[str, Pretended]
) -> None:
    page.goto(f"{url}/workers?sort=status")
    page.locator("#rows input").first.check()
    job(store, tasks=1)
    assert workers["node-5"].asks_for_work() is not None
    again = page.get_by_role("button", name="Order has changed · Sort again")
    expect(again).to_be_visible()
    expect(page.locator("#rows .name").first).to_have_text("node-1")
    again.click()
    expect(page.locator("#rows .name").first).to_have_text("node-5")
    expect(page.locator("#rows tr:has(:checked) .name")).to_have_text("node-1")


def test_changes_are_announced_together_and_a_failure_by_name(
    listed: WorkersPage, workers: dict[str, Pretended], store: Store
) -> None:
    said = listed.page.locator("[data-announce]")
    for name in ("node-1", "node-2", "node-3"):
        workers[name].signs_off()
    expect(said).to_have_text("3 workers changed")
    store.change_worker(workers["node-4"].id, lose)
    expect(said).to_have_text("node-4: Lost")


def test_two_browsers_see_what_the_other_does(listed: WorkersPage, context: BrowserContext) -> None:
    other = WorkersPage(context.new_page(), listed.url).open()
    listed.choose("Send to Sleep (after task is finished)", "node-1", "node-2")
    other.pending("node-1", "sleep after task")
    expect(other.page.locator("#summary")).to_contain_text("2 changes are pending")
    other.row("node-1").get_by_role("button", name="Take back").click()
    listed.nothing_pending("node-1")
    listed.pending("node-2", "sleep after task")


def test_a_manager_restarts_under_an_open_page(browser: Browser, store: Store, workers: dict[str, Pretended]) -> None:
    """What happened meanwhile is shown, and what the reader had selected is selected still."""
    page = browser.new_page()  # it may say in its console that nobody is there
    with serving(store) as url:
        listed = WorkersPage(page, url).open()
        live(page)
        box(listed, "node-2").check()
    expect(page.locator("[data-lost]")).to_be_visible()
    workers["node-1"].signs_off()
    with serving(store, port=int(url.rpartition(":")[2])):
        listed.says("node-1", "Offline")
        expect(page.locator("[data-lost]")).to_be_hidden()
        assert chosen(listed) == ["node-2"]
        page.close()


# -- keys


def test_the_list_of_keys(listed: WorkersPage) -> None:
    help = listed.page.get_by_role("dialog", name="Keys")
    keys(listed, "?")
    expect(help).to_be_visible()
    keys(listed, "Escape")
    expect(help).to_be_hidden()
    listed.page.get_by_role("button", name="Keys").click()
    expect(help).to_be_visible()


def test_single_keys_can_be_turned_off(listed: WorkersPage) -> None:
    keys(listed, "?")
    listed.page.get_by_role("checkbox", name="Single keys act").uncheck()
    for again in (False, True):
        if again:
            listed.page.reload()
            live(listed.page)
        else:
            keys(listed, "Escape")
        keys(listed, "j", "x", "p", "?")
        assert chosen(listed) == []
        expect(listed.page.get_by_role("dialog", name="Keys")).to_be_hidden()
        expect(listed.page.locator("[data-live-word]")).not_to_contain_text("Paused")
    box(listed, "node-1").focus()
    keys(listed, "ArrowDown", "Space")
    assert chosen(listed) == ["node-2"]


def test_keys_are_text_where_one_types(listed: WorkersPage) -> None:
    search = listed.page.locator("[data-search]")
    search.focus()
    listed.page.keyboard.type("jxap?/")
    expect(search).to_have_value("jxap?/")
    assert chosen(listed) == []


# -- without a script


def test_filters_and_all_that_match_work_without_javascript(
    browser: Browser, url: str, workers: dict[str, Pretended], store: Store
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/workers")
    page.get_by_text("More filters").click()
    page.get_by_label("Order").select_option("-name")
    page.get_by_role("searchbox").fill("node-")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows .name").first).to_have_text("node-6")
    page.get_by_role("checkbox", name="all 6 that match").check()
    page.locator("[data-action]").select_option("asleep-lazy")
    page.locator("[data-apply]").click()
    if page.locator("#plan").count():
        page.get_by_role("button", name="Send to Sleep").first.click()
    assert all(store.worker(worker.id).request for worker in workers.values())
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    context.close()


def test_the_printed_list_has_no_controls(listed: WorkersPage) -> None:
    listed.page.emulate_media(media="print")
    for control in (".filters", ".actions", ".top", "#rows input >> nth=0"):
        expect(listed.page.locator(control)).to_be_hidden()
    expect(listed.row("node-1")).to_be_visible()
