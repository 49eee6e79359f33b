"""The Install tab in a real browser, and its commands in a real shell."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import needs
import pytest
from browser import chromium
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pretended import Pretended, awake

from farmhand.manager.storage.store import Store
from farmhand.units.carried import digest
from farmhand.units.dialects.table import DIALECTS

pytestmark = needs.program("chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    opened.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    yield opened
    opened.close()


@pytest.fixture
def node(store: Store) -> Pretended:
    return awake(store, "node-1")


@pytest.fixture
def page(context: BrowserContext, url: str, node: Pretended) -> Iterator[Page]:
    """The tab, on which nothing may go wrong: no script fails, the content security policy stops nothing."""
    wrong: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(f"{url}/workers/{node.id}/install")
    yield opened
    assert wrong == []


@pytest.mark.parametrize("system", DIALECTS)
def test_what_is_copied_is_what_is_downloaded_and_what_the_hash_is_of(page: Page, system: str) -> None:
    page.get_by_role("navigation", name="Service manager").get_by_text(DIALECTS[system].title, exact=True).click()
    hashes = page.locator(".digest").all_text_contents()
    links = page.get_by_role("link", name="Download")
    names = links.evaluate_all("links => links.map((link) => link.download)")
    for name, hashed in zip(names, hashes, strict=True):
        page.get_by_role("button", name=f"Copy {name}", exact=True).click()
        expect(page.locator("[data-announce]")).to_have_text("Copied")
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Download {name}", exact=True).click()
        assert download.value.suggested_filename == name
        assert page.evaluate("navigator.clipboard.readText()").encode() == download.value.path().read_bytes()
        assert digest(download.value.path().read_bytes()) == hashed


def test_a_tab_is_reached_by_keyboard_and_keeps_what_was_typed(page: Page) -> None:
    page.get_by_label("User").fill("render")
    page.keyboard.press("Enter")
    tab = page.get_by_role("link", name="OpenRC", exact=True)
    tab.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="OpenRC", exact=True)).to_have_attribute("aria-current", "page")
    expect(page.get_by_label("User")).to_have_value("render")
    expect(page.locator(".listing").first).to_contain_text("User: render")


def test_a_profile_is_chosen_without_javascript(browser: Browser, url: str, node: Pretended) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/workers/{node.id}/install")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_label("Hardening").select_option("cpu")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator(".listing")).to_contain_text("PrivateDevices=yes")
    page.get_by_role("link", name="runit", exact=True).click()
    page.get_by_text("runit alone: what would be lost").click()
    page.get_by_role("link", name="Write it for runit alone").click()
    expect(page.get_by_text("runit runs the worker itself")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download log-run").click()
    assert download.value.path().read_text().startswith("#!/bin/sh\n")
    context.close()


def test_a_command_is_copied_as_one_line(page: Page) -> None:
    step = page.locator(".howto .command").filter(has_text="curl")
    step.get_by_role("button", name="Copy the command").click()
    expect(page.locator("[data-announce]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl -fsSO 'http://127.0.0.1:")
    assert "\n" not in copied


@needs.program("curl")
@pytest.mark.parametrize("system", ["systemd", "runit"])
def test_the_commands_fetch_the_files_and_find_them_whole(page: Page, tmp_path: Path, system: str) -> None:
    page.get_by_role("link", name=system, exact=True).click()
    commands = page.locator(".howto .command code").all_text_contents()
    fetch, compare = (next(each for each in commands if word in each) for word in ("curl", "sha256sum"))
    folder = tmp_path / "there"
    folder.mkdir()
    words = ["sh", "-ec", f"{fetch}\n{compare}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == page.locator(".digest").count() == len([*folder.iterdir()])


PLACES = """[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility()).map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return [one.tagName, x, y, width, height].join(' ');
})"""


@pytest.mark.parametrize("width", [1440, 768, 360])
def test_nothing_is_wider_than_its_window_and_nothing_moves(
    browser: Browser, url: str, node: Pretended, width: int
) -> None:
    """Every element is where it was before the script came: what a script shows has its place reserved."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    for system in DIALECTS:
        address = f"{url}/workers/{node.id}/install?system={system}"
        page.route("**/farmhand.js", lambda route: route.abort())
        page.goto(address)
        before = page.evaluate(PLACES)
        page.unroute("**/farmhand.js")
        page.goto(address)
        expect(page.get_by_role("button", name="Copy").first).to_be_visible()
        assert page.evaluate(PLACES) == before, system
        assert page.evaluate("document.documentElement.scrollWidth") == width, system
    page.close()
