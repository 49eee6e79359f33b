"""The jobs' pages as a browser without JavaScript uses them: what they show, and what their forms do."""

import pytest
from flask.testing import FlaskClient
from pretended import awake, job

from farmhand.manager.storage import blocklists
from farmhand.manager.storage.store import Missing, Store
from farmhand.worker.wire import JobStatus, TaskStatus

DAY = 24 * 3600_000


def test_the_list_is_filtered_sorted_and_cut_by_its_address(client: FlaskClient, store: Store) -> None:
    for number in range(101):
        job(store, f"shot {number:03}", tasks=1)
    job(store, "<b>other</b>", tasks=1)
    page = client.get("/jobs").text
    assert "1 to 100 of 102" in page
    assert 'href="/jobs?page=2"' in page
    assert "&lt;b&gt;other&lt;/b&gt;" in page
    found = client.get("/jobs?q=shot&sort=name&page=2").text
    assert "101 to 101 of 101, 102 in all" in found
    assert ">shot 100<" in found
    assert "No job matches" in client.get("/jobs?status=failed").text
    assert client.get("/jobs?status=x").status_code == 400


def test_a_priority_is_set_and_a_wrong_one_is_refused(client: FlaskClient, store: Store) -> None:
    job_id = job(store)
    assert client.post(f"/jobs/{job_id}/priority", data={"priority": "90"}).status_code == 303
    assert store.job(job_id).priority == 90
    for wrong in ("101", "-1", "high", "", "9" * 5000):
        assert client.post(f"/jobs/{job_id}/priority", data={"priority": wrong}).status_code == 400


def test_failed_tasks_are_named_with_who_failed_them_and_queued_again(client: FlaskClient, store: Store) -> None:
    node, _other = awake(store, "node-1"), awake(store, "node-2")
    job_id = job(store, tasks=20)
    work = node.asks_for_work()
    assert work is not None
    node.finishes(work, TaskStatus.FAILED)
    page = client.get(f"/jobs/{job_id}").text
    assert f'failed by <a href="/workers/{node.id}">node-1</a>' in page
    store.set_task_status(work.task.id, TaskStatus.FAILED, "", "kim")
    assert "Requeue failed" in client.get(f"/jobs/{job_id}").text
    assert client.post(f"/jobs/{job_id}/requeue-failed").status_code == 303
    assert "1 failed task is queued again." in client.get(f"/jobs/{job_id}").text
    assert store.task(work.task.id).status is TaskStatus.QUEUED


def test_what_a_worker_did_in_a_job(client: FlaskClient, store: Store) -> None:
    one, other = awake(store, "node-1"), awake(store, "node-2")
    job_id = job(store, tasks=3)
    mine, theirs = one.asks_for_work(), other.asks_for_work()
    assert mine is not None
    assert theirs is not None
    page = client.get(f"/jobs/{job_id}?worker={one.id}").text
    assert f'value="{one.id}" selected' in page
    assert "1 to 1 of 1, 3 in all" in page
    assert f"/tasks/{mine.task.id}" in page
    assert f"/tasks/{theirs.task.id}" not in page
    assert f"/jobs/{job_id}?worker={one.id}" in client.get(f"/tasks/{mine.task.id}").text


def test_who_is_blocked_is_seen_and_let_try_again(client: FlaskClient, store: Store) -> None:
    node, _other = awake(store, "node-1"), awake(store, "node-2")
    job_id = job(store, tasks=100)
    for _ in range(3):
        node.fails()
    assert "Blocked" in client.get(f"/jobs/{job_id}").text
    assert client.post(f"/jobs/{job_id}/unblock", data={"entry": f"{node.id} misc"}).status_code == 303
    assert blocklists.of_job(store, job_id) == []
    assert client.post(f"/jobs/{job_id}/unblock", data={"entry": "nobody"}).status_code == 400


