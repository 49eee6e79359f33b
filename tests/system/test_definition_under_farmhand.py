"""A worker whose definition was made for Farmhand's own supervisor: the manager knows it, and notices a change."""

from pathlib import Path

import pytest
from farm import BIN, Farm, free_port, manager_alone, started
from polling import until


def define(farm: Farm, home: Path) -> Path:
    """Write the worker's definition where it says that it is; return that file."""
    words = ["--manager", farm.url, "--name", "rig", "--restart-exit-code", "47", "--data", str(home / "data")]
    words += ["--program", str(BIN / "farmhand-worker")]
    done = farm.run("farmhand-units", "render", "farmhand", "--worker", "--scope", "user", *words)
    assert done.returncode == 0, done.stderr
    file = home / ".config" / "farmhand" / "farmhand-worker.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(done.stdout)
    return file


def drift(farm: Farm) -> str:
    worker_id = farm.workers()["rig"]["id"]
    state: str = farm.api(f"/api/v3/worker-mgt/workers/{worker_id}")["unit"]["state"]
    return state


def test_a_definition_is_compared_at_each_sign_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with manager_alone(tmp_path / "manager") as farm:
        file = define(farm, tmp_path)
        with started(tmp_path / "supervisor", str(BIN / "farmhand"), "run", str(file), port=free_port()):
            until(lambda: farm.statuses().get("rig") == "awake", "the worker to be awake", pause=0.05)
            assert drift(farm) == "as-generated"
            file.write_text(f"{file.read_text()}# somebody was here\n")
            path = f"/api/v3/worker-mgt/workers/{farm.workers()['rig']['id']}/setstatus"
            farm.api(path, {"status": "restart", "is_lazy": False})
            until(lambda: drift(farm) == "differs", "the change to be noticed", pause=0.05)
