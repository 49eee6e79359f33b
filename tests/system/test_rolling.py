"""Rolling restarts of real workers under a real supervisor, one at a time, whatever becomes of the manager."""

import os
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

from farm import Farm, ask, running
from manager_server import serving
from polling import until
from stores import fresh
from worker_process import worker

from farmhand.manager.due import minding

WORKERS = (1, 2, 3)


def begin(farm: Farm, **more: object) -> str:
    """Begin to restart all three workers, one after the other."""
    body = {"action": "restart", "query": {}, "at_once": 1, "patience": 20, "watch": 0.3, **more}
    made: dict[str, str] = farm.api("/api/farmhand/rollouts", body)
    return made["id"]


def shown(farm: Farm, rollout: str) -> dict[str, Any]:
    """Return a rolling action; nothing while the manager does not answer."""
    try:
        found: dict[str, Any] = farm.api(f"/api/farmhand/rollouts/{rollout}")
    except OSError:
        return {"state": "", "stages": {}, "workers": []}
    return found


def await_end(farm: Farm, rollout: str) -> list[dict[str, Any]]:
    """Wait until it is no longer running; return its workers, in the order in which they were asked."""
    until(lambda: shown(farm, rollout)["state"] not in ("running", ""), "the rolling restart", seconds=40, pause=0.05)
    found = shown(farm, rollout)
    assert (found["state"], found["why"]) == ("done", "")
    workers: list[dict[str, Any]] = found["workers"]
    assert [each["stage"] for each in workers] == ["done"] * len(WORKERS)
    return sorted(workers, key=lambda each: each["asked_at"])


def restarts(farm: Farm) -> list[str]:
    return [farm.show(f"worker@{number}", "NRestarts")["NRestarts"] for number in WORKERS]


def test_one_at_a_time_though_the_manager_is_killed_meanwhile(tmp_path: Path) -> None:
    with running(tmp_path / "data") as farm:
        rollout = begin(farm, reason="new driver")
        until(lambda: shown(farm, rollout)["stages"].get("down"), "the first to go")
        os.kill(int(farm.show("manager", "MainPID")["MainPID"]), signal.SIGKILL)
        turns = await_end(farm, rollout)
        for before, after in pairwise(turns):
            assert before["asked_at"] < before["back_at"] <= after["asked_at"]
        assert turns[0]["ended_at"] <= turns[1]["asked_at"], "the others wait until the canary has been watched"
        assert restarts(farm) == ["1", "1", "1"], "nobody was restarted twice"


def test_a_worker_that_nothing_starts_again_halts_it(tmp_path: Path) -> None:
    store = fresh(tmp_path / "manager")
    words = ("--restart-exit-code", "47", "--name")
    with (
        serving(store) as url,
        minding(store),
        worker(url, tmp_path / "1", *words, "node-1") as first,
        worker(url, tmp_path / "2", *words, "node-2") as second,
    ):
        until(lambda: [each.status.value for each in store.workers()] == ["awake", "awake"], "both to be awake")
        ids = [each.id for each in store.workers()]
        body = {"action": "restart", "workers": ids, "patience": 1, "watch": 0}
        rollout = ask(f"{url}/api/farmhand/rollouts", body)["id"]
        assert first.exit_code() == 47
        found = until(lambda: _if_halted(url, rollout), "it to halt")
        assert found["why"] == "node-1 did not come back within 1 s"
        assert [each["stage"] for each in found["workers"]] == ["failed", "waiting"]
        assert second.process.poll() is None
    store.close()


def _if_halted(url: str, rollout: str) -> dict[str, Any] | None:
    found: dict[str, Any] = ask(f"{url}/api/farmhand/rollouts/{rollout}")
    return found if found["state"] == "halted" else None
