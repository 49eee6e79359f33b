"""What workers call, each in one transaction. Who calls has been authenticated before, and is as it was read then.

Fetches and reports, which are most of it, are not alone: they lock a worker, then a task, then its job, in this order.

Times are milliseconds since the epoch.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...worker.wire import Status, TaskStatus
from ..clock import timestamp
from ..config import Settings, this_platform
from ..rules import schedules as schedule_rules
from ..rules import tasks as task_rules
from ..rules import variables
from ..rules import workers as worker_rules
from ..rules.facts import Fact, Kind
from ..rules.tasks import Command, Permission, Task, Thresholds
from ..rules.variables import WORKERS, Variable
from ..rules.workers import Announcement, Moved, Worker
from . import agents, crashloops, door, events, flow, jobcare, pictures, schedules, tasks, turns, workers
from .database import Change
from .store import Missing, Store


@dataclass(frozen=True)
class Registration:
    """What a program that wants to be a worker says of itself. code: for enrolment, if it has one."""

    name: str
    secret: str
    platform: str
    task_types: tuple[str, ...]
    address: str
    code: str = ""


def register(store: Store, said: Registration) -> str:
    """Make a worker, and return its id. Raises door.NotAdmitted, rules.joining.Full."""
    worker_id = str(uuid.uuid4())
    with store.database.write() as change:
        admitted = door.admit(store, change, said.code, said.address)
        whose = {"name": said.name, "address": said.address, "platform": said.platform}
        workers.add(change, worker_id, said.secret, **whose, waiting=admitted.waiting)
        workers.set_task_types(change, worker_id, said.task_types)
        admitted.note(change, said.name, worker_id)
        detail = {"name": said.name, "address": said.address, **admitted.said}
        events.append(change, Fact(Kind.WORKER_REGISTERED, detail), worker_id=worker_id)
    return worker_id


def sign_on(store: Store, worker_id: str, said: Announcement) -> Status:
    """A new process speaks for the worker; return the status it is to take."""
    with store.database.write() as change:
        worker = store.change_within(change, worker_id, lambda it, now: worker_rules.sign_on(it, said, now))
        agents.signed_on(change, worker_id, said.invocation, said.restart_code)
        crashloops.look(change, worker_id, store.settings.notices.crash_loop)
        return schedule_rules.start_status(worker, schedules.verdict(change.connection, worker_id, change.now))


def sign_off(store: Store, worker_id: str) -> None:
    """The worker leaves; its task is queued again."""
    with store.database.write() as change:
        worker = store.change_within(change, worker_id, worker_rules.sign_off)
        let_go(store, change, worker, "Task was queued by Manager because worker signed off")


def report_status(store: Store, worker_id: str, status: Status) -> None:
    """The worker says what it has become; unless that is awake, its task is queued again."""
    with store.database.write() as change:
        worker = store.change_within(change, worker_id, lambda it, now: worker_rules.report(it, status, now))
        if worker_rules.requeues(status):
            reason = f"worker {worker.name} ({worker.id}) changed status to '{status.value}'"
            let_go(store, change, worker, f"Task was queued by Manager because {reason}")


def wanted_status(store: Store, worker: Worker) -> Status | None:
    """Return what is asked of the worker, if anything; it knows of it from now on. Who is not let in is to sleep."""
    if worker.waiting:
        return None if worker.status is Status.ASLEEP else Status.ASLEEP
    return _told(store, worker)


@dataclass(frozen=True)
class Work:
    """A task in a worker's hands."""

    task: Task
    commands: Sequence[Command]


@dataclass(frozen=True)
class StatusFirst:
    """No task: the worker is to change its status first."""

    status: Status


@dataclass(frozen=True)
class NotAwake:
    """No task: the worker has not said that it is awake."""

    reason: str


def fetch(store: Store, worker: Worker) -> Work | StatusFirst | NotAwake | None:
    """Hand out a task: the one the worker has already, else the one whose turn it is, else None."""
    if worker.waiting:
        return StatusFirst(Status.ASLEEP)
    status = _told(store, worker)
    if status is not None:
        return StatusFirst(status)
    refusal = task_rules.refuse_work(worker)
    if refusal is not None:
        return NotAwake(refusal)
    if store.clock() < store.rests_until or (worker.idle and not _has_work(store, worker.id)):
        return None
    with store.database.write(alone=False) as change:
        workers.lock(change, worker.id)
        return _hand_out(store, change, worker.id)


def _has_work(store: Store, worker_id: str) -> bool:
    """Look before the write lock is taken: most fetches of an idle farm find nothing."""
    with store.database.look() as connection:
        return turns.waits_for(connection, worker_id)


def _hand_out(store: Store, change: Change, worker_id: str) -> Work | StatusFirst | NotAwake | None:
    worker = store.change_within(change, worker_id, lambda it, _now: Moved(it))
    if worker.request is not None:
        return StatusFirst(worker.request.wish.status)
    refusal = task_rules.refuse_work(worker)
    if refusal is not None:
        return NotAwake(refusal)
    held = tasks.active_of(change.connection, worker_id) if worker.busy else []
    task = _again(change, worker, held[0]) if held else turns.claim(change, worker)
    if task is None:
        if not worker.idle:
            workers.set_idle(change, worker_id, idle=True)
            events.append(change, Fact(Kind.WORKER_IDLE), worker_id=worker_id)
        return None
    if not held:
        workers.set_task(change, worker_id, task.id)
        tasks.tell(change, task, Fact(Kind.TASK_STARTED, {"attempt": task.attempt, "name": task.name}))
        flow.started(change, task)
        log_line(store, change, task, f"task assigned to worker {worker.name} ({worker.id}), attempt {task.attempt}")
    store.touched.note(task.id)
    commands = tasks.commands(change.connection, task.id)
    chosen = _variables(store.settings, worker.platform)
    return Work(task, [variables.replaced(command, chosen, worker.platform) for command in commands])


