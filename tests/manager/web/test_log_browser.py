"""The log of a worker's task in a real browser: it follows a file that grows, whatever is written into it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import needs
import pytest
from browser import chromium
from playwright.sync_api import Browser, Locator, Page, expect
from pretended import Pretended, awake, job

from farmhand.manager.storage.calls import Work
from farmhand.manager.storage.store import Store

pytestmark = needs.program("chromium")

WAIT = 20_000  # milliseconds
HOSTILE = b"<img src=x onerror=alert(1)>\x1b]0;title\x07 caf\xe9 \xe2\x80\xae\x00\x1b[31m<b>red</b>\x1b[0m\r\n"
SHOWN = "<img src=x onerror=alert(1)> caf\ufffd \ufffd\ufffd<b>red</b>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@dataclass(frozen=True)
class Rendering:
    store: Store
    worker: Pretended
    work: Work

    @property
    def path(self) -> Path:
        return self.store.log_path(self.work.task)

    def logs(self, text: str) -> None:
        self.worker.reports(self.work, 1, text)

    def writes(self, data: bytes) -> None:
        """Write bytes that no JSON could bring."""
        with self.path.open("ab") as file:
            file.write(data)
        self.store.growth.grew(self.work.task.id)


@pytest.fixture
def rendering(store: Store) -> Rendering:
    worker = awake(store, "node-1")
    job(store, tasks=2)
    work = worker.asks_for_work()
    assert work is not None
    return Rendering(store, worker, work)


@pytest.fixture
def page(browser: Browser, url: str, rendering: Rendering) -> Iterator[Page]:
    """A worker's page, on which nothing may go wrong: no script fails, the content security policy stops nothing."""
    wrong: list[str] = []
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("dialog", lambda dialog: wrong.append(dialog.message))
    opened.goto(f"{url}/workers/{rendering.worker.id}")
    expect(word(opened)).to_have_text("Live", timeout=WAIT)
    yield opened
    opened.close()
    assert wrong == []


def log(page: Page) -> Locator:
    return page.locator("pre.log")


def word(page: Page) -> Locator:
    return page.locator("[data-log-word]")


def at_end(page: Page) -> bool:
    found: bool = log(page).evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 9")
    return found


def test_it_follows_and_stays_at_the_end(page: Page, rendering: Rendering) -> None:
    for n in range(3):
        rendering.logs("".join(f"line {n}-{k}\n" for k in range(40)))
        expect(log(page)).to_contain_text(f"line {n}-39", timeout=WAIT)
        assert at_end(page)


def test_hostile_bytes_are_text(page: Page, rendering: Rendering, url: str) -> None:
    rendering.writes(HOSTILE)
    last = log(page).locator("> span").last
    expect(last).to_have_text(SHOWN, timeout=WAIT)
    expect(last.locator("i.error")).to_have_text("<b>red</b>")
    page.goto(f"{url}/workers/{rendering.worker.id}")  # and in the page that the server made
    expect(log(page).get_by_text(SHOWN)).to_have_count(1)
    assert page.locator("pre.log img").count() == 0


def test_a_line_written_over_again_takes_one_line(page: Page, rendering: Rendering) -> None:
    before = log(page).locator("> span").count()
    rendering.writes(b"frame= 1\r")
    expect(log(page).locator("> span").last).to_have_text("frame= 1", timeout=WAIT)
    rendering.writes(b"frame= 2\rframe= 3\r\n")
    expect(log(page).locator("> span").last).to_have_text("frame= 3", timeout=WAIT)
    assert log(page).locator("> span").count() == before + 1


def test_who_scrolls_up_reads_in_peace_and_goes_on_at_the_end_by_keyboard_alone(
    page: Page, rendering: Rendering
) -> None:
    rendering.logs("".join(f"line {n}\n" for n in range(100)))
    expect(log(page)).to_contain_text("line 99", timeout=WAIT)
    log(page).focus()
    still = log(page).evaluate_handle("log => ({ is: new Promise(end => log.addEventListener('scrollend', end)) })")
    page.keyboard.press("PageUp")
    expect(word(page)).to_have_text("Paused", timeout=WAIT)
    still.evaluate("still => still.is.then(() => true)")
    top = log(page).evaluate("log => log.scrollTop")
    rendering.logs("one\ntwo\n")
    expect(word(page)).to_have_text("Paused · 2 new lines", timeout=WAIT)
    assert log(page).evaluate("log => log.scrollTop") == top
    expect(log(page)).not_to_contain_text("two")
    page.keyboard.press("End")
    expect(log(page)).to_contain_text("two", timeout=WAIT)
    assert at_end(page)


def test_the_button_pauses_and_goes_on(page: Page, rendering: Rendering) -> None:
    page.get_by_role("button", name="Pause log").click()
    rendering.logs("unseen\n")
    expect(word(page)).to_have_text("Paused · 1 new lines", timeout=WAIT)
    page.get_by_role("button", name="Follow log").press("Enter")
    expect(log(page)).to_contain_text("unseen", timeout=WAIT)


def test_ten_megabytes_at_once_leave_the_page_small(page: Page, rendering: Rendering) -> None:
    for n in range(10):
        rendering.writes(b"".join(b"%d %099d\n" % (n, k) for k in range(10_000)))
    expect(log(page).locator("> span").last).to_have_text(f"9 {9999:099}", timeout=WAIT)
    assert log(page).locator("> span").count() <= 1000
    expect(log(page)).to_contain_text("left out here")


def test_when_the_task_ends_it_says_so_and_shows_the_next(page: Page, rendering: Rendering) -> None:
    rendering.worker.finishes(rendering.work)
    expect(word(page)).to_contain_text("The task is over", timeout=WAIT)
    assert rendering.worker.asks_for_work() is not None
    expect(page.locator("#log h2 + span")).to_contain_text("Frame 2", timeout=WAIT)
    expect(word(page)).to_have_text("Live", timeout=WAIT)


def test_without_javascript_the_tail_is_there_and_a_link_reloads(
    browser: Browser, url: str, rendering: Rendering
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    rendering.logs("first\n")
    page.goto(f"{url}/workers/{rendering.worker.id}")
    expect(log(page)).to_contain_text("first")
    rendering.logs("second\n")
    page.locator("#log").get_by_role("link", name="Reload").click()
    expect(log(page)).to_contain_text("second")
    page.context.close()
