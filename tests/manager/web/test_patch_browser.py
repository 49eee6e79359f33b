"""A redraw in a real browser: what it changes, and what of the reader's it leaves alone."""

from collections.abc import Iterator

import needs
import pytest
from browser import chromium
from manager_server import serving
from playwright.sync_api import Page
from stores import fresh

pytestmark = needs.program("chromium")

# Give the page a region, and have `redraw` make it what the manager rendered anew.
BEGIN = """async (html) => {
    const { parse, replaceInside } = await import('/static/patch.js');
    document.querySelector('main').innerHTML = `<div id="region">${html}</div>`;
    window.region = document.getElementById('region');
    window.redraw = (newer) => replaceInside(region, parse(newer));
}"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Any page; each test has its region in it."""
    store = fresh(tmp_path_factory.mktemp("data"))
    with serving(store) as url, chromium() as browser:
        page = browser.new_page()
        page.goto(f"{url}/tags")
        yield page
    store.close()


def region(page: Page, html: str) -> None:
    page.evaluate(BEGIN, html)


def redraw(page: Page, html: str) -> str:
    page.evaluate("(html) => redraw(html)", html)
    became: str = page.evaluate("region.innerHTML")
    return became


def focused(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.textContent || document.activeElement.localName")
    return name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<p>one</p>", "<p>two</p>", id="text"),
        pytest.param('<p class="a" title="x">one</p>', '<p class="b" lang="en">one</p>', id="attributes"),
        pytest.param("<p>one</p><ul><li>a</li></ul>", "<ul><li>b</li><li>a</li></ul>tail", id="kinds"),
        pytest.param("<i>1</i><i>2</i><i>3</i>", "<i>3</i>", id="fewer"),
        pytest.param(
            '<a href="/1">1</a> <a href="/2">2</a> <a href="/3">3</a>',
            '<a href="/3">3</a> <a href="/0">0</a> <a href="/1">one</a>',
            id="another order",
        ),
        pytest.param('<svg><use href="#a"></use></svg>', '<svg class="g"><use href="#b"></use></svg>', id="pictures"),
        pytest.param("", "<b>new</b>", id="from nothing"),
        pytest.param("<b>old</b>", "", id="to nothing"),
    ],
)
def test_it_becomes_what_was_rendered(loaded: Page, before: str, after: str) -> None:
    region(loaded, before)
    assert redraw(loaded, after) == after


def test_what_means_the_same_stays_the_same_element(loaded: Page) -> None:
    region(loaded, '<ul><li><a href="/1">one</a> 5 s</li><li><a href="/2">two</a> 6 s</li></ul>')
    loaded.evaluate("window.second = region.querySelectorAll('a')[1]")
    entry = '<li><a href="/{}">{}</a> 7 s</li>'
    redraw(loaded, f"<ul>{entry.format(0, 'new')}{entry.format(1, 'one')}{entry.format(2, '2')}</ul>")
    assert loaded.evaluate("region.querySelectorAll('a')[2] === second")
    assert loaded.evaluate("second.textContent") == "2"


def test_the_focus_stays_on_what_it_is_on_and_does_not_pass_to_another_button(loaded: Page) -> None:
    """Who is about to press "Cancel job" as another button comes before it does not press that one."""
    cancel, pause = (f'<button name="do" value="{name}">{name}</button>' for name in ("cancel", "pause"))
    region(loaded, f'<form action="/do">{cancel}</form>')
    loaded.locator("#region button").focus()
    redraw(loaded, f'<form action="/do">{pause}{cancel}</form>')
    assert focused(loaded) == "cancel"


@pytest.mark.parametrize(
    ("after", "focus"),
    [
        pytest.param("<button name=b>b</button><button name=c>c</button>", "b", id="to the next"),
        pytest.param("<button name=z>z</button>", "z", id="to what is left"),
        pytest.param("<button name=a disabled>a</button><button name=b>b</button>", "b", id="from what is off"),
        pytest.param("<p>nothing</p>", "nothing", id="to the region"),
    ],
)
def test_a_focus_whose_element_goes_is_not_lost(loaded: Page, after: str, focus: str) -> None:
    region(loaded, "<button name=a>a</button><button name=b>b</button>")
    loaded.locator("#region button").first.focus()
    redraw(loaded, after)
    assert focused(loaded) == focus


READ = """<details><summary>More</summary><p>{age}</p></details><p id="error">No such file</p>
    <pre class="log" tabindex="0">{age}{lines}</pre>
    <input name="q" value=""><input type="checkbox" name="c" value="1">"""


def test_the_readers_own_doing_stays(loaded: Page) -> None:
    """Open details, selected text, how far it is scrolled, and what is typed and ticked."""
    lines = "\n" * 400
    region(loaded, READ.format(age="5 s", lines=lines))
    loaded.locator("#region summary").click()
    loaded.locator("#region [name=q]").fill("half a wo")
    loaded.locator("#region [name=c]").check()
    loaded.evaluate("""() => {
        const short = new CSSStyleSheet();
        short.replaceSync('pre { block-size: 100px; overflow: auto; }');
        document.adoptedStyleSheets = [short];
        region.querySelector('pre').scrollTop = 500;
        const text = document.getElementById('error').firstChild;
        getSelection().setBaseAndExtent(text, 3, text, 7);
    }""")
    redraw(loaded, READ.format(age="6 s", lines=lines))
    assert loaded.locator("#region pre").inner_text().startswith("6 s")
    assert loaded.evaluate("region.querySelector('pre').scrollTop") == 500
    assert loaded.evaluate("region.querySelector('details').open")
    assert loaded.evaluate("getSelection().toString()") == "such"
    assert loaded.locator("#region [name=q]").input_value() == "half a wo"
    assert loaded.locator("#region [name=c]").is_checked()


def test_a_click_that_has_begun_is_not_lost(loaded: Page) -> None:
    region(loaded, '<p>5 s</p><button name="do" value="stop" type="button">Stop <b>5 s</b></button>')
    loaded.evaluate("""() => {
        window.clicks = 0;
        region.addEventListener('click', ({ target }) => { clicks += Boolean(target.closest('button')); });
    }""")
    loaded.locator("#region button").hover()
    loaded.mouse.down()
    redraw(loaded, '<p>6 s</p><button name="do" value="stop" type="button">Stop <b>6 s</b></button>')
    loaded.mouse.up()
    assert loaded.evaluate("clicks") == 1
