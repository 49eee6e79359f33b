"""Hostile text in every field that a page shows, on every page, in a real browser: it is text, and takes its place."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import needs
import pytest
from browser import chromium
from hostile_farm import TEXTS, announced, fill
from manager_server import serving
from playwright.sync_api import Browser, Page
from polling import until
from stores import Clock, fresh

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.storage import calls
from farmhand.manager.storage.calls import Report
from farmhand.manager.storage.store import Store
from farmhand.manager.web.access.needs import NEEDS
from farmhand.manager.web.site import HIDDEN

pytestmark = needs.program("chromium")

WIDTHS = (320, 1440)

# What is no page, or one that needs what this farm has not.
NO_PAGES = frozenset(
    {
        *("static", "upnp.description", "metrics.show", "health.alive", "health.ready"),
        *("auditpages.export", "installpages.download", "taskpages.log", "taskpages.picture", "task_api.send_job_file"),
        *("oidcpages.start", "oidcpages.back", "oidcpages.signed_out", "loginpages.welcome"),
    }
)


@dataclass
class Hostile:
    """A farm that is served. wrong: what a browser complained of."""

    url: str
    store: Store
    ids: dict[str, str]
    page: Page
    text: str
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module", params=TEXTS)
def farm(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Hostile]:
    clock = Clock()
    store = fresh(tmp_path_factory.mktemp("hostile"), Settings(without_login=True), clock)
    ids = fill(store, clock, TEXTS[request.param])
    with serving(store) as url, contextlib.closing(browser.new_context()) as context:
        found = Hostile(url, store, ids, context.new_page(), TEXTS[request.param])
        found.page.on("console", lambda said: found.wrong.append(said.text) if said.type == "error" else None)
        found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
        found.page.on("dialog", lambda dialog: found.wrong.append(f"dialog: {dialog.message}"))
        yield found
    store.close()


def pages(store: Store) -> list[Any]:
    """Return the routes of all pages: a new one is among them by itself."""
    rules = create_app(store).url_map.iter_rules()
    shown = (rule for rule in rules if "GET" in (rule.methods or ()) and not rule.rule.startswith("/api"))
    return sorted((rule for rule in shown if rule.endpoint not in NO_PAGES), key=lambda rule: rule.rule)


def test_every_page_shows_it_as_text(farm: Hostile) -> None:
    harm = []
    for rule in pages(farm.store):
        assert rule.endpoint in NEEDS
        path = rule.rule.replace("<", "{").replace(">", "}").format_map(farm.ids)
        answer = farm.page.goto(farm.url + path)
        assert answer is not None
        assert answer.status in (200, 400), f"{path}: {answer.text()}"  # 400: the form says why it takes no such name
        assert "a=b" not in answer.headers.get("set-cookie", "")
        harm += harmed(farm, rule.rule)
    assert harm == []


# What is wider than the window, the innermost first.
TOO_WIDE = """() => [...document.querySelectorAll('main *')].reverse()
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map((one) => one.outerHTML.slice(0, 120))"""


def harmed(farm: Hostile, where: str) -> list[str]:
    """Say what of it ran or shows as something else, and what is wider than the window."""
    page, harm = farm.page, [f"{where}: {each}" for each in farm.wrong if "status of 400" not in each]
    farm.wrong.clear()
    if page.evaluate("window.ran") is not None:
        harm.append(f"{where}: a script ran")
    if page.locator("main iframe, main svg[onload], main [srcdoc], a[href^='javascript:']").count():
        harm.append(f"{where}: markup became elements")
    if HIDDEN.search(page.evaluate("document.body.textContent + document.title")):
        harm.append(f"{where}: a sign that does not show")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            harm.append(f"{where}: too wide for {width} px: {page.evaluate(TOO_WIDE)}")
    return harm


def test_what_comes_to_an_open_list_is_text(farm: Hostile) -> None:
    farm.page.goto(f"{farm.url}/workers")
    farm.page.wait_for_load_state("load")
    calls.sign_on(farm.store, farm.ids["worker_id"], announced(f"changed {farm.text}"))
    until(lambda: "changed " in (farm.page.locator("#rows").text_content() or ""), "the row to change")
    assert harmed(farm, "the list") == []


def test_what_comes_to_an_open_log_is_text(farm: Hostile) -> None:
    farm.page.goto(f"{farm.url}/tasks/{farm.ids['task_id']}")
    task = farm.store.task(farm.ids["task_id"])
    assert task.worker_id is not None
    said = Report(log=f"{farm.text}\nthe end of it\n")
    calls.report_task(farm.store, farm.store.worker(task.worker_id), task.id, said)
    until(lambda: "the end of it" in (farm.page.locator("body").text_content() or ""), "the log to be shown")
    assert harmed(farm, "the log") == []
