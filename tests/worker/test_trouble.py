"""What a manager, a network or a power switch can do to a worker."""

import contextlib
import itertools
import os
import signal
import subprocess
import time

import pytest
from flamenco_manager import CUT, HALF, NO_HTTP, manager, page
from processes import marked
from worker_process import wait_until, worker

from farmhand.worker.wire import DENIED_EXIT_CODE

CREDENTIALS = "flamenco-worker-credentials.yaml"
SIGN_ON = "/api/v3/worker/sign-on"
ANOTHER_WISH = 0.7  # seconds after which a second word is no echo of the first
QUICK = ("echo", {"message": "x"})


@pytest.fixture
def farm():
    with manager(push=True) as served:
        yield served


def gated(path):
    return ("exec", {"exe": "/bin/sh", "args": ["-c", f"while [ ! -e {path} ]; do sleep 0.02; done; echo through"]})


def known_worker(farm, tmp_path):
    """Make a worker that the manager knows, and that is not running."""
    with worker(farm.url, tmp_path) as started:
        farm.wait_status("awake")
        started.process.terminate()
        started.exit_code()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(500, "the manager answered 500", id="500"),
        pytest.param(503, "the manager answered 503", id="503"),
        pytest.param(404, "the manager answered 404", id="404"),
        pytest.param(page(502, "text/html", "<h1>Bad gateway</h1>"), "the manager answered 502", id="a proxy"),
        pytest.param(page(403, "text/html", "<h1>Forbidden</h1>"), "the manager answered 403", id="forbidden"),
        pytest.param(page(200, "text/html", "<h1>Welcome</h1>"), "the manager answered 200", id="somebody's page"),
        pytest.param(page(200, "application/json", '{"status": "ok"}'), "the manager answered 200", id="other JSON"),
        pytest.param(page(200, "application/json", "{nonsense"), "the manager answered 200", id="JSON that is none"),
        pytest.param(CUT, "no answer from", id="a connection that is cut"),
        pytest.param(HALF, "no answer from", id="and in the middle of the answer"),
        pytest.param(NO_HTTP, "no answer from", id="garbage"),
        pytest.param(lambda _: time.sleep(1) or CUT, "no answer from", id="slow and then cut"),
    ],
)
def test_a_manager_that_fails_at_sign_on_is_asked_again_by_the_same_worker(farm, tmp_path, answer, said):
    known_worker(farm, tmp_path)
    before = (tmp_path / "data" / CREDENTIALS).read_bytes()
    farm.fail[SIGN_ON] = answer
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.paths().count(f"POST {SIGN_ON}") == 3)
        assert said in started.log
        farm.fail.clear()
        farm.wait_status("awake")
    assert len(farm.workers) == 1
    assert (tmp_path / "data" / CREDENTIALS).read_bytes() == before


def test_a_farm_that_comes_back_is_not_asked_by_all_in_the_same_moment(farm, tmp_path):
    farm.fail[SIGN_ON] = 503
    with contextlib.ExitStack() as started:
        for number in range(4):
            started.enter_context(worker(farm.url, tmp_path / str(number)))
        farm.wait(lambda: farm.paths().count(f"POST {SIGN_ON}") == 16)
    callers = {}
    for at, _, path, body in farm.calls:
        if path == SIGN_ON:
            callers.setdefault(body["name"], []).append(at)
    pauses = {round(later - at, 2) for times in callers.values() for at, later in itertools.pairwise(times)}
    assert len(pauses) > 6, "they would be three if nobody rolled dice"
    assert max(pauses) > 2 * min(pauses), "and they grow"


def test_a_manager_that_is_not_there_yet_is_waited_for(farm, tmp_path):
    known_worker(farm, tmp_path)
    farm.down()
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: "no answer" in started.log)
        farm.up()
        farm.wait_status("awake")
    assert len(farm.workers) == 1


def test_registration_too_is_tried_until_there_is_a_manager(farm, tmp_path):
    farm.down()
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: "no answer" in started.log)
        farm.up()
        farm.wait_status("awake")


def test_a_worker_that_was_removed_stops_and_says_why(farm, tmp_path):
    known_worker(farm, tmp_path)
    farm.workers.clear()
    with worker(farm.url, tmp_path) as started:
        assert started.exit_code() == DENIED_EXIT_CODE
        assert "refuses the credentials" in started.log
        assert "--register" in started.log
    assert farm.workers == {}
    with worker(farm.url, tmp_path, "-register"):
        farm.wait_status("awake")


