"""Whatever is killed, stopped or restarted: no task is lost, none runs twice at once, each request ends once.

For longer, with other choices: `SEED=7 SECONDS=300 pytest tests/system/test_history.py`.
"""

import os
from pathlib import Path

import history
import pytest
from judge import judge
from nemesis import rage
from polling import until

SEED = int(os.environ.get("SEED", "1"))
LASTS = float(os.environ.get("SECONDS", "6"))
TASKS_A_SECOND = 2


@pytest.mark.timeout(3 * LASTS + 4 * history.SETTLES)
def test_a_farm_with_an_enemy(tmp_path: Path) -> None:
    tasks = round(LASTS * TASKS_A_SECOND)
    farm = history.Field(tmp_path / "field", SEED)
    try:
        farm.start()
        until(lambda: _awake(farm) == history.WORKERS, "the workers to be awake")
        job = farm.submit(tasks)
        rage(farm, LASTS)
        history.settle(farm, job, tasks)
    finally:
        farm.end()
        print("\n".join(farm.deeds))
    assert judge(farm, tasks) == []


def _awake(farm: history.Field) -> int:
    try:
        return sum(worker["status"] == "awake" for worker in farm.workers())
    except OSError:
        return 0
