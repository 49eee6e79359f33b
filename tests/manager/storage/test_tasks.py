"""What every database has to do alike: tasks and how they change."""

from collections import Counter
from dataclasses import replace

import pytest
from pretended import ask, awake, job, register, statuses, submit

from farmhand.manager.rules.facts import Kind
from farmhand.manager.rules.jobs import DraftTask
from farmhand.manager.rules.tasks import Command
from farmhand.manager.rules.variables import Variable
from farmhand.manager.storage import calls
from farmhand.manager.storage.calls import NotAwake, Report, StatusFirst, TooLate
from farmhand.worker.wire import JobStatus, Status, TaskStatus

ECHO = Command("echo", {"message": "hello"})


# -- handing out


def test_a_task_is_handed_out_once(store, clock):
    first, second = awake(store, "first"), awake(store, "second")
    job_id = job(store, tasks=1)
    work = first.asks_for_work()
    assert (work.task.status, work.task.attempt, work.task.worker_id) == (TaskStatus.ACTIVE, 1, first.id)
    assert work.task.started_at == clock.now
    assert second.asks_for_work() is None
    assert store.job(job_id).status is JobStatus.ACTIVE


def test_asking_again_gives_the_same_task_and_the_same_attempt(store):
    worker = awake(store, "node-1")
    job(store, tasks=2)
    first, again = worker.asks_for_work(), worker.asks_for_work()
    assert (first.task.id, first.task.attempt) == (again.task.id, again.task.attempt)


def test_a_new_process_gets_its_predecessors_task_as_another_attempt(store):
    worker = awake(store, "node-1")
    job(store, tasks=2)
    first = worker.asks_for_work()
    worker.sign_on()
    worker.becomes(Status.AWAKE)
    again = worker.asks_for_work()
    assert (again.task.id, again.task.attempt) == (first.task.id, 2)
    with pytest.raises(TooLate, match="attempt 1"):
        calls.report_task(store, store.worker(worker.id), first.task.id, Report(TaskStatus.COMPLETED, attempt=1))
    calls.report_task(store, store.worker(worker.id), first.task.id, Report(TaskStatus.COMPLETED, attempt=2))


def test_whose_turn_it_is(store):
    worker = awake(store, "node-1")
    plain, urgent = DraftTask("plain", "misc", (ECHO,)), DraftTask("urgent", "misc", (ECHO,), priority=70)
    submit(store, plain, urgent, name="first")
    submit(store, replace(plain, name="second job"))
    submit(store, replace(plain, name="important"), priority=60)
    order = []
    while work := worker.asks_for_work():
        order.append(work.task.name)
        worker.finishes(work)
    assert order == ["important", "urgent", "plain", "second job"]


def test_a_changed_priority_changes_whose_turn_it_is(store):
    worker = awake(store, "node-1")
    job(store, "first")
    second = job(store, "second")
    store.set_job_priority(second, 80, "kim")
    assert worker.asks_for_work().task.job_name == "second"


def test_a_worker_gets_only_what_it_can_do(store):
    worker = awake(store, "node-1")
    submit(store, DraftTask("render", "blender", (ECHO,)), DraftTask("tidy", "misc", (ECHO,)))
    assert worker.asks_for_work().task.name == "tidy"


def test_a_task_waits_for_what_it_needs(store):
    one, two = awake(store, "one"), awake(store, "two")
    frame = DraftTask("frame", "misc", (ECHO,))
    job_id = submit(store, frame, frame, DraftTask("video", "misc", (ECHO,), needs=(0, 1)))
    first, second = one.asks_for_work(), two.asks_for_work()
    one.finishes(first)
    assert one.asks_for_work() is None
    before = store.newest()
    two.finishes(second)
    assert store.bell(one.id) > before, "an idle worker hears of the task that became ready"
    video = one.asks_for_work()
    assert video.task.name == "video"
    one.finishes(video)
    assert store.job(job_id).status is JobStatus.COMPLETED


def test_work_is_refused_to_who_has_to_change_first(store):
    worker = awake(store, "node-1")
    job(store)
    ask(store, Status.ASLEEP, worker, lazy=True)
    assert calls.fetch(store, store.worker(worker.id)) == StatusFirst(Status.ASLEEP)
    worker.becomes(Status.ASLEEP)
    assert isinstance(calls.fetch(store, store.worker(worker.id)), NotAwake)


def test_variables_are_replaced_as_they_are_on_the_workers_platform(store):
    store.settings = replace(store.settings, variables={"tool": (Variable("/bin/tool"),)})
    worker = awake(store, "node-1")
    submit(store, DraftTask("t", "misc", (Command("exec", {"exe": "{tool}", "args": ["{jobs}/x", "{other}"]}),)))
    work = worker.asks_for_work()
    assert work.commands[0].parameters == {"exe": "/bin/tool", "args": ["/farm/x", "{other}"]}
    assert store.commands(work.task.id)[0].parameters["exe"] == "{tool}"


def test_becoming_idle_is_told_once(store):
    worker = awake(store, "node-1")
    assert [worker.asks_for_work() for _ in range(3)] == [None] * 3
    assert [event.kind for event in store.events_after(0, 100)].count(Kind.WORKER_IDLE) == 1


# -- reports


def test_progress_is_kept_and_clamped(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=2, steps=10)
    work = worker.asks_for_work()
    worker.reports(work, 4, activity="Progress")
    assert (store.task(work.task.id).steps_completed, store.task(work.task.id).activity) == (4, "Progress")
    assert store.job(job_id).steps_completed == 4
    worker.reports(work, 99)
    assert store.task(work.task.id).steps_completed == 10
    assert (store.job(job_id).steps_completed, store.job(job_id).steps_total) == (10, 20)


