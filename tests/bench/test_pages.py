"""What a manager takes while many have the Workers page open and much happens: its memory must not grow with time.

Run by hand: pytest tests/bench/test_pages.py -s; MINUTES says for how long.
"""

import asyncio
import base64
import contextlib
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from large_farm import fill
from manager_process import manager, memory, processor_time
from pretended import SECRET
from simulated import Line
from stores import fresh

PAGES, WORKERS, EVENTS = 200, 1000, 200  # events in a second
MINUTES = float(os.environ.get("MINUTES", "2"))
LINES = 8


async def reading(url: str, heard: list[int]) -> None:
    """Keep a page's stream open, and note how many bytes each message has."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=2**24)
    writer.write(f"GET /live/workers HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
    try:
        while line := await reader.readline():
            if line.startswith(b"data:"):
                heard.append(len(line))
    finally:
        writer.close()


async def happening(url: str, ids: list[str], over: asyncio.Event) -> int:
    """Have workers go to sleep and wake up, so many times in a second; return how often."""
    lines, number = [Line(url) for _ in range(LINES)], 0

    async def some(line: Line, mine: list[str]) -> None:
        nonlocal number
        begun, made = time.monotonic(), 0
        while not over.is_set():
            status = ("asleep", "awake")[made // len(mine) % 2]
            credentials = base64.b64encode(f"{mine[made % len(mine)]}:{SECRET}".encode()).decode()
            await line.call("POST", "/api/v3/worker/state-changed", {"status": status}, credentials)
            made, number = made + 1, number + 1
            await asyncio.sleep(max(0.0, begun + made * LINES / EVENTS - time.monotonic()))

    await asyncio.gather(*(some(line, ids[at::LINES]) for at, line in enumerate(lines)))
    return number


async def watched(url: str, pid: int, ids: list[str]) -> None:
    over, heard = asyncio.Event(), list[int]()
    readers = [asyncio.create_task(reading(url, heard)) for _ in range(PAGES)]
    await asyncio.sleep(3)
    busy = asyncio.create_task(happening(url, ids, over))
    await asyncio.sleep(10)
    for _ in range(round(MINUTES * 2)):
        spent, began, before = processor_time(pid), time.monotonic(), len(heard)
        await asyncio.sleep(30)
        took = time.monotonic() - began
        share = (processor_time(pid) - spent) / 10 / took
        redraws, size = (len(heard) - before) / took / PAGES, sum(heard[before:]) / max(1, len(heard) - before)
        print(f"{memory(pid):7.1f} MiB, {redraws:.1f} messages a second and page of {size:,.0f} bytes, {share:.0f} %")
    over.set()
    print(f"{await busy:,} events in all")
    for each in readers:
        each.cancel()
    await asyncio.gather(*readers, return_exceptions=True)


@pytest.mark.timeout(300 + 120 * MINUTES)
def test_two_hundred_pages_and_two_hundred_events_a_second(tmp_path: Path) -> None:
    store = fresh(tmp_path / "data")
    ids = fill(store, WORKERS)
    store.close()
    with contextlib.ExitStack() as ending:
        url, pid = ending.enter_context(manager(tmp_path / "data", ""))
        print(f"\n{memory(pid):7.1f} MiB at the beginning, load {os.getloadavg()[0]:.1f}")
        asyncio.run(watched(url, pid, [id for n, id in enumerate(ids) if n % 10 > 5][:200]))
