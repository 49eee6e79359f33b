"""The Workers page on farms of three sizes: how long an answer takes, how much it is, and what its updates cost."""

import statistics
import time
import urllib.request
from pathlib import Path

import needs
import pytest
from browser import chromium
from large_farm import fill
from manager_server import serving
from playwright.sync_api import Page, expect
from stores import fresh

from farmhand.manager.storage import calls
from farmhand.manager.storage.store import Store
from farmhand.worker.wire import Status

SIZES = (100, 1_000, 10_000)
ROUNDS = 15

CLICKS = {
    "the list": "",
    "one status": "status=idle",
    "a text in the name": "q=node-000",
    "a tag and a version": "tag=gpu&version=3.9.1",
    "by restarts": "sort=restarts",
    "by last seen": "sort=-seen",
    "page 50": "rows=25&page=50",
    "who needs attention": "attention=yes",
}

# What a page may cost: milliseconds at the server, bytes on the wire, milliseconds to its first paint.
SERVER_MS, BYTES, PAINT_MS, FLUSHES = 150, 150_000, 1000, 4.4

EVENTS = 200  # a second


@needs.program("chromium")
@pytest.mark.parametrize("number", SIZES)
def test_a_page(number: int, tmp_path: Path) -> None:
    store = fresh(tmp_path / "data")
    ids = fill(store, number)
    with serving(store) as url:
        took = {name: answers(f"{url}/workers?{query}") for name, query in CLICKS.items()}
        told = f"{number:>6} workers:" + "".join(f"\n        {ms:6.1f} ms  {name}" for name, (ms, _) in took.items())
        print(f"\n{told}\n        {took['the list'][1] / 1000:6.1f} kB of HTML, compressed")
        assert max(ms for ms, _ in took.values()) <= SERVER_MS
        in_a_browser(url, store, ids)
    store.close()


def answers(address: str) -> tuple[float, int]:
    """Return the median of the time that an address takes to answer, and the size of its answer."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as answer:
            size = len(answer.read())
        took.append(1000 * (time.perf_counter() - begun))
    return statistics.median(took), size


def in_a_browser(url: str, store: Store, ids: list[str]) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/workers")
        page.wait_for_selector("[data-live-word]:has-text('Live')")
        paint = page.evaluate("""performance.getEntriesByName('first-contentful-paint')[0].startTime
            - performance.getEntriesByType('navigation')[0].responseStart""")
        size = page.evaluate("""['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
            .reduce((all, one) => all + one.transferSize, 0)""")
        flushes, late = storm(page, store, ids[:100])
        print(f"        {paint:6.0f} ms  from the first byte to the first paint in headless Chromium")
        print(f"        {size / 1000:6.1f} kB in all, with styles and scripts")
        print(f"        {flushes:6.1f} redraws a second while {EVENTS} events happen; the last after {late:.0f} ms")
    assert (paint <= PAINT_MS, size <= BYTES, flushes <= FLUSHES) == (True, True, True)


def storm(page: Page, store: Store, ids: list[str], seconds: float = 4.0) -> tuple[float, float]:
    """Have 200 events a second happen to workers that the page shows; return its redraws a second, and how late."""
    page.evaluate("""() => {
        window.drawn = new Set();
        const status = ({ target }) => target.closest('.c-status');       // ages tick anyway
        const note = (seen) => seen.some(status) && window.drawn.add(Math.round(performance.now() / 50));
        new MutationObserver(note).observe(document.querySelector('#rows'), { subtree: true, childList: true });
    }""")
    turns = [Status.ASLEEP, Status.AWAKE]
    begun, number = time.perf_counter(), round(EVENTS * seconds)
    for n in range(number):
        time.sleep(max(0.0, begun + n / EVENTS - time.perf_counter()))
        calls.report_status(store, ids[n % len(ids)], turns[n // len(ids) % 2])
    took, last = time.perf_counter() - begun, time.perf_counter()
    expect(page.locator(f"#w-{ids[(number - 1) % len(ids)]} .status")).not_to_have_text("Asleep", timeout=5000)
    drawn: float = page.evaluate("window.drawn.size")
    return drawn / took, 1000 * (time.perf_counter() - last)