def test_a_worker_that_is_removed_while_it_works_ends_its_task(farm, tmp_path):
    gate = tmp_path / "gate"
    task = farm.add_task(gated(gate))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        with farm.changed:
            farm.workers.clear()
            farm.ring()
        assert started.exit_code(2) == DENIED_EXIT_CODE
        assert not marked(str(gate))


def test_a_proxy_that_says_403_is_not_believed(farm, tmp_path):
    known_worker(farm, tmp_path)
    answer, farm.answer = farm.answer, lambda *_: (403, None)
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: "the manager answered 403" in started.log)
        farm.answer = answer
        farm.wait_status("awake")


def test_a_task_goes_on_while_the_manager_is_away_and_its_reports_come_later_in_order(farm, tmp_path):
    gate = tmp_path / "gate"
    task = farm.add_task(gated(gate), ("echo", {"message": "after"}))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.down()
        gate.touch()
        wait_until(lambda: "Completed" in started.log)
        farm.up()
        farm.wait_task(task, "completed", 20)
    log = farm.tasks[task]["log"]
    assert 0 < log.index("> through") < log.index('echo: "after"')
    assert farm.tasks[task]["updates"][-1]["taskStatus"] == "completed"


def test_reports_survive_a_kill_of_the_worker(farm, tmp_path):
    gate = tmp_path / "gate"
    task = farm.add_task(gated(gate))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.down()
        gate.touch()
        wait_until(lambda: "Completed" in started.log)
        started.process.kill()
        started.exit_code()
    farm.up()
    before = len(farm.calls)
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
        farm.wait(lambda: "POST /api/v3/worker/task" in [f"{call[1]} {call[2]}" for call in farm.calls[before:]])
    bodies = [body for _, _, path, body in farm.calls[before:] if path.endswith(task)]
    assert [body.get("taskStatus") for body in bodies if "taskStatus" in body] == ["completed"], "the task ran once"


def test_a_worker_that_is_killed_gets_its_task_again(farm, tmp_path):
    gate = tmp_path / "gate"
    task = farm.add_task(gated(gate))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        os.kill(started.process.pid, signal.SIGKILL)
        started.exit_code()
    gate.touch()
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")


def test_what_a_worker_that_was_killed_has_left_is_ended_before_the_task_runs_again(farm, tmp_path):
    """Each run holds a lock for as long as a process of it lives: a second one would not get it."""
    lock, gate = tmp_path / "lock", tmp_path / "gate"
    script = f"flock -n {lock} sh -c 'echo locked; while [ ! -e {gate} ]; do sleep 0.02; done; true' || exit 9"
    task = farm.add_task(("exec", {"exe": "/bin/sh", "args": ["-c", script]}))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: "> locked" in farm.tasks[task]["log"])
        os.kill(started.process.pid, signal.SIGKILL)
        started.exit_code()
        assert marked(str(gate)), "nobody else has ended them"
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["log"].count("> locked") == 2, 5)
        assert "left processes" in started.log
        gate.touch()
        farm.wait_task(task, "completed")


def test_stopping_without_a_manager_does_not_take_long_and_keeps_the_reports(farm, tmp_path):
    task = farm.add_task(gated(tmp_path / "gate"))
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.down()
        (tmp_path / "gate").touch()
        wait_until(lambda: "Completed" in started.log)
        started.process.terminate()
        assert started.exit_code(8) == 0
    farm.up()
    with worker(farm.url, tmp_path, "-flush") as flushing:
        assert flushing.exit_code() == 0
    assert farm.tasks[task]["status"] == "completed"
    assert farm.paths()[-1] == "POST /api/v3/worker/sign-off"


def test_flush_says_when_it_cannot(farm, tmp_path):
    with worker(farm.url, tmp_path, "-flush") as flushing:
        assert flushing.exit_code() == 0, "nothing to deliver"


def test_a_report_that_the_manager_does_not_want_is_dropped(farm, tmp_path):
    task, other = farm.add_task(QUICK), farm.add_task(QUICK)
    farm.fail[f"POST /api/v3/worker/task/{task}"] = 409
    with worker(farm.url, tmp_path) as started:
        farm.wait(lambda: f"POST /api/v3/worker/task/{task}" in farm.paths())
        with pytest.raises(AssertionError):
            farm.wait(lambda: farm.tasks[other]["status"] == "completed", 0.5)
        farm.tasks[task]["status"] = "canceled"
        farm.ring()
        farm.wait_task(other, "completed")
        assert "dropped (HTTP 409)" in started.log


