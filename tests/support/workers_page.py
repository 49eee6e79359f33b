"""The Workers page as an operator uses it: boxes, the menu, Apply, and what the rows then say."""

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
        for worker in workers:
            self.row(worker).get_by_role("checkbox").check()
        self.page.locator("[data-selection] [data-action]").select_option(label=label)
        with self.page.expect_navigation():
            self.page.locator("[data-selection] [data-apply]").click()

    def says(self, worker: str, word: str, *, seconds: float = 20) -> None:
        """Wait until the row's status is the word, without reloading the page."""
        expect(self.row(worker).locator(".c-status")).to_have_text(word, timeout=seconds * 1000)

    def nothing_pending(self, worker: str, *, seconds: float = 20) -> None:
        expect(self.row(worker).locator(".change")).to_have_count(0, timeout=seconds * 1000)

    def pending(self, worker: str, words: str, *, seconds: float = 5) -> None:
        expect(self.row(worker).locator(".change .to")).to_have_text(words, timeout=seconds * 1000)
