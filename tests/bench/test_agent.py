"""From the click on Start until the worker is awake, how long a drill keeps one away, and what an agent costs idle."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from farm import Farm, running
from polling import until

ROUNDS = 10
IDLE = 60  # seconds
BETWEEN = 6  # seconds, for ten starts a minute are all that config/farm.yaml allows by itself


def worker(farm: Farm) -> dict[str, Any]:
    found: dict[str, Any] = farm.api(f"/api/v3/worker-mgt/workers/{farm.workers()['node-1']['id']}")
    return found


def ask(farm: Farm, verb: str) -> dict[str, Any]:
    asked: dict[str, Any] = farm.api(f"/api/farmhand/workers/{worker(farm)['id']}/{verb}", {})
    return asked


def seconds_until(what: Callable[[], bool], words: str) -> float:
    begun = time.perf_counter()
    until(what, words, pause=0.002)
    return time.perf_counter() - begun


def start(farm: Farm) -> tuple[float, float]:
    """Shut the worker down and start it; return how long until the agent has the ticket, and the worker is awake."""
    path = f"/api/v3/worker-mgt/workers/{worker(farm)['id']}/setstatus"
    farm.api(path, {"status": "offline", "is_lazy": False})
    until(lambda: worker(farm)["status"] == "offline" and worker(farm)["agent"]["offers"] == "start", "it to be off")
    ticket = ask(farm, "start")["id"]
    taken = seconds_until(lambda: farm.api(f"/api/farmhand/tickets/{ticket}")["state"] != "waiting", "the ticket")
    return taken, taken + seconds_until(lambda: worker(farm)["status"] == "awake", "the worker to be awake")


def drill(farm: Farm) -> float:
    until(lambda: worker(farm)["status"] == "awake", "the worker to be awake")
    time.sleep(BETWEEN)
    request = ask(farm, "drill")["request"]
    until(lambda: worker(farm)["drill"].get("gap_ms") and worker(farm)["drill"]["request"] == request, "the drill")
    gap: int = worker(farm)["drill"]["gap_ms"]
    return gap / 1000


def switches(pid: int) -> int:
    """Count how often the threads of a process have waited for something."""
    found = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        lines = Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines()
        found += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
    return found


def kib(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("Rss:", "Pss:"))}


def test_how_quick_and_how_small(tmp_path: Path) -> None:
    with running(tmp_path) as farm:
        until(lambda: worker(farm)["restart"]["state"] == "verified", "the agent to see the worker")
        starts = [start(farm) for _ in range(ROUNDS)]
        gaps = [drill(farm) for _ in range(ROUNDS)]
        pid = int(farm.show("agent", "MainPID")["MainPID"])
        before = switches(pid)
        time.sleep(IDLE)
        waits = switches(pid) - before
        for words, values in (
            ("click on Start to ticket taken", [taken for taken, _ in starts]),
            ("click on Start to awake", [awake for _, awake in starts]),
            ("away in a drill", gaps),
        ):
            print(f"\n{words}: median {median(values):.3f} s, longest {max(values):.3f} s", end="")
        print(f"\nthe agent: {waits} waits in {IDLE} s of nothing to do, {kib(pid)} KiB; load {os.getloadavg()[0]:.0f}")
