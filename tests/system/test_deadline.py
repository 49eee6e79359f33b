"""A deadline by the clock: a real worker's task is waited for, and ended within a second of the time that was named."""

from pathlib import Path

from farm import ask
from manager_server import serving
from polling import until
from stores import fresh
from worker_process import worker

from farmhand.manager.due import minding
from farmhand.manager.rules.facts import Kind

SECOND = 1000
JOB = {"name": "long", "type": "echo-sleep-test", "priority": 50, "submitter_platform": "manager"}


def test_what_waits_for_a_task_is_immediate_at_its_deadline_and_ends_by_itself(tmp_path: Path) -> None:
    store = fresh(tmp_path / "manager")
    with serving(store) as url, minding(store), worker(url, tmp_path / "1", "--name", "node-1"):
        ask(f"{url}/api/v3/jobs", {**JOB, "settings": {"message": "hello", "sleep_duration_seconds": 60}})
        [found] = until(
            lambda: [it for it in store.workers() if it.task and it.task.name == "sleep"], "it to be at work"
        )
        deadline, awake_at = store.clock() + 1500, store.clock() + 3500
        body = {"workers": [found.id], "action": "sleep", "lazy": True, "deadline": 1.5, "until": 3.5, "reason": "heat"}
        ask(f"{url}/api/farmhand/workers/actions", body)
        until(lambda: store.worker(found.id).status.value == "asleep", "the worker to sleep")
        asleep_at = store.clock()
        until(lambda: store.worker(found.id).status.value == "awake", "the worker to be awake again")
        print(f"asleep {asleep_at - deadline} ms after its deadline, awake {store.clock() - awake_at} ms after its end")
        assert 0 <= asleep_at - deadline < SECOND
        assert 0 <= store.clock() - awake_at < SECOND
        told = [event.kind for event in store.worker_events(found.id)]
        assert told.count(Kind.REQUEST_ESCALATED) == 1
        last = store.worker(found.id).wished
        assert last is not None
        assert (last.reason, last.until) == ("heat", None)
    store.close()
