"""axe-core on a page in a real browser: WCAG 2.0 to 2.2, A and AA, and what is good practice."""

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page

THEMES = ("light", "dark")
WIDTHS = (320, 768, 1440)

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


# All that another theme could change.
COLOURS = ("color-contrast", "link-in-text-block")


def violations(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now, each with the elements that it found it in.

    rules: these only; all of TAGS where none are named.
    """
    page.evaluate(_axe())
    wanted = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(TAGS)}
    found = page.evaluate("only => axe.run(document, { runOnly: only, resultTypes: ['violations'] })", wanted)
    return [f"{one['id']}: {one['help']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
