"""Every action in every flavour in every state that a worker can be in, with a real worker.

What the manager does for a worker that is offline or lost is its own affair; here, how the worker learns of it.
"""

import pytest
from flamenco_manager import manager
from processes import marked
from worker_process import worker

RESTART_CODE = 47
OPTIONS = ("-restart-exit-code", str(RESTART_CODE))
LONG = ("exec", {"exe": "sleep", "args": ["300"]})
# Ends when the test says so, by making the file that it waits for.
GATED = "while [ ! -e {} ]; do sleep 0.02; done"

EXIT = {"offline": 0, "restart": RESTART_CODE}
FLAVOURS = pytest.mark.parametrize("lazy", [False, True], ids=["immediately", "after the task"])
ACTIONS = pytest.mark.parametrize("action", ["offline", "restart", "asleep"])


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def is_done(farm, started, action, seconds):
    """Wait until the action is confirmed by the worker, and by its exit code where it has one."""
    if action in EXIT:
        assert farm.wait_status("offline", seconds) < seconds
        assert started.exit_code(2) == EXIT[action]
    else:
        assert farm.wait_status(action, seconds) < seconds
        assert started.process.poll() is None
    assert (farm.worker()["request"] or ("",))[0] in ("", "awake", "asleep"), "what it was is pending after a sign-off"


def idle(farm):
    farm.wait(lambda: farm.paths().count("POST /api/v3/worker/task") == 1)


@ACTIONS
@FLAVOURS
def test_starting(farm, tmp_path, action, lazy):
    """The request was there before the worker, which does it before it does anything else."""
    with worker(farm.url, tmp_path, *OPTIONS) as first:
        farm.wait_status("awake")
        first.process.terminate()
        first.exit_code()
    farm.worker()["request"] = (action, lazy)
    before = len(farm.calls)
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        farm.wait(lambda: len(farm.calls) > before)
        is_done(farm, started, action, 2)
    assert "POST /api/v3/worker/task" not in [f"{method} {path}" for _, method, path, _ in farm.calls[before:]]


@ACTIONS
@FLAVOURS
def test_awake_and_idle(farm, tmp_path, action, lazy):
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        idle(farm)
        farm.ask(action, lazy=lazy)
        is_done(farm, started, action, 1)


@ACTIONS
def test_awake_and_busy_immediately(farm, tmp_path, action):
    task = farm.add_task(LONG)
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.ask(action)
        is_done(farm, started, action, 1)
        assert farm.tasks[task]["status"] == "queued"
        assert {update.get("taskStatus") for update in farm.tasks[task]["updates"]} <= {"active", None}
        assert marked(str(tmp_path)).keys() <= {started.process.pid}


@ACTIONS
def test_awake_and_busy_after_the_task(farm, tmp_path, action):
    gate = tmp_path / "gate"
    task = farm.add_task(("exec", {"exe": "/bin/sh", "args": ["-c", GATED.format(gate)]}))
    other = farm.add_task(LONG)
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.ask(action, lazy=True)
        farm.wait(lambda: [path for path in farm.paths() if path.endswith("/may-i-run")])
        assert farm.tasks[task]["status"] == "active"
        gate.touch()
        is_done(farm, started, action, 2)
        assert farm.tasks[task]["status"] == "completed"
        assert farm.tasks[other]["status"] == "queued", "no new task before the change is confirmed"


@ACTIONS
@FLAVOURS
def test_between_tasks(farm, tmp_path, action, lazy):
    """The request comes in the moment in which one task has ended and the next was not fetched."""
    task, other = farm.add_task(("echo", {"message": "x"})), farm.add_task(LONG)

    def ask_at_the_end(update):
        if isinstance(update, dict) and update.get("taskStatus") == "completed":
            farm.ask(action, lazy=lazy)

    farm.fail[f"POST /api/v3/worker/task/{task}"] = ask_at_the_end
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        farm.wait_task(task, "completed")
        is_done(farm, started, action, 1)
        assert farm.tasks[other]["status"] == "queued"


@pytest.mark.parametrize("action", ["offline", "restart", "awake"])
@FLAVOURS
def test_asleep(farm, tmp_path, action, lazy):
    with worker(farm.url, tmp_path, *OPTIONS) as started:
        idle(farm)
        farm.ask("asleep")
        farm.wait_status("asleep")
        task = farm.add_task(("echo", {"message": "x"}))
        fetches = farm.paths().count("POST /api/v3/worker/task")
        farm.ask(action, lazy=lazy)
        is_done(farm, started, action, 1)
        if action == "awake":
            farm.wait_task(task, "completed", 1)
        else:
            assert farm.paths().count("POST /api/v3/worker/task") == fetches


def test_busy_without_a_bell(tmp_path):
    """A Flamenco Manager cannot call: a busy worker learns of it by asking, and then waits for nothing more."""
    with manager() as farm:
        task = farm.add_task(LONG)
        with worker(farm.url, tmp_path, *OPTIONS) as started:
            farm.wait(lambda: farm.tasks[task]["updates"])
            farm.ask("restart")
            farm.wait(lambda: [path for path in farm.paths() if path.endswith("/may-i-run")], 11)
            is_done(farm, started, "restart", 1)
            assert farm.tasks[task]["status"] == "queued"


def test_asleep_without_a_bell_wakes_within_seconds(tmp_path):
    with manager() as farm:
        farm.start = "asleep"
        with worker(farm.url, tmp_path):
            farm.wait_status("asleep")
            farm.ask("awake")
            assert farm.wait_status("awake", 4) < 4


def test_a_worker_without_a_restart_code_shuts_down_when_asked_to_restart(farm, tmp_path):
    with worker(farm.url, tmp_path) as started:
        idle(farm)
        assert farm.worker()["can_restart"] is False
        farm.ask("restart")
        assert started.exit_code() == 0


def test_marked_as_lost_it_signs_on_again_by_itself(farm, tmp_path):
    with worker(farm.url, tmp_path):
        idle(farm)
        with farm.changed:
            farm.worker()["status"] = "error"
            task = farm.add_task(("echo", {"message": "x"}))
        farm.wait_task(task, "completed", 2)
    assert farm.worker()["sign_ons"] == 2
    assert farm.paths().count("POST /api/v3/worker/register-worker") == 1


def test_a_task_given_to_another_worker_is_ended_without_a_report(farm, tmp_path):
    task = farm.add_task(LONG)
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.tasks[task]["updates"])
        before = len(farm.tasks[task]["updates"])
        with farm.changed:
            farm.tasks[task]["worker"] = "somebody else"
            other = farm.add_task(("echo", {"message": "x"}))
        farm.wait_task(other, "completed", 2)
        assert len(farm.tasks[task]["updates"]) == before
        assert farm.tasks[task]["status"] == "active"