def _variables(settings: Settings, platform: str) -> Mapping[str, Variable]:
    """Return the values for a worker; its platform may know the manager's folder for jobs by another name."""
    jobs = variables.translated(
        settings.shared_storage_path, settings.variables, here=this_platform(), there=platform, audience=WORKERS
    )
    return variables.chosen(settings.variables, platform=platform, jobs=jobs)


def _again(change: Change, worker: Worker, held: Task) -> Task:
    return held if held.incarnation == worker.incarnation else tasks.hand_again(change, worker, held)


def may_run(store: Store, worker: Worker, task_id: str) -> Permission:
    """Say whether the worker may keep running a task; that it asks is the task's sign of life."""
    with store.database.look() as connection:
        permission = task_rules.may_run(worker, tasks.load(connection, task_id))
    if permission.granted:
        store.touched.note(task_id)
    if permission.status_change:
        _told(store, worker)
    return permission


@dataclass(frozen=True)
class Report:
    """What a worker says of its task; what it does not say is None.

    Farmhand workers alone send attempt, and again: it was said before, and the answer did not arrive.
    """

    status: TaskStatus | None = None
    activity: str | None = None
    log: str | None = None
    steps_completed: int | None = None
    attempt: int | None = None
    again: bool = False


class TooLate(Exception):
    """A report about a task that is no longer the worker's; the text says why."""


def report_task(store: Store, worker: Worker, task_id: str, said: Report) -> None:
    """Take a worker's report in its order: activity, log, steps, status. Raises Missing, TooLate."""
    if said.activity is None and said.steps_completed is None and said.status in (None, TaskStatus.ACTIVE):
        _take_log(store, worker, store.task(task_id), said)
        return
    with store.database.write(alone=_frees_others(store, task_id, said.status)) as change:
        tasks.lock(change, task_id)
        task = tasks.load(change.connection, task_id)
        if task is None:
            raise Missing(f"there is no task {task_id}")
        _take_log(store, worker, task, said)
        _apply(store, change, worker, task, said)


def _take_log(store: Store, worker: Worker, task: Task, said: Report) -> None:
    refusal = task_rules.refuse_report(worker, task, said.attempt)
    if refusal is not None:
        raise TooLate(refusal)
    store.touched.note(task.id)
    if said.log:
        _append_log(store, task, said.log, again=said.again)


def _frees_others(store: Store, task_id: str, status: TaskStatus | None) -> bool:
    """Say whether a report may make work for others: they must not find none and lie down at that moment."""
    if status in (None, TaskStatus.ACTIVE):
        return False
    with store.database.look() as connection:
        return status is not TaskStatus.COMPLETED or tasks.is_needed(connection, task_id)


def _apply(store: Store, change: Change, worker: Worker, task: Task, said: Report) -> None:
    if said.activity is not None:
        tasks.set_activity(change, task, said.activity)
    steps = None if said.steps_completed is None else max(0, min(said.steps_completed, task.steps_total))
    if steps is not None and steps != task.steps_completed:
        task = tasks.set_steps(change, task, steps)
        tasks.tell(change, task, Fact(Kind.TASK_PROGRESS, {"steps_completed": steps, "steps_total": task.steps_total}))
    if said.status in (None, TaskStatus.ACTIVE):
        return
    if said.status is TaskStatus.FAILED:
        flow.fail(change, task, worker, thresholds(store), said.activity or "Failed")
    else:
        flow.conclude(change, task, said.status, said.activity or said.status.value.capitalize())
    log_line(store, change, task, f"worker {worker.name} reported: {said.status.value}")


def thresholds(store: Store) -> Thresholds:
    return Thresholds(store.settings.blocklist_threshold, store.settings.task_fail_after_softfail_count)


class TooMany(Exception):
    """A picture more than can be kept up with."""


def add_picture(store: Store, worker: Worker, task_id: str, content: bytes, type: str) -> None:
    """Keep a picture (of a type in files.PICTURES) that a task produced.

    Raises Missing, TooLate, TooMany, pictures.TooLarge.
    """
    task = store.task(task_id)
    refusal = task_rules.refuse_picture(worker, task)
    if refusal is not None:
        raise TooLate(refusal)
    pictures.check(content)
    folder = store.files.folder(task.job_id)
    if not store.pictures.offer(content, folder, lambda: jobcare.note_picture(store, task.job_id)):
        raise TooMany("too many pictures wait to be made smaller; send the next one")
    store.files.write_picture(task.job_id, task_id, content, type)
    with store.database.write() as change:
        tasks.set_picture(change, task)
        tasks.tell(change, task, Fact(Kind.TASK_PICTURE))


def _told(store: Store, worker: Worker) -> Status | None:
    """Return what is asked of the worker, which knows of it from now on, or None."""
    if worker.request is not None and worker.request.seen_at is None:
        worker = store.change_worker(worker.id, worker_rules.told)
    return None if worker.request is None else worker.request.wish.status


def let_go(store: Store, change: Change, worker: Worker, reason: str) -> None:
    for task in flow.let_go(change, worker.id, reason):
        log_line(store, change, task, reason)


def log_line(store: Store, change: Change, task: Task, text: str) -> None:
    """Write a line of the manager's own into a task's log."""
    _append_log(store, task, f"{timestamp(change.now)} {text}")


def _append_log(store: Store, task: Task, text: str, *, again: bool = False) -> None:
    """Put a text at the end of a task's log, and tell who looks at it; again: it may have been put there before."""
    store.files.append_log(task.job_id, task.id, text, again=again)
    store.growth.grew(task.id)
