"""The Workers page as an operator uses it: boxes, the menu, Apply, and what the rows then say."""

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True)
class WorkersPage:
    page: Page
    url: str

    def open(self) -> "WorkersPage":
        self.page.goto(f"{self.url}/workers")
        return self

    def row(self, worker: str) -> Locator:
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=worker, exact=True))

    def choose(self, label: str, *workers: str) -> None:
        """Tick workers, choose an action by its words, press Apply, and wait for the page that answers."""
        self._pick(label, workers)
        with self.page.expect_navigation():
            self.page.locator("[data-selection] [data-apply]").click()

    def choose_and_confirm(self, label: str, *workers: str) -> None:
        """The same where the plan may be shown first, which depends on who has a task just then."""
        self.open()  # a page that tells of no earlier action
        self._pick(label, workers)
        self.page.locator("[data-selection] [data-apply]").click()
        confirm = self.page.locator("dialog.ask .choices [value=apply]")
        expect(confirm.or_(self.page.locator(".told")).first).to_be_visible()
        if confirm.is_visible():
            with self.page.expect_navigation():
                confirm.click()

    def _pick(self, label: str, workers: Sequence[str]) -> None:
        for worker in workers:
            self.row(worker).get_by_role("checkbox").check()
        self.page.locator("[data-selection] [data-action]").select_option(label=label)

    def says(self, worker: str, word: str, *, seconds: float = 20) -> None:
        """Wait until the row's status is the word, without reloading the page."""
        expect(self.row(worker).locator(".c-status")).to_have_text(word, timeout=seconds * 1000)

    def nothing_pending(self, worker: str, *, seconds: float = 20) -> None:
        expect(self.row(worker).locator(".change")).to_have_count(0, timeout=seconds * 1000)

    def pending(self, worker: str, words: str, *, seconds: float = 20) -> None:
        expect(self.row(worker).locator(".change .to")).to_have_text(words, timeout=seconds * 1000)
