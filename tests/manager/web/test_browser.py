"""The pages in a real browser."""

import re
from dataclasses import replace

import needs
import pytest
from manager_server import serving
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pretended import Pretended, ask, awake, job, register
from workers_page import WorkersPage

from farmhand.manager.storage.store import Store
from farmhand.manager.web.live import live
from farmhand.manager.web.moments import span
from farmhand.worker.wire import Status

pytestmark = needs.program("chromium")


@pytest.fixture
def workers(store: Store) -> dict[str, Pretended]:
    """Four idle workers, the last of which cannot restart, and a job that waits for them."""
    made = {name: awake(store, name) for name in ("node-1", "node-2", "node-3")}
    made["node-4"] = awake(store, "node-4", can_restart=False)
    job(store)
    return made


@pytest.fixture
def list_page(page: Page, url: str, workers: dict[str, Pretended]) -> WorkersPage:
    return WorkersPage(page, url).open()


def test_apply_is_off_until_an_action_is_chosen_and_a_worker_selected(list_page: WorkersPage) -> None:
    apply, menu = list_page.page.locator("[data-apply]"), list_page.page.locator("[data-action]")
    expect(menu.locator("option").first).to_have_text("Choose an action…")
    expect(apply).to_be_disabled()
    list_page.row("node-1").get_by_role("checkbox").check()
    expect(apply).to_be_disabled()
    menu.select_option("restart-lazy")
    expect(apply).to_be_enabled()
    list_page.row("node-1").get_by_role("checkbox").uncheck()
    expect(apply).to_be_disabled()


def test_restart_says_who_is_left_out_and_is_off_where_nobody_can(list_page: WorkersPage) -> None:
    apply, limits = list_page.page.locator("[data-apply]"), list_page.page.locator("[data-limits]")
    list_page.page.locator("[data-action]").select_option("restart")
    list_page.row("node-4").get_by_role("checkbox").check()
    expect(apply).to_be_disabled()
    expect(limits).to_contain_text("It cannot restart")
    list_page.row("node-1").get_by_role("checkbox").check()
    expect(apply).to_be_enabled()
    expect(limits).to_contain_text("1 of 2 cannot restart")


def test_several_workers_are_asked_in_one_request(
    list_page: WorkersPage, store: Store, workers: dict[str, Pretended]
) -> None:
    sent: list[str] = []
    list_page.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    list_page.choose("Restart (after task is finished)", "node-1", "node-2", "node-4")
    notice = list_page.page.locator(".told")
    expect(notice).to_contain_text("Restart after task asked of 2 workers")
    expect(notice).to_contain_text("node-4 cannot restart")
    assert len(sent) == 1
    list_page.pending("node-1", "restart after task")
    list_page.pending("node-2", "restart after task")
    list_page.nothing_pending("node-4")


def test_a_change_is_followed_live_and_never_said_to_be_done_before_it_is(
    list_page: WorkersPage, workers: dict[str, Pretended]
) -> None:
    page, node = list_page.page, workers["node-3"]
    list_page.choose("Restart (immediately)", "node-3")
    page.evaluate("window.mark = 'the same document'")
    counts = page.locator("#toast .stages b")
    expect(counts).to_have_text(["1", "0", "0"])
    expect(list_page.row("node-3").locator(".change")).not_to_have_class(re.compile("seen"))
    node.learns()
    expect(counts).to_have_text(["1", "1", "0"])
    expect(list_page.row("node-3").locator(".change")).to_have_class(re.compile("seen"))
    node.signs_off()
    list_page.says("node-3", "Restarting")
    expect(counts).to_have_text(["1", "1", "0"])
    node.sign_on()
    node.becomes(Status.AWAKE)
    expect(counts).to_have_text(["1", "1", "1"])
    list_page.nothing_pending("node-3")
    expect(page.locator("#toast .toast")).to_have_count(0)
    assert "follow" not in page.url
    assert page.evaluate("window.mark") == "the same document"


