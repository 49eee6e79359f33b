"""What a program writes, on its way to the manager: whatever becomes of one report, nothing waits for it."""

import sys

import pytest
from flamenco_manager import CUT, HALF, manager, page
from worker_process import wait_until, worker

UPDATE = "POST /api/v3/worker/task/"


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def python(script):
    return ("exec", {"exe": sys.executable, "args": ["-uc", script]})


def lines(count, done):
    """Write so many lines, and a file when the last is written."""
    return python(f"for n in range({count}): print('line', n)\nopen({str(done)!r}, 'w')")


def numbers(task):
    return [int(line.rpartition(" ")[2]) for line in task["log"].splitlines() if "> line " in line]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(500, id="500"),
        pytest.param(413, id="413"),
        pytest.param(CUT, id="cut"),
        pytest.param(HALF, id="half"),
    ],
)
def test_one_log_update_that_fails_holds_up_nothing(farm, tmp_path, answer):
    """A Flamenco Worker stands still for ever after one 500."""
    failures = iter([answer])
    farm.fail[UPDATE] = lambda body: next(failures, None) if "log" in body else None
    task = farm.add_task(lines(20_000, tmp_path / "done"))
    with worker(farm.url, tmp_path):
        wait_until((tmp_path / "done").exists, 5)
        farm.wait_task(task, "completed")
    found = numbers(farm.tasks[task])
    assert found == list(range(20_000 - len(found), 20_000)), "all that came after it, in order"
    assert len(found) > 19_000 or answer == 413


@pytest.mark.parametrize("answer", [500, 413, CUT], ids=["500", "413", "cut"])
def test_a_manager_that_takes_no_log_at_all_is_told_of_the_end_all_the_same(farm, tmp_path, answer):
    farm.fail[UPDATE] = lambda body: answer if "log" in body else None
    task = farm.add_task(lines(50_000, tmp_path / "done"))
    with worker(farm.url, tmp_path):
        wait_until((tmp_path / "done").exists, 5)
        farm.wait_task(task, "completed", 20)
    assert (farm.tasks[task]["log"], farm.tasks[task]["steps_completed"]) == ("", 1)


@pytest.mark.parametrize("status", [200, 302, 400, 404, 409])
def test_what_a_proxy_says_of_a_report_is_not_believed(farm, tmp_path, status):
    answers = iter([page(status)])
    farm.fail[UPDATE] = lambda body: next(answers, None) if body.get("taskStatus") == "completed" else None
    task = farm.add_task(("echo", {"message": "x"}))
    with worker(farm.url, tmp_path) as started:
        farm.wait_task(task, "completed")
        assert "dropped" not in started.log
    assert farm.tasks[task]["updates"][-1]["taskStatus"] == "completed"


def test_what_is_too_large_for_a_proxy_is_sent_in_smaller_pieces(farm, tmp_path):
    farm.fail[UPDATE] = lambda body: 413 if len(body.get("log", "")) > 50_000 else None
    gate = tmp_path / "gate"
    task = farm.add_task(lines(20_000, tmp_path / "done"))
    farm.fail["/api/v3/worker/task/"] = lambda body: None if gate.exists() or "log" not in body else 503
    with worker(farm.url, tmp_path):
        wait_until((tmp_path / "done").exists, 5)
        gate.touch()
        farm.wait_task(task, "completed", 20)
    assert numbers(farm.tasks[task]) == list(range(20_000))


def test_of_a_flood_the_beginning_and_the_end_arrive_and_what_is_between_is_counted(farm, tmp_path):
    (tmp_path / "flamenco-worker.yaml").write_text("task_log_limit: 256K\n")
    task = farm.add_task(lines(100_000, tmp_path / "done"), ("exec", {"exe": "sh", "args": ["-c", "echo why; exit 3"]}))
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "failed", 20)
    log = farm.tasks[task]["log"]
    found = numbers(farm.tasks[task])
    told = [line for line in log.splitlines() if line.startswith("[")]
    left_out = int(told[1].split()[0].removeprefix("["))
    assert told[0] == "[the log has reached 256 KiB: what follows is left out, but for its end]"
    assert "lines are left out here" in told[1]
    beginning = next(count for count, number in enumerate(found) if number != count)
    assert found[beginning:] == list(range(beginning + left_out, 100_000))
    assert log.splitlines()[-2].endswith("> why")
    assert log.splitlines()[-1] == "Failed: command exited abnormally with code 3"
    assert len(log) < 256 * 1024 + 64 * 1024 + 1000


def test_output_waits_on_disk_while_the_manager_is_away_and_memory_does_not_grow(farm, tmp_path):
    done = tmp_path / "done"
    task = farm.add_task(python(f"for n in range(150): print(str(n % 10) * 100_000)\nopen({str(done)!r}, 'w')"))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.fail["/api"] = 503
        before = resident(started.process.pid)
        wait_until(done.exists, 20)
        assert resident(started.process.pid) - before < 12, "MiB, of 15 that were written"
        farm.fail.clear()
        farm.wait_task(task, "completed", 20)
    assert len(farm.tasks[task]["log"]) > 15_000_000


def resident(pid):
    """Return what a process has in memory, in MiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024
