"""Under a manager without a bell, as Flamenco's is: the worker asks, more often than Flamenco's own."""

import os
import signal
import time

import pytest
from flamenco_manager import manager
from processes import marked
from worker_process import Worker, worker

from farmhand.worker.rules.life import PACE, Phase

RESTART_CODE = 47
EXIT = {"offline": 0, "restart": RESTART_CODE, "asleep": None, "awake": None}
SLACK = 1.0  # second, on a machine that has other things to do
QUICK = ("echo", {"message": "x"})


@pytest.fixture
def farm():
    with manager() as served:
        yield served


def pace(phase):
    return PACE[phase][0] + SLACK


def gated(gate):
    return ("exec", {"exe": "/bin/sh", "args": ["-c", f"while [ ! -e {gate} ]; do sleep 0.02; done; true"]})


class Crew:
    """A worker for every action in both flavours, all at once."""

    def __init__(self, farm, folder, actions):
        self.farm = farm
        self.wishes = {f"{action}-{flavour}": action for action in actions for flavour in ("lazy", "immediate")}
        options = ("-restart-exit-code", str(RESTART_CODE))
        self.started = {name: Worker(farm.url, folder / name, "--name", name, *options) for name in self.wishes}
        self.asked_at = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for started in self.started.values():
            started.end()

    def ask(self):
        with self.farm.changed:
            for name, action in self.wishes.items():
                self.farm.ask(action, lazy="lazy" in name, worker=name)
        self.asked_at = time.monotonic()

    def are_done(self, names, seconds):
        """Wait until these have done what they were asked for, and say so by their exit code where they have one."""

        def done():
            ends = {"restart": "offline"}
            return all(self.farm.worker(name)["status"] == ends.get(wish, wish) for name, wish in names.items())

        self.farm.wait(done, max(0.1, self.asked_at + seconds - time.monotonic()))
        for name, wish in names.items():
            if EXIT[wish] is not None:
                assert self.started[name].exit_code(2) == EXIT[wish], name

    def flavour(self, word):
        return {name: wish for name, wish in self.wishes.items() if word in name}


def test_idle_workers_do_what_they_are_asked_for_when_they_next_ask(farm, tmp_path):
    """Within 5 s, where Flamenco's own take up to 22."""
    with Crew(farm, tmp_path, ("offline", "restart", "asleep")) as crew:
        farm.wait(lambda: farm.paths().count("POST /api/v3/worker/task") >= len(crew.wishes))
        crew.ask()
        crew.are_done(crew.wishes, pace(Phase.AWAKE))


def test_busy_workers_do_what_they_are_asked_for(farm, tmp_path):
    """Immediately: within 5 s, where Flamenco's own take up to 15. After the task: as soon as it has ended."""
    gate = tmp_path / "gate"
    with Crew(farm, tmp_path, ("offline", "restart", "asleep")) as crew:
        tasks = [farm.add_task(gated(gate)) for _ in crew.wishes]
        other = farm.add_task(QUICK)
        farm.wait(lambda: all(farm.tasks[task]["updates"] for task in tasks))
        farm.tasks[other]["status"] = "canceled"
        crew.ask()
        crew.are_done(crew.flavour("immediate"), pace(Phase.BUSY))
        statuses = [farm.tasks[task]["status"] for task in tasks]
        assert sorted(statuses) == ["active"] * 3 + ["queued"] * 3
        assert not marked(str(gate)).keys() & {crew.started[name].process.pid for name in crew.flavour("immediate")}
        gate.touch()
        crew.asked_at = time.monotonic()
        crew.are_done(crew.flavour("lazy"), 2)
        assert sorted(farm.tasks[task]["status"] for task in tasks) == ["completed"] * 3 + ["queued"] * 3


def test_sleeping_workers_do_what_they_are_asked_for(farm, tmp_path):
    farm.start = "asleep"
    with Crew(farm, tmp_path, ("offline", "restart", "awake")) as crew:
        farm.wait(lambda: [one["status"] for one in farm.workers.values()] == ["asleep"] * len(crew.wishes))
        crew.ask()
        crew.are_done(crew.wishes, pace(Phase.ASLEEP))


