"""Two managers on PostgreSQL behind nginx: whatever is done on one holds on the other, and either may be killed."""

import asyncio
import contextlib
import itertools
import json
import random
import statistics
import time
from collections import Counter
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import several
from farm import ask
from polling import until
from simulated import SIMULATED, Worker, at_work
from worker_process import worker

MGT = "/api/v3/worker-mgt/workers"
WORKERS, TASKS = 200, 300

pytestmark = several.needed

# An address of this machine that is not the proxy's.
ELSEWHERE = "127.0.0.2"


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    """One for all tests, which start again what they end."""
    with several.running(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


def statuses(url):
    return {each["name"]: each["status"] for each in ask(f"{url}{MGT}")["workers"]}


def wait_for(url, name, status):
    until(lambda: statuses(url).get(name) == status, f"{name} to be {status}", pause=0.02)


def set_status(url, worker_id, status):
    ask(f"{url}{MGT}/{worker_id}/setstatus", {"status": status, "is_lazy": False})


def test_an_action_on_one_manager_reaches_a_worker_on_the_other_within_a_second(farm, tmp_path):
    here, there = farm.managers
    with worker(here.url, tmp_path / "w", "--name", "node-1"):
        wait_for(there.url, "node-1", "awake")
        [found] = [each for each in ask(f"{there.url}{MGT}")["workers"] if each["name"] == "node-1"]
        for status in ("asleep", "awake", "asleep"):
            began = time.monotonic()
            set_status(there.url, found["id"], status)
            wait_for(here.url, "node-1", status)
            assert time.monotonic() - began < 1.0


def test_who_calls_is_known_through_the_proxy_and_nobody_else_may_say_so(farm):
    assert address_of_registration(farm.url) == ELSEWHERE
    assert address_of_registration(farm.managers[0].url) == ELSEWHERE


def address_of_registration(url):
    """Register from an address that is not the proxy's, with a header that says something else."""
    said = {"name": "registered", "platform": "linux", "secret": "s" * 64, "supported_task_types": ["misc"]}
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"}
    caller = HTTPConnection(urlsplit(url).netloc, source_address=(ELSEWHERE, 0))
    with contextlib.closing(caller):
        caller.request("POST", "/api/v3/worker/register-worker", json.dumps(said), headers)
        return json.load(caller.getresponse())["address"]


def test_while_no_manager_is_there_nobody_gets_an_answer(farm):
    """A Flamenco Worker takes any answer but 200 to its sign-on as an order to register anew."""
    for manager in farm.managers:
        manager.kill()
    with pytest.raises(ConnectionError):
        address_of_registration(farm.url)
    for manager in farm.managers:
        manager.start()
    until(lambda: answered(farm.url), "the proxy to find a manager again")


def answered(url):
    with contextlib.suppress(ConnectionError):
        return address_of_registration(url)
    return None


async def submit(url):
    settings = {"script": "/x.py", "frames": f"1-{TASKS}", "folder": "/x"}
    body = {
        "name": "many",
        "type": "script-frames",
        "priority": 50,
        "settings": settings,
        "submitter_platform": "linux",
    }
    return (await asyncio.to_thread(ask, f"{url}/api/v3/jobs", body))["id"]


async def eventually(condition, what, seconds=90.0, pause=0.5):
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        await asyncio.sleep(pause)


def counted(url):
    async def count():
        found = await asyncio.to_thread(statuses, url)
        return Counter(status for name, status in found.items() if name.startswith(SIMULATED))

    return count


def overlapping(runs):
    """Return the tasks that were run twice at once."""
    by_task = {}
    for run in runs:
        by_task.setdefault(run.task, []).append(run)
    found = []
    for those in by_task.values():
        those.sort(key=lambda run: run.began)
        found += [(one, other) for one, other in itertools.pairwise(those) if other.began < one.ended]
    return found


async def kill_one_while_they_work(farm):
    victim, survivor = farm.managers
    count = counted(survivor.url)

    async def all_are(status):
        return (await count())[status] == WORKERS

    async with at_work(farm.url, WORKERS, lambda: random.uniform(0.1, 1.0)) as (workers, runs):
        await eventually(lambda: all_are("awake"), "all to be awake")
        job_id = await submit(victim.url)
        await eventually(lambda: asyncio.sleep(0, len(runs) > TASKS // 4), "a quarter to be handed out", pause=0.01)
        victim.kill()

        async def completed():
            return (await asyncio.to_thread(ask, f"{survivor.url}/api/v3/jobs/{job_id}"))["status"] == "completed"

        await eventually(completed, "the job to be completed")
        clicked = time.monotonic()
        wishes = [asyncio.to_thread(set_status, survivor.url, each.id, "asleep") for each in workers]
        await asyncio.gather(*wishes)
        await eventually(lambda: all_are("asleep"), "all to be asleep")
        asleep = time.monotonic() - clicked
        victim.start()
        delays = [
            await click(victim.url if index % 2 else survivor.url, each) for index, each in enumerate(workers[:20])
        ]
    return runs, asleep, delays


async def click(url: str, it: Worker) -> float:
    """Wake a worker up; return how long it took until it was told of it."""
    before, began = len(it.told), time.monotonic()
    await asyncio.to_thread(set_status, url, it.id, "awake")
    await eventually(lambda: asyncio.sleep(0, len(it.told) > before), f"{it.name} to be told", pause=0.01)
    return it.told[before] - began


def test_two_hundred_workers_lose_nothing_when_a_manager_is_killed(farm):
    runs, asleep, delays = asyncio.run(kill_one_while_they_work(farm))
    kept = Counter(run.task for run in runs if run.kept)
    assert len({run.task for run in runs}) == TASKS
    assert overlapping(runs) == []
    assert max(kept.values()) == 1
    assert statistics.quantiles(delays, n=10)[-1] < 1.0
    print(
        f"{len(runs)} runs of {TASKS} tasks; {WORKERS} asleep {asleep:.1f} s after the first click; "
        f"click to worker: median {statistics.median(delays) * 1000:.0f} ms, longest {max(delays) * 1000:.0f} ms"
    )