def test_a_manager_that_fails_on_the_last_report_is_told_again(farm, tmp_path):
    task = farm.add_task(QUICK)
    failures = iter([500, 500])
    farm.fail[f"POST /api/v3/worker/task/{task}"] = lambda body: (
        next(failures, None) if "taskStatus" in body and body["taskStatus"] == "completed" else None
    )
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed")
    starts = [update for update in farm.tasks[task]["updates"] if update.get("taskStatus") == "active"]
    assert len(starts) == 1, "and it is not fetched again meanwhile"


@pytest.mark.parametrize("status", [409, 500, 503])
def test_fetching_goes_on_after_trouble(farm, tmp_path, status):
    failures = iter([status, status])
    farm.fail["POST /api/v3/worker/task"] = lambda body: None if body else next(failures, None)
    task = farm.add_task(QUICK)
    with worker(farm.url, tmp_path):
        farm.wait_task(task, "completed", 5)
    assert farm.worker()["sign_ons"] == (3 if status == 409 else 1)


def test_a_task_that_makes_no_sense_is_not_run(farm, tmp_path):
    task = farm.add_task(QUICK)
    farm.tasks[task]["commands"] = [{"parameters": {}}]
    with worker(farm.url, tmp_path) as started:
        wait_until(lambda: "makes no sense" in started.log)
        farm.tasks[task]["commands"] = []
        farm.wait_task(task, "completed")


def test_a_status_that_no_worker_has_is_not_obeyed(farm, tmp_path):
    with worker(farm.url, tmp_path) as started:
        farm.wait_status("awake")
        farm.ask("dancing")
        wait_until(lambda: "'dancing'" in started.log)
        farm.ask("asleep")
        farm.wait_status("asleep", 5)


def test_two_workers_do_not_share_a_folder(farm, tmp_path):
    with worker(farm.url, tmp_path) as first:
        farm.wait_status("awake")
        with worker(farm.url, tmp_path) as second:
            assert second.exit_code() == 2
            assert "another worker runs with this data folder" in second.log
        first.process.kill()
        first.exit_code()
    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.worker()["sign_ons"] == 2)


def test_a_report_that_is_delivered_while_the_manager_is_asked_for_news_frees_the_way_to_the_next_task(farm, tmp_path):
    task, other = farm.add_task(gated(tmp_path / "gate")), farm.add_task(QUICK)
    state = "GET /api/v3/worker/state"

    def refuse_when_news_is_asked_for(body):
        return 409 if "log" in body and farm.changed.wait_for(lambda: state in farm.paths(), 5) else None

    def say_nothing_new_when_the_report_is_through(body):
        farm.changed.wait_for(lambda: False, 0.3)
        return 204

    with worker(farm.url, tmp_path):
        farm.wait(lambda: farm.tasks[task]["updates"])
        farm.fail[f"POST /api/v3/worker/task/{task}"] = refuse_when_news_is_asked_for
        farm.fail[state] = say_nothing_new_when_the_report_is_through
        with farm.changed:
            farm.tasks[task]["worker"] = "somebody else"
            farm.ring()
        farm.wait_task(other, "completed", 3)


def test_a_refused_report_makes_the_worker_ask_whether_the_task_is_still_its_own(tmp_path):
    """Also where no bell rings, and long before it would have asked anyway."""
    with manager() as farm:
        script = f": {tmp_path}/gate; while true; do echo line; sleep 0.1; done"
        task = farm.add_task(("exec", {"exe": "/bin/sh", "args": ["-c", script]}))
        with worker(farm.url, tmp_path):
            farm.wait(lambda: "line" in farm.tasks[task]["log"])
            with farm.changed:
                farm.tasks[task]["worker"] = "somebody else"
            wait_until(lambda: not marked(f"{tmp_path}/gate"), 4)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_twice_it_leaves_without_a_word_and_dies_of_it(farm, tmp_path, ending):
    with worker(farm.url, tmp_path) as started:
        farm.wait_status("awake")
        farm.fail["/api/v3/worker/task/"] = 503  # so it stays some seconds, to try again
        farm.add_task(QUICK)
        farm.wait(lambda: farm.paths("/api/v3/worker/task/"))
        for _ in range(2):
            started.process.send_signal(ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.process.wait(ANOTHER_WISH)
        assert started.exit_code() == -ending
        assert farm.worker()["status"] == "awake"