def test_the_next_task_and_a_request_between_two_come_without_a_pause(farm, tmp_path):
    """Flamenco's own waits 5 s after each task."""
    tasks = [farm.add_task(QUICK) for _ in range(3)]
    other = farm.add_task(QUICK)
    last = f"POST /api/v3/worker/task/{tasks[-1]}"
    farm.fail[last] = lambda body: farm.ask("asleep", lazy=True) if body.get("taskStatus") == "completed" else None
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.tasks[tasks[0]]["updates"])
        assert farm.wait_status("asleep", 2) < 2
    assert [farm.tasks[task]["status"] for task in tasks] == ["completed"] * 3
    assert farm.tasks[other]["status"] == "queued"


def awake(farm):
    farm.wait(lambda: "POST /api/v3/worker/task" in farm.paths())


def busy(farm):
    task = farm.add_task(("exec", {"exe": "sleep", "args": ["300"]}))
    farm.wait(lambda: farm.tasks[task]["updates"])


@pytest.mark.parametrize("state", [awake, busy])
def test_a_worker_that_was_lost_is_awake_again_without_a_click(farm, tmp_path, state):
    """Flamenco's own stays an error until somebody wakes it up."""
    with worker(farm.url, tmp_path) as started:
        state(farm)
        os.kill(started.process.pid, signal.SIGSTOP)
        farm.lose()
        for task in farm.tasks.values():
            task["status"] = "canceled"
        os.kill(started.process.pid, signal.SIGCONT)
        task = farm.add_task(QUICK)
        farm.wait_task(task, "completed", pace(Phase.BUSY) + 2)
        assert farm.worker()["status"] == "awake"
    assert farm.paths().count("POST /api/v3/worker/register-worker") == 1


def test_what_was_asked_of_it_while_it_was_away_is_done_when_it_comes_back(farm, tmp_path):
    """Offline, and then asked to restart: the manager hands that out at the next start, whose process ends with 47."""
    options = ("-restart-exit-code", str(RESTART_CODE))
    with worker(farm.url, tmp_path, *options) as started:
        awake(farm)
        started.process.terminate()
        started.exit_code()
    assert farm.worker()["request"] == ("awake", False), "what it was is pending, as Flamenco has it"
    farm.ask("restart")
    with worker(farm.url, tmp_path, *options) as started:
        assert started.exit_code(3) == RESTART_CODE
    with worker(farm.url, tmp_path, *options):
        farm.wait_status("awake")


def test_a_session_is_the_one_that_flamenco_knows(farm, tmp_path):
    task = farm.add_task(("exec", {"exe": "/bin/sh", "args": ["-c", "echo line1; echo line2"]}))
    with worker(farm.url, tmp_path, "-restart-exit-code", "47") as started:
        farm.wait_task(task, "completed")
        started.process.terminate()
        started.exit_code()
    calls = [(f"{method} {path}", body) for _, method, path, body in farm.calls]
    api = "/api/v3/worker"
    first = [line for line, _ in calls if "/state" not in line or "changed" in line]
    assert first[:5] == [
        f"POST {api}/register-worker",
        f"POST {api}/sign-on",
        f"POST {api}/state-changed",
        f"POST {api}/task",
        f"POST {api}/task/{task}",
    ]
    assert first[-1] == f"POST {api}/sign-off"
    types = ["blender", "ffmpeg", "file-management", "misc"]
    assert calls[0][1].keys() == {"name", "platform", "secret", "supported_task_types"}
    assert len(calls[0][1]["secret"]) == 64
    assert calls[1][1].keys() >= {"can_restart", "name", "software_version", "supported_task_types"}
    assert (calls[1][1]["can_restart"], calls[1][1]["supported_task_types"]) == (True, types)
    assert calls[2][1] == {"status": "awake"}
    updates = farm.tasks[task]["updates"]
    assert updates[0]["taskStatus"] == "active"
    assert updates[-1] == {"activity": "Completed", "taskStatus": "completed"}
    assert all(update.keys() <= {"taskStatus", "activity", "log", "steps_completed"} for update in updates)
    assert [update["steps_completed"] for update in updates if update.get("activity") == "Progress"] == [1]
    log = farm.tasks[task]["log"].splitlines()
    assert log[:3] == ["going to run:", "", "    /bin/sh -c 'echo line1; echo line2'"]
    pid = log[-1].split()[0]
    assert log[-2:] == [f"{pid} > line1", f"{pid} > line2"]
