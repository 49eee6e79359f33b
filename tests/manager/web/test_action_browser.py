"""The bar of actions, the plan as a dialog and the undo in a real browser: by mouse, and by the keyboard alone."""

from pathlib import Path

import needs
import pytest
from manager_server import serving
from playwright.sync_api import Browser, Page, expect
from pretended import Pretended, awake, job
from signed_in import sign_in
from stores import fresh
from workers_page import WorkersPage

from farmhand.manager import due
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.joining import Joining
from farmhand.manager.storage import rollouts, tagging, tags
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.sessioncookie import PLAIN
from farmhand.manager.web.actions.menu import ACTIONS
from farmhand.worker.wire import Request, Status

pytestmark = needs.program("chromium")

LAZY, NOW = Request(Status.RESTART, lazy=True), Request(Status.RESTART)


@pytest.fixture
def workers(store: Store) -> list[Pretended]:
    """Two that are at work, one that is idle, one that cannot restart."""
    made = [awake(store, f"node-{n}", can_restart=n != 4) for n in (1, 2, 3, 4)]
    job(store, tasks=2)
    for worker in made[:2]:
        assert worker.asks_for_work() is not None
    return made


@pytest.fixture
def list_page(page: Page, url: str, workers: list[Pretended]) -> WorkersPage:
    return WorkersPage(page, url).open()


def pending(store: Store, worker: Pretended) -> Request | None:
    found = store.worker(worker.id).request
    return None if found is None else found.wish


def pick(it: WorkersPage, action: str, *names: str) -> None:
    for name in names:
        it.row(name).get_by_role("checkbox").check()
    it.page.locator("[data-selection] [data-action]").select_option(action)


def test_an_abort_is_asked_about_in_a_dialog_done_and_undone(
    list_page: WorkersPage, store: Store, workers: list[Pretended]
) -> None:
    page, dialog = list_page.page, list_page.page.get_by_role("dialog")
    pick(list_page, "restart", "node-1", "node-2", "node-4")
    page.locator("[data-apply]").click()
    expect(dialog.get_by_role("heading", name="Restart 2 of 3 workers now?")).to_be_visible()
    expect(dialog).to_contain_text("2 tasks aborted and requeued")
    gentle = dialog.get_by_role("button", name="Restart after task instead")
    expect(gentle).to_be_focused()
    assert pending(store, workers[0]) is None
    with page.expect_navigation():
        dialog.get_by_role("button", name="Restart now").click()
    expect(list_page.row("node-1").locator(".change .to")).to_have_text("restart now")
    expect(page.locator("#toast")).to_contain_text("Nothing is aborted yet")
    assert pending(store, workers[0]) == LAZY
    with page.expect_navigation():
        page.locator("#toast").get_by_role("button", name="Undo").click()
    list_page.nothing_pending("node-1")
    assert [pending(store, worker) for worker in workers] == [None] * 4


def test_the_dialog_is_left_without_asking_anybody_and_gives_the_focus_back(
    list_page: WorkersPage, store: Store, workers: list[Pretended]
) -> None:
    page, dialog = list_page.page, list_page.page.locator("dialog")
    pick(list_page, "shutdown", "node-1")
    for leave in (lambda: page.keyboard.press("Escape"), lambda: dialog.get_by_text("Cancel").click()):
        page.locator("[data-apply]").click()
        expect(dialog).to_be_visible()
        leave()
        expect(dialog).to_have_count(0)
        expect(page.locator("[data-apply]")).to_be_focused()
    expect(list_page.row("node-1").get_by_role("checkbox")).to_be_checked()
    assert pending(store, workers[0]) is None


def test_what_changes_while_the_dialog_is_open_is_shown_in_it(
    list_page: WorkersPage, store: Store, workers: list[Pretended]
) -> None:
    page, dialog = list_page.page, list_page.page.get_by_role("dialog")
    pick(list_page, "restart", "node-1", "node-3")
    page.locator("[data-apply]").click()
    expect(dialog).to_be_visible()
    store.act([workers[2].id], Request(Status.OFFLINE), "sam")
    dialog.get_by_role("button", name="Restart now").click()
    expect(dialog).to_contain_text("1 worker has changed meanwhile, so nothing was asked of anybody yet: node-3")
    assert pending(store, workers[0]) is None
    with page.expect_navigation():
        dialog.get_by_role("button", name="Restart now").click()
    assert [pending(store, workers[0]), pending(store, workers[2])] == [LAZY, NOW]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_by_the_keyboard_alone(
    list_page: WorkersPage, store: Store, workers: list[Pretended], action: str
) -> None:
    page, node, keys = list_page.page, workers[0], list_page.page.keyboard
    if action == "awake":
        node = workers[2]
        node.becomes(Status.ASLEEP)
        list_page.says("node-3", "Asleep")
    rows = page.locator("#rows .name").all_text_contents()
    for _ in range(rows.index(node.name) + 1):
        keys.press("j")
    keys.press("x")
    expect(list_page.row(node.name).get_by_role("checkbox")).to_be_checked()
    keys.press("a")
    label = ACTIONS[action].label
    chosen = page.locator("[data-selection] [data-action]")
    expect(chosen).to_be_focused()
    keys.type(label)
    expect(chosen).to_have_value(action)
    while not page.evaluate("document.activeElement.matches('[data-apply]')"):
        keys.press("Tab")
    keys.press("Enter")
    if ACTIONS[action].wish.lazy or action == "awake":
        expect(page.locator(".told")).to_contain_text("asked of 1 worker")
        assert pending(store, node) == ACTIONS[action].wish
        return
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("[data-default]")).to_be_focused()
    keys.press("Shift+Tab")
    with page.expect_navigation():
        keys.press("Enter")
    expect(list_page.row(node.name).get_by_role("button", name="Undo")).to_be_visible()
    list_page.row(node.name).get_by_role("button", name="Undo").focus()
    with page.expect_navigation():
        keys.press("Enter")
    list_page.nothing_pending(node.name)


