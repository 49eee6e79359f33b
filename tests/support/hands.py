"""How somebody uses a page: by the keyboard alone, or by the mouse alone in a browser without JavaScript."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

MANY = 150  # tabs; a page of the tests has fewer controls
PATIENCE = 20_000  # milliseconds, on a machine that has other things to do


@dataclass(frozen=True)
class Hands:
    """What every test of a page can be done with. by_keys: nothing else; otherwise nothing but clicks and typing."""

    page: Page
    url: str
    by_keys: bool

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")
        if self.by_keys and self.page.locator("[data-live]").count():
            expect(self.page.locator("[data-live-word]")).to_contain_text("Live", timeout=PATIENCE)

    def press(self, name: str, *, role: str = "button") -> None:
        """Press a button, or follow a link, by its accessible name."""
        control = self.page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
        self._act(control, "Enter")

    def unfold(self, words: str) -> None:
        self._act(self.page.locator("summary", has_text=words), "Enter")

    def tick(self, name: str) -> None:
        self._act(self.page.get_by_role("checkbox", name=name, exact=True), "Space")

    def fill(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True)
        if not self.by_keys:
            field.fill(text)
            return
        self.reach(field)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        """Choose by the beginning of an option's words."""
        field = self.page.get_by_label(label)
        if not self.by_keys:
            meant = field.locator("option").filter(has_text=re.compile(f"^{re.escape(option)}"))
            field.select_option(meant.first.get_attribute("value"))
            return
        self.reach(field)
        self.page.keyboard.type(option)

    def sees(self, words: str) -> None:
        expect(self.page.get_by_text(words).locator("visible=true").first).to_be_visible(timeout=PATIENCE)

    def reach(self, control: Locator) -> None:
        """Go to a control by Tab alone, and see that it shows the focus."""
        control.wait_for(timeout=PATIENCE)
        for _ in range(MANY):
            if control.evaluate("node => node === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"no Tab leads to {control}")
        assert control.evaluate(SHOWS_FOCUS), f"{control} has the focus and does not show it"

    def _act(self, control: Locator, key: str) -> None:
        if self.by_keys:
            self.reach(control)
            self.page.keyboard.press(key)
        else:
            control.click()


# A box that is drawn by its label shows the focus there.
SHOWS_FOCUS = """node => [node, node.closest('label')].filter(Boolean).map((one) => getComputedStyle(one))
    .some(({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2)"""
