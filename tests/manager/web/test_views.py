"""Every view of the manager, in both themes and at three widths: what axe-core, a narrow window and a late script find.

`make views` writes a picture of each to build/views, as NAME-WIDTH-THEME.png.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import needs
import pytest
from axe import COLOURS, THEMES, WIDTHS, violations
from browser import chromium
from manager_server import serving
from playwright.sync_api import Browser, ConsoleMessage, Page, Route
from polling import until
from rich_farm import FARMS, SETTINGS, Farm
from stores import Clock, fresh

from farmhand.manager.web.access.sessioncookie import PLAIN

pytestmark = needs.program("chromium")


@dataclass(frozen=True)
class View:
    """One view. path: its address, in which {node-1} and the like stand for an id of the farm.

    clicks: what opens it from there, one selector after another. farm: one of rich_farm.FARMS. status: of the answer.
    forced: in the colours of the reader's system, of which axe-core knows nothing.
    """

    name: str
    path: str
    clicks: tuple[str, ...] = ()
    farm: str = "rich"
    status: int = 200
    forced: bool = False


VIEWS = (
    View("workers", "/workers"),
    View("workers-selected", "/workers", ("#rows input >> nth=0", "#rows input >> nth=3")),
    View("workers-filtered", "/workers?attention=yes&silent=300s&tag=gpu&sort=-seen&rows=25"),
    View("workers-pages", "/workers?rows=25", ("[data-all]",), farm="large"),
    View("workers-elsewhere", "/workers?rows=25&page=2&pick={first},{second}", ("#rows input >> nth=1",), farm="large"),
    View("workers-limited", "/workers", ("#rows input >> nth=0", "#rows input >> nth=2"), farm="limited"),
    View("workers-forced-colours", "/workers?status=working&status=error", ("#rows input >> nth=0",), forced=True),
    View("keys", "/jobs", (".bottom [popovertarget=keys]",)),
    View("workers-nomatch", "/workers?q=nobody&status=error"),
    View("workers-empty", "/workers", farm="empty"),
    View("worker", "/workers/{node-2}"),
    View("worker-install", "/workers/{node-1}/install"),
    View("worker-sleep", "/workers/{node-5}/sleep"),
    View("worker-sleep-more", "/workers/{node-5}/sleep", ("text=Add a window",)),
    View("worker-idle", "/workers/{node-6}"),
    View("worker-history", "/workers/{node-4}/history?reach=week", (".chart summary >> nth=0",)),
    View("worker-forget", "/workers/{node-1}/forget"),
    View("agents", "/agents", ("summary:has-text('Services')", "summary:has-text('Remove')")),
    View("farm", "/farm?reach=day", (".chart summary >> nth=0",)),
    View("agents-empty", "/agents", farm="empty"),
    View("plan", "/workers/plan/{plan}", ("text=A few at a time instead", "summary:has-text('All 9')"), farm="acted"),
    View("plan-few", "/workers/plan/{few}", farm="acted"),
    View("plan-dialog", "/workers?q=rig", ("[data-hurry] >> nth=0", "dialog h2"), farm="acted"),
    View("workers-undo", "/workers?q=rig&follow={follow}", farm="acted"),
    View("rollouts", "/rollouts", farm="acted"),
    View("rollouts-empty", "/rollouts", farm="empty"),
    View("rollout-halted", "/rollouts/{halted}", farm="acted"),
    View("rollout", "/rollouts/{running}", farm="acted"),
    View("tags", "/tags", farm="acted"),
    View("tags-empty", "/tags", farm="empty"),
    View("tag", "/tags/{tag}", farm="acted"),
    View("tag-sleep", "/tags/{tag}/sleep", farm="acted"),
    View("jobs", "/jobs"),
    View("jobs-empty", "/jobs", farm="empty"),
    View("job", "/jobs/{job}"),
    View("job-failed", "/jobs/{failed}"),
    View("jobs-nomatch", "/jobs?q=nothing&status=active&sort=name"),
    View("jobs-old", "/jobs/old?days=7"),
    View("job-of-worker", "/jobs/{job}?worker={node-1}"),
    View("job-delete", "/jobs/{job}/delete"),
    View("task", "/tasks/{task}"),
    View("task-failed", "/tasks/{failed-task}"),
    View("workers-joining", "/workers", farm="guarded"),
    View("joining", "/workers/joining", farm="guarded"),
    View("joining-code", "/workers/joining", ("text=Make a code",), farm="guarded"),
    View("revoke", "/workers/{node-1}/revoke"),
    View("workers-empty-code", "/workers", farm="coded"),
    View("audit", "/audit"),
    View("audit-nomatch", "/audit?who=nobody"),
    View("audit-empty", "/audit", farm="empty"),
    View("notices", "/notices"),
    View("notices-empty", "/notices", farm="empty"),
    View("sign-in", "/sign-in", farm="closed"),
    View("first", "/welcome/{first}", farm="closed"),
    View("password", "/welcome/{password}", farm="closed"),
    View("link-gone", "/welcome/used", farm="closed", status=410),
    View("sign-in-provider", "/sign-in", farm="provided"),
    View("signed-out", "/signed-out", farm="peopled"),
    View("account", "/account", farm="peopled"),
    View("account-nobody", "/account"),
    View("account-tokens", "/account/tokens", farm="peopled"),
    View("tokens", "/tokens", farm="peopled"),
    View("people", "/people", farm="peopled"),
    View("person", "/people/{lee}", farm="peopled"),
    View("person-link", "/people/{lee}", ("text=Make a link",), farm="peopled"),
    View("person-off", "/people/{max}", farm="peopled"),
    View("not-found", "/workers/nobody", status=404),
)


@dataclass(frozen=True)
class Shown:
    """A view that is open. moved: by width, what stood elsewhere once the script had come. wrong: the complaints."""

    view: View
    page: Page
    moved: dict[int, list[str]]
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def farms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[str, Farm]]]:
    """Give the address of a farm and what is in it; each is made when it is first asked for."""
    with contextlib.ExitStack() as stack:
        made: dict[str, tuple[str, Farm]] = {}

        def of(name: str) -> tuple[str, Farm]:
            if name not in made:
                clock = Clock()
                store = fresh(tmp_path_factory.mktemp(name), SETTINGS.get(name), clock)
                stack.callback(store.close)
                farm = FARMS[name](store, clock)
                made[name] = stack.enter_context(serving(store)), farm
            return made[name]

        yield of


@pytest.fixture(scope="module")
def shown(
    browser: Browser, farms: Callable[[str], tuple[str, Farm]], request: pytest.FixtureRequest
) -> Iterator[Shown]:
    """Open a view; the module's scope has one page stay for all its themes and widths."""
    view: View = request.param
    url, farm = farms(view.farm)
    with contextlib.closing(browser.new_context(forced_colors="active" if view.forced else "none")) as context:
        if farm.cookie:
            context.add_cookies([{"name": PLAIN, "value": farm.cookie, "url": url}])
        page, wrong = context.new_page(), list[str]()
        page.on("console", lambda message: complain(message, view, wrong))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.clock.set_fixed_time(farm.clock.now)
        moved = open_in_two(page, url + view.path.format_map(farm.ids), view.status)
        for selector in view.clicks:
            page.locator(selector).click()
        yield Shown(view, page, moved, wrong)


