"""Whatever happens to jobs, in whatever order: what must always be true of them is."""

import contextlib
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pretended import awake
from sqlalchemy import func, select
from stores import fresh

from farmhand.manager.rules.jobs import ENDED, RUNNABLE, Draft, DraftTask
from farmhand.manager.rules.tasks import CLAIMABLE, Command, Refused
from farmhand.manager.rules.tasks import WISHES as TASK_WISHES
from farmhand.manager.storage import tags
from farmhand.manager.storage.calls import TooLate
from farmhand.manager.storage.store import Missing
from farmhand.manager.storage.tables import dependency, queue, task
from farmhand.worker.wire import JobStatus, Status, TaskStatus

ECHO = Command("echo", {"message": "hello"}, 3)

INDEX = st.integers(0, 2)


class AnyOrder(RuleBasedStateMachine):
    """Three workers, of which any may have a tag, and jobs in which the last task needs all others."""

    jobs = Bundle("jobs")
    tags = Bundle("tags")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = fresh(Path(self.folder.name))
        self.workers = [awake(self.store, f"node-{number}") for number in range(3)]
        self.work = {}

    def teardown(self):
        self.store.close()
        self.folder.cleanup()

    # -- what people do

    @rule(target=tags)
    def make_tag(self):
        return tags.add(self.store, f"tag {len(tags.every(self.store))} {self.store.newest()}", "", "kim").id

    @rule(tag=tags)
    def delete_tag(self, tag):
        said(lambda: tags.remove(self.store, tag, "kim"))

    @rule(index=INDEX, tag=tags)
    def give_tag(self, index, tag):
        tags.give(self.store, self.workers[index].id, [tag], "kim")

    @rule(target=jobs, frames=st.integers(1, 12))
    def submit(self, frames):
        drafts = [DraftTask(f"frame {number}", "misc", (ECHO,)) for number in range(frames)]
        video = DraftTask("video", "misc", (ECHO,), needs=tuple(range(frames)))
        return self.store.submit(Draft("job", "simple", 50, {}, {}, (*drafts, video)), "kim")

    @rule(job=jobs, tag=tags)
    def tag_job(self, job, tag):
        said(lambda: tags.set_of_job(self.store, job, "kim", tag_id=tag))

    @rule(job=jobs)
    def untag_job(self, job):
        said(lambda: tags.set_of_job(self.store, job, "kim"))

    @rule(job=jobs, wish=st.sampled_from(JobStatus))
    def ask_of_job(self, job, wish):
        said(lambda: self.store.set_job_status(job, wish, "", "kim"))

    @rule(job=jobs, number=st.integers(0, 12), wish=st.sampled_from(sorted(TASK_WISHES, key=str)))
    def ask_of_task(self, job, number, wish):
        found = self.store.tasks(job)
        if found:
            it = found[number % len(found)]
            said(lambda: self.store.set_task_status(it.id, wish, "", "kim"))

    @rule(job=jobs)
    def delete_job(self, job):
        said(lambda: self.store.delete_job(job, "kim"))

    # -- what workers do

    @rule(index=INDEX)
    def take(self, index):
        worker = self.workers[index]
        held = self.work.get(index)
        work = worker.asks_for_work()
        if work is None:
            return
        self.work[index] = work
        if held is None or held.task.id != work.task.id:
            it = self.store.job(work.task.job_id)
            assert it.tag is None or it.tag in tags.of_worker(self.store, worker.id)
            assert it.status in RUNNABLE

    @rule(index=INDEX, ends=st.sampled_from((TaskStatus.COMPLETED, TaskStatus.COMPLETED, TaskStatus.FAILED)))
    def end(self, index, ends):
        work = self.work.pop(index, None)
        if work is not None:
            said(lambda: self.workers[index].finishes(work, ends))

    @rule(index=INDEX)
    def let_go(self, index):
        self.work.pop(index, None)
        self.workers[index].becomes(Status.ASLEEP)
        self.workers[index].becomes(Status.AWAKE)

    # -- what is always true

    @invariant()
    def counters_count_what_is_there(self):
        for job in self.store.jobs():
            tasks = self.store.tasks(job.id)
            assert {status: number for status, number in job.tally.items() if number} == Counter(
                t.status for t in tasks
            )
            assert job.steps_completed == sum(it.steps_completed for it in tasks)
        with self.store.database.read() as connection:
            ready = connection.execute(select(func.count()).select_from(task).where(task.c.ready)).scalar()
            assert (connection.execute(select(func.sum(queue.c.ready))).scalar() or 0) == ready
            needed = task.alias()
            unmet = (
                select(func.count())
                .select_from(dependency)
                .join(needed, needed.c.id == dependency.c.needs_id)
                .where(dependency.c.task_id == task.c.id, needed.c.status != TaskStatus.COMPLETED.value)
                .scalar_subquery()
            )
            assert connection.execute(select(task.c.id).where(task.c.blockers != unmet)).all() == []

    @invariant()
    def a_job_is_what_its_tasks_make_of_it(self):
        for job in self.store.jobs():
            there = {status for status, number in job.tally.items() if number}
            assert (job.status is JobStatus.COMPLETED) <= (there == {TaskStatus.COMPLETED})
            if job.status in ENDED:
                assert not there & {TaskStatus.ACTIVE, *CLAIMABLE}, job
            if job.status is JobStatus.PAUSED:
                assert TaskStatus.ACTIVE not in there, job

    @invariant()
    def no_job_waits_for_what_will_not_come(self):
        for job in self.store.jobs():
            if job.status in RUNNABLE and not job.tally[TaskStatus.ACTIVE] and not job.tally[TaskStatus.PAUSED]:
                assert any(it.status in CLAIMABLE and not it.blockers for it in self.store.tasks(job.id)), job


def said(act):
    """Do what may be too late, or make no sense: that is said, and nothing else happens."""
    with contextlib.suppress(Missing, Refused, tags.Unknown, TooLate):
        act()


def test_what_is_always_true_of_jobs():
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
