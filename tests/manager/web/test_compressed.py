"""Pages travel compressed; what waits for news does not wait for a full buffer."""

import gzip
from urllib.request import Request, addinfourl, urlopen

from pretended import awake

from farmhand.manager.storage.store import Store


def fetch(address: str) -> addinfourl:
    request = Request(address, headers={"Accept-Encoding": "gzip"})
    found: addinfourl = urlopen(request, timeout=20)
    return found


def test_a_page_and_its_files_are_compressed(url: str, store: Store) -> None:
    awake(store, "node-1")
    for path in ("/workers", "/static/components.css", "/static/live.js"):
        with fetch(url + path) as answer:
            body = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert len(gzip.decompress(body)) > 2 * len(body)


def test_a_short_answer_is_not(url: str) -> None:
    with fetch(f"{url}/api/v3/version") as answer:
        assert answer.headers["Content-Encoding"] is None


def test_what_is_empty_stays_empty(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    asked = Request(
        f"{url}/api/v3/worker-mgt/workers/{worker.id}/setstatus",
        b'{"status": "asleep", "is_lazy": true}',
        {"Accept-Encoding": "gzip", "Content-Type": "application/json"},
    )
    for request in (asked, Request(f"{url}/workers", headers={"Accept-Encoding": "gzip"}, method="HEAD")):
        with urlopen(request, timeout=20) as answer:
            assert (answer.headers["Content-Encoding"], answer.read()) == (None, b"")


def test_news_arrive_at_once_and_plain(url: str, store: Store) -> None:
    worker = awake(store, "node-1")
    with fetch(f"{url}/live/workers?since={store.newest()}") as stream:
        assert stream.headers["Content-Encoding"] is None
        worker.signs_off()
        lines = iter(lambda: stream.readline().decode(), "")
        assert '"rows"' in next(line for line in lines if line.startswith("data:"))