def test_rows_and_counts_change_without_a_reload_and_keep_what_the_reader_does(
    list_page: WorkersPage, workers: dict[str, Pretended]
) -> None:
    page, box = list_page.page, list_page.row("node-2").get_by_role("checkbox")
    page.evaluate("window.mark = 'the same document'")
    box.check()
    box.focus()
    link = list_page.row("node-1").locator(".name").element_handle()
    renamed = replace(workers["node-2"], name="node-2b")
    renamed.sign_on()
    renamed.becomes(Status.AWAKE)
    expect(list_page.row("node-2b")).to_have_count(1)
    workers["node-2"].sign_on()
    workers["node-2"].becomes(Status.AWAKE)
    work = workers["node-2"].asks_for_work()
    assert work is not None
    workers["node-2"].reports(work, 5)
    list_page.says("node-2", "Working")
    expect(list_page.row("node-2").locator(".pct")).to_have_text("50 %")
    expect(page.locator('[data-count="working"]')).to_have_text("1")
    expect(page.locator("#summary")).to_contain_text("1 of 4 is rendering")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    assert link is not None
    assert link.evaluate("node => node.isConnected")
    assert page.evaluate("window.mark") == "the same document"


def test_a_pending_change_is_taken_back(list_page: WorkersPage, workers: dict[str, Pretended], store: Store) -> None:
    ask(store, Status.ASLEEP, workers["node-1"], lazy=True)
    list_page.pending("node-1", "sleep after task")
    list_page.row("node-1").get_by_role("button", name="Take back").click()
    list_page.nothing_pending("node-1")
    expect(list_page.page.locator(".told")).to_contain_text("Send to Sleep is withdrawn")
    assert store.worker(workers["node-1"].id).request is None


def test_a_new_worker_appears_by_itself(list_page: WorkersPage, store: Store) -> None:
    list_page.page.mouse.move(5, 5)
    register(store, "node-0").sign_on()
    list_page.says("node-0", "Starting")
    rows = list_page.page.locator("#rows .name")
    expect(rows).to_have_text(["node-0", "node-1", "node-2", "node-3", "node-4"])


def test_the_first_worker_of_all_appears_by_itself(page: Page, url: str, store: Store) -> None:
    page.goto(f"{url}/workers")
    expect(page.locator(".steps")).to_contain_text("farmhand-worker --manager")
    awake(store, "node-1")
    expect(page.locator("#rows .name")).to_have_text("node-1")


def test_a_list_that_someone_works_on_keeps_its_rows_until_asked(list_page: WorkersPage, store: Store) -> None:
    list_page.row("node-1").get_by_role("checkbox").check()
    register(store, "node-0").sign_on()
    show = list_page.page.get_by_role("button", name="1 new worker · Show")
    show.click()
    list_page.says("node-0", "Starting")
    expect(list_page.row("node-1").get_by_role("checkbox")).to_be_checked()


def test_a_removed_worker_keeps_its_place_until_the_list_is_loaded_again(
    list_page: WorkersPage, store: Store, workers: dict[str, Pretended]
) -> None:
    ask(store, Status.ASLEEP, workers["node-2"])
    list_page.row("node-2").get_by_role("checkbox").check()
    store.delete_worker(workers["node-2"].id, "kim")
    list_page.says("node-2", "Removed")
    expect(list_page.row("node-2").get_by_role("checkbox")).to_be_disabled()
    expect(list_page.row("node-2").locator(".change")).to_have_count(0)
    expect(list_page.page.locator("[data-picked]")).to_have_text("None selected")
    list_page.page.reload()
    expect(list_page.page.locator("#rows .name")).to_have_text(["node-1", "node-3", "node-4"])