def test_who_is_offline_is_said_before_anybody_is_asked(list_page: WorkersPage, workers: list[Pretended]) -> None:
    workers[2].signs_off()
    list_page.says("node-3", "Offline")
    pick(list_page, "restart-lazy", "node-1", "node-3", "node-4")
    expect(list_page.page.locator("[data-limits]")).to_have_text(
        "1 of 3 cannot restart; 1 offline: to be started by an agent, or there"
    )
    expect(list_page.page.locator("[data-apply]")).to_be_enabled()


def test_what_does_not_go_with_an_action_is_off(list_page: WorkersPage) -> None:
    page = list_page.page
    deadline, until_field = page.locator("[data-deadline]"), page.locator("[data-selection] [data-until]")
    for action, on in (("restart-lazy", (True, False)), ("restart", (False, False)), ("asleep-lazy", (True, True))):
        page.locator("[data-selection] [data-action]").select_option(action)
        assert (deadline.is_enabled(), until_field.is_enabled()) == on


def test_the_danger_is_off_until_the_number_is_typed(page: Page, url: str, store: Store) -> None:
    farm = [awake(store, f"rig-{n}") for n in range(11)]
    job(store, tasks=1)
    assert farm[0].asks_for_work() is not None
    it = WorkersPage(page, url).open()
    pick(it, "shutdown", *(worker.name for worker in farm))
    page.locator("[data-apply]").click()
    danger = page.get_by_role("dialog").get_by_role("button", name="Shut Down now")
    expect(danger).to_be_disabled()
    page.get_by_role("dialog").get_by_label("Type 11 to confirm").fill("11")
    with page.expect_navigation():
        danger.click()
    assert pending(store, farm[1]) == Request(Status.OFFLINE)


def test_a_few_at_a_time_is_begun_in_the_dialog_and_followed(
    list_page: WorkersPage, store: Store, workers: list[Pretended]
) -> None:
    page, dialog = list_page.page, list_page.page.get_by_role("dialog")
    pick(list_page, "restart", "node-1", "node-2", "node-3")
    page.locator("[data-apply]").click()
    dialog.get_by_text("A few at a time instead").click()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Restart after task, 3 workers")
    due.mind(store)
    assert pending(store, workers[2]) == LAZY, "the canary is one without a task"
    expect(page.locator("#turns")).to_contain_text("Asked")
    page.get_by_role("button", name="Cancel the rest").click()
    expect(page.locator("#rollout")).to_contain_text("Canceled")
    assert len(rollouts.every(store)) == 1


def test_tags_are_given_in_the_list(list_page: WorkersPage, store: Store, workers: list[Pretended]) -> None:
    tag = tags.add(store, "gpu", "", "kim")
    page = list_page.open().page
    list_page.row("node-1").get_by_role("checkbox").check()
    page.get_by_label("Tags of the selected workers").select_option(f"give {tag.id}")
    with page.expect_navigation():
        page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator(".told")).to_contain_text("The tag gpu is given to 1 worker.")
    assert [one.name for one in tags.of_worker(store, workers[0].id)] == ["gpu"]


def test_who_operates_one_tag_only_is_told_of_the_others(browser: Browser, tmp_path: Path) -> None:
    store = fresh(tmp_path, Settings(registration=Joining.OPEN))
    mine, other = awake(store, "mine"), awake(store, "other")
    gpu = tags.add(store, "gpu", "", "kim")
    tagging.give(store, [mine.id], gpu.id, "kim")
    lee = sign_in(store, "lee", Grant(Role.OPERATOR, gpu.id))
    with serving(store) as url, browser.new_context() as context:
        context.add_cookies([{"name": PLAIN, "value": lee.cookie, "url": url}])
        it = WorkersPage(context.new_page(), url).open()
        it.choose("Restart (after task is finished)", "mine", "other")
        expect(it.page.locator(".notice.told")).to_contain_text("Restart after task asked of 1 worker")
        expect(it.page.locator(".notice.told")).to_contain_text("other")
        expect(it.page.get_by_label("Tags of the selected workers")).to_have_count(0)
        assert [pending(store, mine), pending(store, other)] == [LAZY, None]
    store.close()
