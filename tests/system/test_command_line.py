"""A farm operated from the command line alone: real supervisor, manager and workers, and what the commands say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from farm import Farm, running


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    with running(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


def manager(farm: Farm, *words: str, code: int = 0) -> str:
    """Run a command to its end, which has to be this one; return what it printed."""
    done = farm.run("farmhand-manager", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_workers_follow_and_the_command_says_when(farm: Farm) -> None:
    before = farm.show("worker@1", "MainPID")
    said = manager(farm, "workers", "restart", "node-1", "--wait", "--timeout", "30s")
    assert said.splitlines() == ["node-1 restarts now", "node-1 is restarted"]
    assert farm.show("worker@1", "MainPID") != before
    manager(farm, "workers", "sleep", "node-1", "node-2", "--wait", "--timeout", "30s")
    assert farm.statuses() == {"node-1": "asleep", "node-2": "asleep", "node-3": "awake"}
    manager(farm, "workers", "wake", "--status", "asleep", "--wait", "--timeout", "30s")
    assert set(farm.statuses().values()) == {"awake"}


def test_all_workers_restart_one_after_the_other(farm: Farm) -> None:
    before = {n: farm.show(f"worker@{n}", "MainPID") for n in (1, 2, 3)}
    words = ("rollouts", "start", "restart", "--all", "--watch", "0s", "--wait", "--timeout", "60s", "--json")
    done = json.loads(manager(farm, *words))
    assert (done["state"], done["stages"]["done"]) == ("done", 3)
    assert all(farm.show(f"worker@{n}", "MainPID") != pid for n, pid in before.items())


def test_a_tag_sleeps_by_its_schedule(farm: Farm) -> None:
    manager(farm, "tags", "add", "desks")
    manager(farm, "workers", "tag", "node-3", "--add", "desks")
    manager(farm, "schedules", "add", "--tag", "desks", "--window", "00:00-24:00", "--zone", "UTC")
    asleep = json.loads(manager(farm, "workers", "restart", "node-3", "--wait", "--timeout", "30s", "--json"))
    assert asleep["workers"][0]["became"]["state"] == "done"
    manager(farm, "workers", "withdraw", "--all")
    assert "asleep" in manager(farm, "workers", "list", "--tag", "desks")
    manager(farm, "schedules", "delete", "desks")
    manager(farm, "workers", "list", "--status", "happy", code=2)


def test_a_job_is_followed(farm: Farm, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text("name: Try it\ntype: echo-sleep-test\nsettings: {message: hello, sleep_duration_seconds: 0}\n")
    manager(farm, "submit", str(file), "--wait")
    assert "completed" in manager(farm, "jobs", "show", "Try it")
    assert "hello" in manager(farm, "jobs", "log", "Try it", "--task", "echo")
