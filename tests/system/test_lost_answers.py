"""Reports of which the manager's answer is lost: the log has every line once, in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from door import Door, Mode
from farm import Farm, manager_alone
from polling import until
from worker_process import worker

ROUNDS = 4
CHATTY = """
i=0
while [ ! -e "$4/gate" ]; do echo "line $i"; i=$((i+1)); [ $((i % 10)) = 0 ] && sleep 0.02; done
true
"""


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    with manager_alone(tmp_path / "manager") as farm:
        yield farm


def test_no_line_is_there_twice(farm: Farm, tmp_path: Path) -> None:
    script = tmp_path / "chatty.sh"
    script.write_text(CHATTY)
    door = Door(farm.port)
    with worker(f"http://127.0.0.1:{door.port}/", tmp_path / "node", "--name", "node"):
        until(lambda: farm.statuses() == {"node": "awake"}, "the worker to be awake")
        settings = {"exe": "/bin/sh", "script": str(script), "frames": "1", "folder": str(tmp_path)}
        job = {"name": "chatty", "type": "script-frames", "priority": 50, "submitter_platform": "manager"}
        identity = farm.api("/api/v3/jobs", {**job, "settings": settings})["id"]
        task = farm.api(f"/api/v3/jobs/{identity}/tasks")["tasks"][0]["id"]
        for _ in range(ROUNDS):
            size, lost = len(_log(farm, task)), door.lost
            until(lambda size=size: len(_log(farm, task)) > size, "more of the log")
            door.let(Mode.MUTE)
            until(lambda lost=lost: door.lost > lost, "an answer to be lost")
            door.let(Mode.OPEN)
        (tmp_path / "gate").touch()
        until(lambda: farm.api(f"/api/v3/tasks/{task}")["status"] == "completed", "the task")
    door.close()
    lines = [line.rpartition(" ")[2] for line in _log(farm, task).splitlines() if "> line " in line]
    assert lines == [str(number) for number in range(len(lines))]


def _log(farm: Farm, task: str) -> str:
    return farm.text(f"/tasks/{task}/log?all=1")
