"""axe-core on a page in a real browser: WCAG 2.0 to 2.2, A and AA, and what is good practice."""

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page

THEMES = ("light", "dark")
WIDTHS = (320, 768, 1440)

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it is now, each with the elements that it found it in."""
    page.evaluate(_axe())
    found = page.evaluate("tags => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", list(TAGS))
    return [f"{one['id']}: {one['help']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
