"""A worker on Windows: a manager here, and the worker in Windows' Python under Wine, without a supervisor."""

import json
import stat

import pytest
from flamenco_manager import manager
from polling import until
from processes import marked
from windows_worker import STARTS, installed, packages, worker
from wine import as_windows_has_it

RESTARTABLE = ("--restart-exit-code", "47")

# A task's program with a child that leaves console and group; both are deaf to Ctrl-C.
HOSTILE = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if len(sys.argv) < 3:
    subprocess.Popen([sys.executable, *sys.orig_argv[1:], "child"], creationflags=0x208)
    print("up", flush=True)
time.sleep(600)
"""
BRIEF = "import time; print('up', flush=True); time.sleep(1.5)"


@pytest.fixture(scope="module")
def windows():
    return installed()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture
def farm():
    with manager(push=True) as farm:
        yield farm


@pytest.fixture
def start(windows, path, farm, tmp_path):
    """Start a worker, the same each time; wait until it is awake."""

    def start(*options):
        return worker(windows, path, farm.url, tmp_path, *options)

    return start


def python(windows, script, *arguments):
    exe = as_windows_has_it(windows.program)
    return ("exec", {"exe": exe, "args": ["-X", "utf8", "-c", script, *arguments]})


def busy(farm, windows, script, mark):
    """Have the worker begin a task; return its id."""
    task = farm.add_task(python(windows, script, mark))
    farm.wait(lambda: "up" in farm.tasks[task]["log"], STARTS)
    assert programs(mark)
    return task


def programs(mark):
    """Return the command lines of the tasks' processes that are there."""
    return [line for line in marked(mark).values() if "-c" in line.split()]


def test_it_registers_works_and_shuts_down(start, windows, farm, tmp_path):
    folder, words = tmp_path / "new", ["a b", 'quo"te', "back\\", "é✓", "%PATH%", "&|^<>", ""]
    pictures = as_windows_has_it(tmp_path / "*.png")
    (tmp_path / "1.png").touch()
    show = "import json, sys; print(json.dumps(sys.argv[1:]))"
    listed = "import sys; print(open(sys.argv[sys.argv.index('-i') + 1]).read())"
    with start(*RESTARTABLE) as started:
        farm.wait_status("awake", STARTS)
        assert farm.worker()["platform"] == "windows"
        task = farm.add_task(
            ("echo", {"message": "hi"}),
            ("sleep", {"duration_in_seconds": 1}),
            python(windows, show, *words),
            ("make-directory", {"path": as_windows_has_it(folder)}),
            ("copy-file", {"src": as_windows_has_it(tmp_path / "1.png"), "dest": as_windows_has_it(folder / "2.png")}),
            ("move-directory", {"src": as_windows_has_it(folder), "dest": as_windows_has_it(tmp_path / "moved")}),
            (
                "frames-to-video",
                {
                    "exe": as_windows_has_it(windows.program),
                    "argsBefore": ["-c", listed],
                    "fps": 24,
                    "inputGlob": pictures,
                    "outputFile": "o.mp4",
                },
            ),
        )
        farm.wait(lambda: farm.tasks[task]["status"] in ("completed", "failed"), STARTS)
        log = farm.tasks[task]["log"]
        assert farm.tasks[task]["status"] == "completed", log
        assert json.dumps(words) in log
        assert f"file '{as_windows_has_it(tmp_path / '1.png')}'" in log
        assert (tmp_path / "moved/2.png").exists()
        farm.ask("offline")
        assert started.exit_code() == 0
    data = tmp_path / "data"
    assert {path.name for path in data.iterdir()} == {"flamenco-worker-credentials.yaml", "farmhand-worker.sqlite"}
    for private in (data, data / "flamenco-worker-credentials.yaml"):
        assert stat.S_IMODE(private.stat().st_mode) & 0o007 == 0, "Wine has no mode for others then"


@pytest.mark.parametrize(("status", "code"), [("offline", 0), ("restart", 47)])
@pytest.mark.parametrize("lazy", [True, False], ids=["after the task", "immediately"])
def test_every_action(start, windows, farm, tmp_path, status, code, lazy):
    mark = str(tmp_path)
    with start(*RESTARTABLE) as started:
        farm.wait_status("awake", STARTS)
        for action, ends in (("asleep", False), (status, True)):
            task = busy(farm, windows, BRIEF if lazy else HOSTILE, mark)
            farm.ask(action, lazy=lazy)
            if ends:
                assert started.exit_code() == code, started.log
            else:
                farm.wait_status(action, STARTS)
            assert farm.tasks[task]["status"] == ("completed" if lazy else "queued")
            assert not programs(mark)
            if not ends:
                del farm.tasks[task]
                farm.ask("awake")
                farm.wait_status("awake", STARTS)
    del farm.tasks[task]
    with start(*RESTARTABLE):
        farm.wait(lambda: farm.worker()["sign_ons"] == 2, STARTS)


def test_reports_wait_for_the_manager_and_the_folder_has_one_worker(start, windows, farm, tmp_path):
    with start() as started:
        farm.wait_status("awake", STARTS)
        task = busy(farm, windows, "import time; print('up', flush=True); time.sleep(2); print('end')", str(tmp_path))
        farm.down()
        with start() as second:
            assert second.exit_code(STARTS) == 2
            assert "another worker runs with this data folder" in second.log
        until(lambda: "Completed" in started.log, "the task to end", seconds=STARTS)
        farm.up()
        farm.wait_task(task, "completed", STARTS)
        assert "> end\n" in farm.tasks[task]["log"]
        farm.ask("offline")
        assert started.exit_code() == 0