def test_a_log_is_kept_in_order(store):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    for line in ("one", "two\n", "thr\u00e9e"):
        worker.reports(work, 0, line)
    lines = store.log_path(work.task).read_text(encoding="utf-8").splitlines()
    assert "task assigned to worker node-1" in lines[0]
    assert lines[1:] == ["one", "two", "thr\u00e9e"]
    assert store.log_tail(work.task, 10) == "thr\u00e9e\n"


def test_a_log_update_alone_takes_no_write_transaction(store):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    with store.database.write():
        calls.report_task(store, store.worker(worker.id), work.task.id, Report(log="while another writes"))


def test_reports_of_who_lost_the_task_are_refused(store):
    slow, quick = awake(store, "slow"), awake(store, "quick")
    job(store, tasks=1)
    work = slow.asks_for_work()
    slow.becomes(Status.ASLEEP)
    with pytest.raises(TooLate):
        slow.finishes(work)
    assert quick.asks_for_work().task.id == work.task.id
    with pytest.raises(TooLate):
        slow.finishes(work)
    assert store.task(work.task.id).worker_id == quick.id


def test_a_report_kept_over_a_restart_is_welcome_until_the_task_is_handed_out_anew(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=1)
    work = worker.asks_for_work()
    worker.sign_on()
    worker.finishes(work)
    assert store.job(job_id).status is JobStatus.COMPLETED


def test_pictures_are_kept_by_task(store, clock):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    assert store.picture_path(work.task) is None
    calls.add_picture(store, worker, work.task.id, b"a picture", "image/png")
    assert store.picture_path(work.task).read_bytes() == b"a picture"
    assert store.task(work.task.id).picture_at == clock.now
    with pytest.raises(TooLate):
        calls.add_picture(store, awake(store, "other"), work.task.id, b"", "image/png")


# -- letting go


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        pytest.param(lambda worker: worker.signs_off(), "worker signed off", id="signs off"),
        pytest.param(lambda worker: worker.becomes(Status.ASLEEP), "changed status to 'asleep'", id="sleeps"),
        pytest.param(lambda worker: worker.store.delete_worker(worker.id, ""), "was removed", id="is removed"),
    ],
)
def test_a_task_let_go_of_is_queued_and_has_not_failed(store, leave, reason):
    worker, other = awake(store, "node-1"), awake(store, "other")
    job_id = job(store, tasks=1, steps=10)
    work = worker.asks_for_work()
    worker.reports(work, 7)
    before = store.newest()
    leave(worker)
    task = store.task(work.task.id)
    assert (task.status, task.steps_completed, task.attempt) == (TaskStatus.QUEUED, 0, 1)
    assert reason in task.activity
    assert store.failed_by(task.id) == []
    assert store.job(job_id).steps_completed == 0
    assert store.bell(other.id) > before
    assert other.asks_for_work().task.attempt == 2


def test_a_worker_that_stays_awake_keeps_its_task(store):
    worker = awake(store, "node-1")
    job(store, tasks=1)
    work = worker.asks_for_work()
    worker.becomes(Status.AWAKE)
    assert store.task(work.task.id).status is TaskStatus.ACTIVE


# -- failing


def test_another_worker_tries_what_one_failed(store):
    one, two, three = (awake(store, name) for name in ("one", "two", "three"))
    job_id = job(store, tasks=1)
    task = one.fails()
    assert statuses(store, job_id) == ["soft-failed"]
    assert one.asks_for_work() is None, "not this one again"
    assert [worker.name for worker in store.failed_by(task.id)] == ["one"]
    two.fails()
    three.fails()
    assert statuses(store, job_id) == ["failed"]
    assert store.job(job_id).status is JobStatus.FAILED


def test_a_single_worker_fails_the_job_at_once(store):
    worker = awake(store, "node-1")
    job_id = job(store, tasks=30)
    worker.fails()
    assert Counter(statuses(store, job_id)) == {"failed": 1, "canceled": 29}
    assert "no other worker" in store.job(job_id).activity


def test_capable_are_only_workers_that_exist_and_have_the_task_type(store):
    worker, removed = awake(store, "node-1"), awake(store, "removed")
    store.delete_worker(removed.id, "kim")
    calls.register(store, calls.Registration("video only", "s", "linux", ("ffmpeg",), ""))
    job_id = job(store, tasks=30)
    worker.fails()
    assert store.job(job_id).status is JobStatus.FAILED


def test_a_worker_that_fails_again_and_again_is_blocked_and_its_tasks_go_to_others(store):
    bad, good = awake(store, "bad"), awake(store, "good")
    job_id = job(store, tasks=40)
    for _ in range(3):
        bad.fails()
    assert Counter(statuses(store, job_id)) == {"queued": 40}
    assert bad.asks_for_work() is None
    while work := good.asks_for_work():
        good.finishes(work)
    assert store.job(job_id).status is JobStatus.COMPLETED


def test_a_task_queued_by_a_person_is_forgiven(store):
    one = awake(store, "one")
    register(store, "two")
    job(store, tasks=1)
    task = one.fails()
    store.set_task_status(task.id, TaskStatus.QUEUED, "try again", "kim")
    assert store.failed_by(task.id) == []
    assert one.asks_for_work().task.id == task.id
