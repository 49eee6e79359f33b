"""Flamenco's own kind of job by real programs: Blender's frames and ffmpeg's video, while workers are taken off it.

A pair of workers under the supervisor render. One is restarted, the other sent to sleep, each in the middle of a frame:
what they were at is rendered by whoever is there, and the film is the one that an undisturbed machine makes.
"""

import io
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import needs
import pytest
from farm import ROOT, Farm, running
from PIL import Image
from polling import until

FRAMES, CHUNK, RATE = 16, 4, 24
SAMPLES = 8
SIZE = (320, 180)
CONFIG = """
supervisor:
  LogDirectory: ${FARMHAND_DATA}/log
services:
  manager:
    Type: notify
    ExecStart: farmhand-manager run --listen 127.0.0.1:${FARMHAND_PORT} --data ${FARMHAND_DATA} --config MANAGER
  worker@:
    instances: [1, 2]
    After: manager
    ExecStart: >-
      farmhand-worker --manager http://127.0.0.1:${FARMHAND_PORT}/ --name node-%i --data ${FARMHAND_DATA}/node-%i
      --restart-exit-code 47
    RestartForceExitStatus: 47
    SuccessExitStatus: 47
    KillMode: mixed
"""
# One thread, so that pixels do not depend on who adds up what first.
BLENDER_ARGS = "-b -y --threads 1"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.blend"
    words = ["--python", str(ROOT / "config" / "jobs" / "make_scene.py"), "--", str(path), str(SAMPLES)]
    subprocess.run(
        ["blender", "--background", "--factory-startup", *words], check=True, stdout=subprocess.DEVNULL, timeout=120
    )
    return path


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    (tmp_path / "manager.yaml").write_text(f"variables:\n  blenderArgs: {BLENDER_ARGS}\n")
    (tmp_path / "farm.yaml").write_text(CONFIG.replace("MANAGER", str(tmp_path / "manager.yaml")))
    with running(tmp_path / "data", tmp_path / "farm.yaml", workers=2) as farm:
        yield farm


def submit(farm: Farm, scene: Path, folder: Path) -> str:
    """Submit what Flamenco's add-on would; return the job's id."""
    settings = {
        "frames": f"1-{FRAMES}",
        "chunk_size": CHUNK,
        "render_output_root": str(folder),
        "add_path_components": 0,
        "render_output_path": f"{folder}/######",
        "blendfile": str(scene),
        "fps": RATE,
        "format": "PNG",
        "image_file_extension": ".png",
        "has_previews": False,
        "scene": "Scene",
    }
    job = {"name": "film", "type": "simple-blender-render", "priority": 50, "submitter_platform": "linux"}
    identity: str = farm.api("/api/v3/jobs", {**job, "settings": settings})["id"]
    return identity


def in_the_middle(farm: Farm, job: str, worker: str) -> dict[str, Any] | None:
    """Return the task of a worker that has rendered some of its frames, but not all."""
    for task in farm.api(f"/api/v3/jobs/{job}/tasks")["tasks"]:
        if task["status"] == "active" and 0 < task["steps_completed"] < CHUNK - 1:
            whole: dict[str, Any] = farm.api(f"/api/v3/tasks/{task['id']}")
            if whole["worker"]["name"] == worker:
                return whole
    return None


def ask(farm: Farm, worker: str, status: str) -> None:
    identity = farm.workers()[worker]["id"]
    farm.api(f"/api/v3/worker-mgt/workers/{identity}/setstatus", {"status": status, "is_lazy": False})


def take_off(farm: Farm, job: str, worker: str, status: str) -> str:
    """Ask a worker for something immediately in the middle of a task, which is queued again; return the task's id."""
    task = until(lambda: in_the_middle(farm, job, worker), f"{worker} to be in the middle of a task", seconds=60)
    ask(farm, worker, status)
    until(lambda: _again(farm, task), "the task to be queued again", seconds=3)
    identity: str = task["id"]
    return identity


def _again(farm: Farm, before: dict[str, Any]) -> bool:
    now = farm.api(f"/api/v3/tasks/{before['id']}")
    return bool(now["status"] == "queued" or now["steps_completed"] < before["steps_completed"])


def content(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        read: bytes = answer.read()
    return read


def pixels(path: Path) -> bytes:
    """Return what is seen; the file also holds when it was made."""
    with Image.open(path) as image:
        return image.convert("RGBA").tobytes()


def render_undisturbed(scene: Path, folder: Path) -> None:
    """Render the same frames without a farm, on as many processors as there are."""
    words = [
        "blender",
        *BLENDER_ARGS.split(),
        str(scene),
        "--render-output",
        f"{folder}/######",
        "--render-format",
        "PNG",
    ]
    count = os.cpu_count() or 1
    shares = [range(first, FRAMES + 1, count) for first in range(1, count + 1)]
    rendering = [
        subprocess.Popen([*words, "--render-frame", ",".join(map(str, share))], stdout=subprocess.DEVNULL)
        for share in shares
        if share
    ]
    assert [each.wait() for each in rendering] == [0] * len(rendering)


def video(path: Path) -> dict[str, Any]:
    """Return what ffprobe says of a film after it has decoded all of it."""
    words = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-select_streams",
        "v",
        "-show_streams",
        "-of",
        "json",
        str(path),
    ]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
    (stream,) = json.loads(done.stdout)["streams"]
    found: dict[str, Any] = stream
    return found


@pytest.mark.timeout(300)
@needs.program("blender")
@needs.program("ffmpeg")
@needs.program("ffprobe")
def test_a_film_is_the_same_whatever_becomes_of_those_who_render_it(farm: Farm, scene: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    job = submit(farm, scene, folder)
    begun_again = {take_off(farm, job, "node-1", "restart"), take_off(farm, job, "node-2", "asleep")}
    ask(farm, "node-2", "awake")
    until(lambda: farm.api(f"/api/v3/jobs/{job}")["status"] == "completed", "the film", seconds=200, pause=0.1)

    done = farm.api(f"/api/v3/jobs/{job}/tasks")["tasks"]
    assert {task["status"] for task in done} == {"completed"}
    assert sorted(task["steps_completed"] for task in done) == [1] + [CHUNK] * (FRAMES // CHUNK)
    for task in done:
        whole = farm.api(f"/api/v3/tasks/{task['id']}")
        assert whole["failed_by_workers"] == []
        log = content(f"{farm.url}/tasks/{task['id']}/log").decode()
        assert (log.count("task assigned to worker") > 1) is (task["id"] in begun_again), log

    shown = farm.api(f"/api/v3/jobs/{job}/last-rendered")
    with Image.open(io.BytesIO(content(f"{farm.url}{shown['base']}/{shown['suffixes'][0]}"))) as picture:
        assert picture.size == SIZE
    assert "Picture of render-" in content(f"{farm.url}/jobs/{job}").decode()

    render_undisturbed(scene, tmp_path / "reference")
    expected = sorted((tmp_path / "reference").glob("*.png"))
    assert len(expected) == FRAMES
    assert [path.name for path in expected if pixels(path) != pixels(folder / path.name)] == []
    made = video(folder / f"scene-1-{FRAMES}.mp4")
    assert (made["codec_name"], made["nb_read_frames"]) == ("h264", str(FRAMES))
    assert (made["width"], made["height"]) == SIZE
