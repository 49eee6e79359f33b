"""A rendering farm on one machine: every action done to workers from the page while Blender renders, and no frame lost.

Real supervisor, manager, workers, Blender and Chromium. How frames have to look is rendered afterwards, undisturbed.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import needs
import pytest
from browser import chromium
from farm import ROOT, Farm, running
from PIL import Image
from playwright.sync_api import expect
from polling import until
from processes import marked
from workers_page import WorkersPage

LAST = 48  # frame
SAMPLES = 24  # some seconds a frame while three workers render
PATIENCE = 60  # seconds: the task has to end first, and it renders when nobody else wants the processor
RESTART = re.compile(r"worker@(\d): running -> auto-restart .*\(exit code 47 is in RestartForceExitStatus=\)")


def without_undo(folder: Path) -> Path:
    """Write the farm's configuration so that immediate actions abort tasks, which end within seconds."""
    settings, config = folder / "manager.yaml", folder / "farm.yaml"
    settings.write_text("undo: 0\n")
    text = (ROOT / "config" / "farm.yaml").read_text()
    config.write_text(text.replace("farmhand-manager run ", f"farmhand-manager run --config {settings} "))
    return config


def submit(farm: Farm, folder: Path) -> str:
    """Submit the example job for Blender; return the job's id."""
    settings = {"frames": f"1-{LAST}", "samples": SAMPLES, "folder": folder}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    done = farm.run("farmhand-manager", "submit", str(ROOT / "config" / "jobs" / "blender.yaml"), *words)
    assert done.returncode == 0, done.stderr
    (job,) = farm.api("/api/v3/jobs")["jobs"]
    identity: str = job["id"]
    return identity


def tasks(farm: Farm, job: str) -> dict[str, dict[str, Any]]:
    return {task["name"]: task for task in farm.api(f"/api/v3/jobs/{job}/tasks")["tasks"]}


def service(farm: Farm, number: int) -> dict[str, str]:
    return farm.show(f"worker@{number}", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus")


def restart(farm: Farm, page: WorkersPage, flavour: str, *numbers: int) -> None:
    """Restart workers that are at work; each comes back as another process and goes on working."""
    before = {number: farm.show(f"worker@{number}", "MainPID")["MainPID"] for number in numbers}
    for number in numbers:
        page.says(f"node-{number}", "Working")
    page.choose_and_confirm(f"Restart ({flavour})", *(f"node-{number}" for number in numbers))
    for number in numbers:
        page.nothing_pending(f"node-{number}", seconds=PATIENCE)
        assert farm.show(f"worker@{number}", "MainPID")["MainPID"] not in ("0", before[number])
        page.says(f"node-{number}", "Working")


def sleep_and_wake(page: WorkersPage, flavour: str, worker: str) -> None:
    page.says(worker, "Working")
    page.choose_and_confirm(f"Send to Sleep ({flavour})", worker)
    page.says(worker, "Asleep", seconds=PATIENCE)
    page.choose("Wake Up", worker)
    page.says(worker, "Working")


def shut_down(farm: Farm, page: WorkersPage, flavour: str, number: int) -> None:
    """Shut a worker down; it stays down, without a failure, until it is started by hand."""
    page.says(f"node-{number}", "Working")
    page.choose_and_confirm(f"Shut Down ({flavour})", f"node-{number}")
    page.says(f"node-{number}", "Offline", seconds=PATIENCE)
    until(lambda: service(farm, number)["ActiveState"] == "inactive", "the supervisor to leave it down")
    found = service(farm, number)
    assert (found["SubState"], found["Result"], found["ExecMainStatus"]) == ("dead", "success", "0")
    assert farm.run("farmhand", "start", f"worker@{number}").returncode == 0
    page.says(f"node-{number}", "Working")


def history(page: WorkersPage, worker: str) -> str:
    """Return the text of the timeline on a worker's own page."""
    page.row(worker).get_by_role("link", name=worker, exact=True).click()
    timeline = page.page.locator(".timeline").first
    expect(timeline).to_be_visible()
    return timeline.inner_text()


def pixels(path: Path) -> bytes:
    """Return what is seen; the file also holds when it was made."""
    with Image.open(path) as image:
        return image.convert("RGBA").tobytes()


def render_undisturbed(blend: Path, out: Path) -> None:
    """Render the same frames without a farm, on as many processors as there are."""
    words = ["blender", "--background", "--threads", "1", str(blend)]
    words += ["--render-output", f"{out}/frame-####", "--render-format", "PNG"]
    shares = [range(first, LAST + 1, os.cpu_count() or 1) for first in range(1, (os.cpu_count() or 1) + 1)]
    started = [
        subprocess.Popen([*words, "--render-frame", ",".join(map(str, share))], stdout=subprocess.DEVNULL)
        for share in shares
        if share
    ]
    assert [process.wait() for process in started] == [0] * len(started)


@pytest.mark.timeout(900)
@needs.program("blender")
@needs.program("ffmpeg")
@needs.program("chromium")
def test_every_action_while_blender_renders(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    with running(tmp_path / "data", without_undo(tmp_path)) as farm, chromium() as browser:
        job = submit(farm, frames)
        page = WorkersPage(browser.new_page(), farm.url).open()
        for flavour in ("immediately", "after task is finished"):
            restart(farm, page, flavour, 1)
            sleep_and_wake(page, flavour, "node-2")
            shut_down(farm, page, flavour, 3)
        restart(farm, page, "immediately", 1, 2, 3)
        until(lambda: farm.api(f"/api/v3/jobs/{job}")["status"] == "completed", "the job", seconds=240, pause=0.2)

        done = tasks(farm, job)
        assert {task["status"] for task in done.values()} == {"completed"}
        assert not [name for name in done if farm.api(f"/api/v3/tasks/{done[name]['id']}")["failed_by_workers"]]
        assert "restarted" in history(page, "node-1").lower()
        log = farm.output.read_text()
        assert sorted(RESTART.findall(log)) == ["1", "1", "1", "2", "3"]
        assert "failed" not in log
    assert farm.process.returncode == 0
    assert not marked(str(tmp_path))

    render_undisturbed(frames / "scene.blend", tmp_path / "reference")
    expected = sorted((tmp_path / "reference").glob("frame-*.png"))
    assert len(expected) == LAST
    assert [path.name for path in expected if pixels(path) != pixels(frames / path.name)] == []
    assert (frames / "video.mp4").stat().st_size > 1000