def complain(message: ConsoleMessage, view: View, wrong: list[str]) -> None:
    """Take note of what the console says, but for the failure that a view is about."""
    meant = view.status != 200 and message.text.startswith("Failed to load resource")
    if message.type == "error" and not meant:
        wrong.append(message.text)


# The page is there, with its styles, and waits for its script.
READABLE = """document.readyState === 'interactive'
    && document.styleSheets.length === document.querySelectorAll('link[rel=stylesheet]').length"""

# Remember where everything is that can be seen; and tell what of it is elsewhere by now.
REMEMBER = """width => {
    const place = (one) => Object.values(one.getBoundingClientRect().toJSON()).slice(0, 4).join(' ');
    const seen = [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility());
    window.places = { ...window.places, [width]: new Map(seen.map((one) => [one, place(one)])) };
    window.moved = (at) => [...window.places[at]]
        .filter(([one, was]) => one.isConnected && one.checkVisibility() && place(one) !== was)
        .map(([one, was]) => `${one.outerHTML.slice(0, 80)}: ${was} -> ${place(one)}`);
}"""


def open_in_two(page: Page, address: str, status: int) -> dict[int, list[str]]:
    """Load a page, and only then its script; return what the script moved, by width.

    What the script shows or hides has to have its place from the beginning.
    """
    held: list[Route] = []
    page.route("**/*.js*", lambda route: held.append(route))
    answer = page.goto(address, wait_until="commit")
    assert answer is not None
    assert answer.status == status, answer.text()
    until(lambda: page.evaluate(READABLE), "the page to be there, with its styles")
    for width in WIDTHS:
        resize(page, width)
        page.evaluate(REMEMBER, width)
    for route in held:
        route.continue_()
    page.unroute("**/*.js*")
    page.wait_for_load_state("load")
    return {width: moved(page, width) for width in WIDTHS}


def moved(page: Page, width: int) -> list[str]:
    resize(page, width)
    found: list[str] = page.evaluate("width => window.moved(width)", width)
    return found


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


# Nothing but colours is different in the other theme.
RULES = {"light": (), "dark": COLOURS}


def is_of_colour(violation: str) -> bool:
    return violation.startswith(COLOURS)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("shown", VIEWS, ids=lambda view: view.name, indirect=True)
def test_view(shown: Shown, width: int, theme: str, request: pytest.FixtureRequest) -> None:
    page = shown.page
    resize(page, width)
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    if folder := request.config.getoption("--shots"):
        page.screenshot(path=Path(folder) / f"{shown.view.name}-{width}-{theme}.png", full_page=True)
    assert [each for each in violations(page, RULES[theme]) if not (shown.view.forced and is_of_colour(each))] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert shown.moved[width] == []
    assert shown.wrong == []