def test_deleting_says_first_what_goes(client: FlaskClient, store: Store) -> None:
    node = awake(store, "node-1")
    job_id = job(store, tasks=4)
    node.asks_for_work()
    page = client.get(f"/jobs/{job_id}/delete").text
    assert "4 tasks go" in page
    assert "1 worker is at work on it" in page
    assert store.job(job_id)
    assert client.post(f"/jobs/{job_id}/delete").headers["Location"] == "/jobs"
    with pytest.raises(Missing):
        store.job(job_id)


def test_old_jobs_are_shown_before_they_go(client: FlaskClient, store: Store) -> None:
    ended, going = job(store, "ended long ago"), job(store, "going")
    store.set_job_status(ended, JobStatus.CANCELED, "", "kim")
    page = client.get("/jobs/old?days=7").text
    assert "No job is that old" in page
    now = store.clock()
    store.clock = lambda: now + 40 * DAY
    page = client.get("/jobs/old").text
    assert "Delete 1 job for good?" in page
    assert "ended long ago" in page
    assert client.post("/jobs/old", data={"before": str(now + 10 * DAY)}).status_code == 303
    assert [each.id for each in store.jobs()] == [going]
    for wrong in ("/jobs/old?days=1", "/jobs/old?days=x"):
        assert client.get(wrong).status_code == 400
    assert client.post("/jobs/old", data={"before": "soon"}).status_code == 400


def test_nobody_deletes_young_jobs_by_another_time(client: FlaskClient, store: Store) -> None:
    ended = job(store, "ended just now")
    store.set_job_status(ended, JobStatus.CANCELED, "", "kim")
    client.post("/jobs/old", data={"before": "999999999999999"})
    assert [each.id for each in store.jobs()] == [ended]


# -- a task


@pytest.mark.parametrize(
    ("wish", "status"),
    [("completed", TaskStatus.COMPLETED), ("failed", TaskStatus.FAILED), ("canceled", TaskStatus.CANCELED)],
)
def test_a_task_is_ended_by_hand_and_queued_again(
    client: FlaskClient, store: Store, wish: str, status: TaskStatus
) -> None:
    task = store.tasks(job(store, tasks=20))[0]
    assert f'value="{wish}"' in client.get(f"/tasks/{task.id}").text
    assert client.post(f"/tasks/{task.id}/status", data={"status": wish}).status_code == 303
    assert store.task(task.id).status is status
    assert client.post(f"/tasks/{task.id}/status", data={"status": "queued"}).status_code == 303
    assert store.task(task.id).status is TaskStatus.QUEUED
    assert client.post(f"/tasks/{task.id}/status", data={"status": "happy"}).status_code == 400


def test_a_button_that_can_do_nothing_is_not_there(client: FlaskClient, store: Store) -> None:
    task = store.tasks(job(store, tasks=20))[0]
    store.set_task_status(task.id, TaskStatus.COMPLETED, "", "kim")
    page = client.get(f"/tasks/{task.id}").text
    assert 'value="queued"' in page
    assert 'value="canceled"' not in page
    assert client.post(f"/tasks/{task.id}/status", data={"status": "canceled"}).status_code == 409


def test_a_log_is_shown_without_its_tricks_and_downloaded_by_a_fixed_name(client: FlaskClient, store: Store) -> None:
    node = awake(store, "node-1")
    job(store, '"; filename=evil.exe', tasks=1)
    work = node.asks_for_work()
    assert work is not None
    node.reports(work, 1, "\x1b]0;title\x07<script>alert(1)</script>\u202e\n")
    page = client.get(f"/tasks/{work.task.id}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    whole = client.get(f"/tasks/{work.task.id}/log?all=1")
    assert whole.headers["Content-Disposition"] == f'attachment; filename="task-{work.task.id}.log.txt"'
    assert whole.mimetype == "text/plain"
    assert "<script>" in whole.text


def test_there_is_no_such_task(client: FlaskClient) -> None:
    assert client.get("/tasks/nobody").status_code == 404