def test_a_restart_that_does_not_come_back_is_noticed_as_time_passes(
    page: Page, url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TICK", 0.2)
    worker = awake(store, "node-1")
    ask(store, Status.RESTART, worker)
    worker.learns()
    worker.signs_off()
    row = WorkersPage(page, url).open().row("node-1")
    expect(row.locator(".c-now")).to_contain_text("Signed off to restart")
    expect(row.locator(".overdue")).to_be_hidden()
    clock = store.clock
    store.clock = lambda: clock() + 40_000
    expect(row.locator(".c-now")).to_have_text(re.compile("Signed off to restart 4. s ago, not back yet"))
    expect(row.locator(".overdue")).to_be_visible()
    expect(row.locator(".c-seen")).to_have_class(re.compile("bad"))
    expect(page.locator("#summary")).to_contain_text("1 worker needs attention")


def test_nothing_moves_while_rows_change_and_are_selected(
    list_page: WorkersPage, store: Store, workers: dict[str, Pretended]
) -> None:
    page = list_page.page
    page.evaluate("""window.moved = [];
        const sentence = document.getElementById('summary');  // which may say it in other words
        const places = (entry) => entry.sources.map(({ node }) => node).filter((node) => !sentence.contains(node));
        const note = (entry) => window.moved.push(...places(entry).map((node) => node?.outerHTML ?? node?.data));
        const watch = new PerformanceObserver((list) => list.getEntries().forEach(note));
        watch.observe({ type: 'layout-shift', buffered: true });
    """)
    list_page.row("node-1").get_by_role("checkbox").check()
    page.locator("[data-action]").select_option("restart")
    list_page.row("node-4").get_by_role("checkbox").check()
    ask(store, Status.OFFLINE, workers["node-2"], lazy=True)
    list_page.pending("node-2", "shut down after task")
    work = workers["node-1"].asks_for_work()
    assert work is not None
    workers["node-1"].reports(work, 5)
    list_page.says("node-1", "Working")
    workers["node-2"].learns()
    workers["node-2"].signs_off()
    list_page.says("node-2", "Offline")
    assert page.evaluate("window.moved") == []


def test_pause_holds_the_rows_and_resume_shows_the_newest(
    list_page: WorkersPage, workers: dict[str, Pretended], context: BrowserContext
) -> None:
    other = WorkersPage(context.new_page(), list_page.url).open()
    pause = list_page.page.locator("[data-pause]")
    pause.click()
    expect(list_page.page.locator("[data-live-word]")).to_contain_text("Paused")
    workers["node-1"].signs_off()
    other.says("node-1", "Offline")
    list_page.says("node-1", "Idle")
    pause.click()
    list_page.says("node-1", "Offline")


def test_filters_apply_by_themselves_and_stand_in_the_address(list_page: WorkersPage) -> None:
    list_page.page.get_by_role("checkbox", name="Idle").check(force=True)
    expect(list_page.page).to_have_url(re.compile(r"status=idle"))
    list_page.page.goto(f"{list_page.url}/workers?q=node-3")
    expect(list_page.page.locator("#rows .name")).to_have_text("node-3")


def test_hostile_names_are_text(page: Page, url: str, store: Store) -> None:
    name = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'
    worker = awake(store, name)
    job(store, name, tasks=1)
    page.goto(f"{url}/workers")
    worker.asks_for_work()
    expect(page.locator("#rows .now")).to_contain_text("<img src=x")
    expect(page.locator("#rows .name")).to_have_text(name)
    assert page.evaluate("window.hurt") is None


def test_the_theme_is_kept(page: Page, url: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{url}/workers")
    page.get_by_role("button", name="Switch theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{url}/jobs")
    assert 'data-theme="dark"' in page.content()


def test_a_lost_connection_is_said_and_mends_itself(browser: Browser, store: Store) -> None:
    awake(store, "node-1")
    page = browser.new_page()
    with serving(store) as url:
        page.goto(f"{url}/workers")
        page.get_by_role("checkbox", name="Select node-1").check()
        page.locator("[data-action]").select_option("asleep")
        expect(page.locator("[data-apply]")).to_be_enabled()
    expect(page.locator("[data-lost]")).to_be_visible(timeout=5000)
    expect(page.locator("[data-apply]")).to_be_disabled()
    expect(page.locator("[data-live-word]")).to_contain_text("Not live")
    with serving(store, port=int(url.rpartition(":")[2])):
        expect(page.locator("[data-lost]")).to_be_hidden(timeout=10_000)
        expect(page.locator("[data-apply]")).to_be_enabled()
        page.close()


def test_without_a_connection_no_form_is_sent(browser: Browser, store: Store) -> None:
    worker, job_id = awake(store, "node-1"), job(store)
    ask(store, Status.ASLEEP, worker)
    page = browser.new_page()
    with serving(store) as url:
        page.goto(f"{url}/jobs/{job_id}")
        expect(page.locator("[data-live-word]")).to_contain_text("Live")
    expect(page.locator("[data-lost]")).to_be_visible(timeout=5000)
    page.get_by_role("button", name="Pause job").click()
    expect(page.get_by_text("No connection to the manager: nothing was sent.")).to_be_visible()
    assert page.url == f"{url}/jobs/{job_id}"
    page.close()


def test_a_page_of_older_code_loads_itself_anew(page: Page, url: str, store: Store) -> None:
    awake(store, "node-1")
    page.goto(f"{url}/workers")
    page.evaluate("""window.mark = 'the same document';
        document.body.dataset.build = 'older';""")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.locator("body:not([data-build=older])")).to_have_count(1)
    assert page.evaluate("window.mark") is None


def test_a_workers_page_follows_its_worker(page: Page, url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    page.goto(f"{url}/workers/{worker.id}")
    apply = page.locator("[data-apply]")
    expect(apply).to_be_disabled()
    page.locator("[data-action]").select_option("restart")
    apply.click()
    expect(page.locator("#recent")).to_contain_text("Restart immediately asked for")
    worker.learns()
    worker.signs_off()
    expect(page.locator("#recent")).to_contain_text("to exit with its restart code")
    worker.sign_on()
    expect(page.locator("#recent")).to_contain_text("Restarted, as asked")
    expect(page.locator("#recent")).to_contain_text("back after")


def test_a_jobs_page_follows_its_tasks(page: Page, url: str, store: Store) -> None:
    worker, job_id = awake(store, "node-1"), job(store, tasks=2)
    page.goto(f"{url}/jobs/{job_id}")
    expect(page.locator("#progress")).to_contain_text("0 of 2 tasks")
    work = worker.asks_for_work()
    assert work is not None
    worker.reports(work, 3)
    expect(page.locator("#tasks .pct")).to_have_text("30 %")
    worker.finishes(work)
    expect(page.locator("#progress")).to_contain_text("1 of 2 tasks")


def test_ages_tick_in_the_words_of_the_server(page: Page, url: str) -> None:
    page.goto(f"{url}/workers")
    seconds = [-5, 0, 0.9, 59.9, 60, 3599, 3600, 86_399, 86_400, 900_000]
    spans = page.evaluate(
        "async (all) => { const m = await import('/static/ages.js'); return all.map(m.span); }", seconds
    )
    assert spans == [span(each * 1000) for each in seconds]


def test_everything_works_without_javascript(browser: Browser, url: str, workers: dict[str, Pretended]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = WorkersPage(context.new_page(), url).open()
    page.page.locator("[data-apply]").click()
    expect(page.page.locator(".told")).to_contain_text("Choose an action")
    page.page.get_by_role("link", name="Reload").click()
    expect(page.page.locator(".told")).to_have_count(0)
    page.choose("Send to Sleep (after task is finished)", "node-1", "node-2")
    expect(page.page.locator(".told")).to_contain_text("Send to Sleep after task asked of 2 workers")
    page.pending("node-1", "sleep after task")
    page.row("node-1").get_by_role("button", name="Take back").click()
    page.nothing_pending("node-1")
    page.pending("node-2", "sleep after task")
    context.close()


@pytest.mark.parametrize("width", [1440, 768, 360])
def test_no_page_is_wider_than_its_window(
    browser: Browser, url: str, store: Store, workers: dict[str, Pretended], width: int
) -> None:
    register(store, "a-worker-with-a-name-that-is-far-too-long.render.studio.example.org").sign_on()
    node, job_id = workers["node-1"].id, store.jobs()[0].id
    page = browser.new_page(viewport={"width": width, "height": 900})
    for path in ("/workers", f"/workers/{node}", f"/workers/{node}/install", "/jobs", f"/jobs/{job_id}"):
        page.goto(url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
    page.close()
