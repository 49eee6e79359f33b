"""Server-Sent Events over a real connection, as a browser reads them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import urllib3

http = urllib3.PoolManager(maxsize=300, block=True)


@contextmanager
def stream(
    url: str, last: int | None = None, headers: Mapping[str, str] | None = None
) -> Iterator[Iterator[dict[str, str]]]:
    """Yield the messages of a stream as dicts of their fields; last: the id of the one that was seen last."""
    said = {**(headers or {}), **({} if last is None else {"Last-Event-ID": str(last)})}
    answer = http.request("GET", url, headers=said, preload_content=False, timeout=20)
    assert answer.status == 200, answer.data
    assert answer.headers["Content-Type"].startswith("text/event-stream")

    def messages() -> Iterator[dict[str, str]]:
        fields: dict[str, str] = {}
        for line in iter(lambda: answer.readline().decode(), ""):
            if line != "\n":
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value
            elif fields.keys() & {"data"}:
                yield fields
                fields = {}

    try:
        yield messages()
    finally:
        answer.close()
        answer.release_conn()
