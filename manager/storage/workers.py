"""Every statement about workers."""

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from ...worker.wire import Request, Status, TaskStatus
from ..rules import dues
from ..rules.attended import Attended, Ticket, Verb
from ..rules.facts import Kind
from ..rules.workers import LastTask, LastWish, Moved, Pending, Terms, Worker
from . import events
from .database import Change
from .events import Told
from .many import OF, update_all
from .tables import (
    agent,
    agent_service,
    blocklist,
    capability,
    failure,
    job,
    schedule,
    tag,
    task,
    ticket,
    worker,
    worker_tag,
)

# What the worker itself should hear of at once.
_RINGING = frozenset({Kind.REQUEST_MADE, Kind.REQUEST_WITHDRAWN, Kind.REQUEST_ESCALATED})

_TASK_TYPES = (
    select(func.aggregate_strings(capability.c.task_type, "\n"))
    .where(capability.c.worker_id == worker.c.id)
    .scalar_subquery()
    .label("task_types")
)

# What makes an Attended, by its fields, and the Ticket in it.
_ATTENDED: Mapping[str, ColumnElement[Any]] = {
    "agent_id": agent_service.c.agent_id,
    "agent": agent.c.name,
    "service": agent_service.c.name,
    "supervisor": agent.c.supervisor,
    "heard_at": agent.c.last_seen,
    "trouble": agent.c.trouble,
    **{name: agent_service.c[name] for name in ("active", "sub", "result", "restarts", "exit")},
    "own": func.coalesce(agent_service.c.worker_run == worker.c.invocation, false()),
    "same_run": func.coalesce(agent_service.c.invocation == worker.c.invocation, false()),
    **{name: agent_service.c[name] for name in ("code", "holds", "why", "attested_at")},
    "worker_code": worker.c.restart_code,
}
_TICKET: Mapping[str, ColumnElement[Any]] = dict(ticket.c.items())

_WORKERS: Select[Any] = (
    select(
        # First, as they are taken by their places: a list of workers has many of them.
        *(column.label(f"attended_{name}") for name, column in _ATTENDED.items()),
        *(column.label(f"ticket_{name}") for name, column in _TICKET.items()),
        worker,
        _TASK_TYPES,
        task.c.name.label("task_name"),
        task.c.type.label("task_type"),
        task.c.status.label("task_status"),
        task.c.job_id.label("task_job_id"),
        task.c.worker_id.label("task_worker_id"),
        task.c.steps_completed.label("task_steps_completed"),
        task.c.steps_total.label("task_steps_total"),
        task.c.started_at.label("task_started_at"),
        task.c.ended_at.label("task_ended_at"),
        job.c.name.label("task_job_name"),
    )
    .select_from(worker)
    .outerjoin(task, task.c.id == worker.c.task_id)
    .outerjoin(job, job.c.id == task.c.job_id)
    .outerjoin(agent_service, agent_service.c.worker_id == worker.c.id)
    .outerjoin(agent, agent.c.id == agent_service.c.agent_id)
    .outerjoin(ticket, ticket.c.id == agent_service.c.ticket_id)
    .where(worker.c.deleted_at.is_(None))
    .order_by(worker.c.name, worker.c.id)
)
_WORKERS_BY_ID = _WORKERS.where(worker.c.id.in_(bindparam("ids", expanding=True)))
_WORKER = _WORKERS.where(worker.c.id == bindparam("id"))


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret. It is 256 random bits, not a password: nothing is gained by a slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def load(connection: Connection, ids: Collection[str] | None, seen: Mapping[str, int]) -> list[Worker]:
    """Return the workers by name; `seen` has newer times of their last signs of life than the table."""
    return [of_row(row, seen) for row in rows(connection, ids)]


def rows(connection: Connection, ids: Collection[str] | None) -> Sequence[Row[Any]]:
    """Return what `load` makes workers of: equal to what it was while nothing has happened to the worker."""
    match ids:
        case None:
            found = connection.execute(_WORKERS)
        case [id]:
            found = connection.execute(_WORKER, {"id": id})
        case _:
            found = connection.execute(_WORKERS_BY_ID, {"ids": list(ids)})
    return found.all()


def known(connection: Connection, worker_id: str, secret: str, seen: Mapping[str, int]) -> Worker | None:
    """Return the worker with these credentials, or None."""
    row = connection.execute(_WORKER, {"id": worker_id}).first()
    if row is None or not hmac.compare_digest(row.secret_hash, hash_secret(secret)):
        return None
    return of_row(row, seen)


def of_row(row: Row[Any], seen: Mapping[str, int]) -> Worker:
    return Worker(
        id=row.id,
        name=row.name,
        status=Status(row.status),
        can_restart=row.can_restart,
        task_types=tuple(sorted(row.task_types.split("\n"))) if row.task_types else (),
        address=row.address,
        platform=row.platform,
        version=row.version,
        lost_from=_status(row.lost_from),
        resume=_status(row.resume),
        idle=row.idle,
        pushes=row.pushes,
        incarnation=row.incarnation,
        bell=row.bell,
        unit=row.unit,
        registered_at=row.registered_at,
        last_seen=max(row.last_seen or 0, seen.get(row.id, 0)) or None,
        request=_pending(row),
        wished=_wished(row),
        task=_last_task(row),
        attended=_attended(row),
        waiting=row.waiting,
    )


def _status(value: str | None) -> Status | None:
    return None if value is None else Status(value)


def _pending(row: Row[Any]) -> Pending | None:
    if row.request_id is None:
        return None
    wish = Request(Status(row.request_status), row.request_lazy)
    terms = Terms(row.request_deadline, row.request_until, row.request_reason or "", bool(row.request_held))
    return Pending(row.request_id, wish, row.request_by, row.request_at, row.request_seq, row.request_seen_at, terms)


def _wished(row: Row[Any]) -> LastWish | None:
    if row.wished_request is None:
        return None
    return LastWish(
        request_id=row.wished_request,
        status=Status(row.wished_status),
        by=row.wished_by,
        at=row.wished_at,
        reason=row.wished_reason or "",
        until=row.wished_until,
    )


def _attended(row: Row[Any]) -> Attended | None:
    if row.attended_agent_id is None:
        return None
    return Attended(**dict(zip(_ATTENDED, row, strict=False)), ticket=_ticket(row))


def _ticket(row: Row[Any]) -> Ticket | None:
    if row.ticket_id is None:
        return None
    found = dict(zip(_TICKET, row[len(_ATTENDED) : len(_ATTENDED) + len(_TICKET)], strict=True))
    return Ticket(**{**found, "verb": Verb(row.ticket_verb)})


def _last_task(row: Row[Any]) -> LastTask | None:
    if row.task_name is None:
        return None
    status = TaskStatus(row.task_status)
    return LastTask(
        id=row.task_id,
        job_id=row.task_job_id,
        name=row.task_name,
        job_name=row.task_job_name,
        status=status,
        steps_completed=row.task_steps_completed,
        steps_total=row.task_steps_total,
        active=status is TaskStatus.ACTIVE and row.task_worker_id == row.id,
        started_at=row.task_started_at,
        ended_at=row.task_ended_at,
        type=row.task_type,
    )


def add(
    change: Change, worker_id: str, secret: str, *, name: str, address: str, platform: str, waiting: bool = False
) -> None:
    """Make a row for a worker that has registered and not yet signed on."""
    change.connection.execute(
        insert(worker).values(
            id=worker_id,
            secret_hash=hash_secret(secret),
            name=name,
            address=address,
            platform=platform,
            status=Status.OFFLINE.value,
            registered_at=change.now,
            waiting=waiting,
        )
    )


def set_task_types(change: Change, worker_id: str, types: Collection[str]) -> None:
    change.connection.execute(delete(capability).where(capability.c.worker_id == worker_id))
    rows = [{"worker_id": worker_id, "task_type": type} for type in types]
    if rows:
        change.connection.execute(insert(capability), rows)


_LOCK = select(worker.c.id).where(worker.c.id == bindparam("id")).with_for_update()


def lock(change: Change, worker_id: str) -> None:
    """Have others that want to change a worker wait until this transaction ends."""
    change.lock(_LOCK, worker_id)


# What is set is what it is executed with.
_SAVE = update(worker).where(worker.c.id == bindparam("of"))


def save(change: Change, before: Worker, moved: Moved, who: str = "") -> Worker:
    """Write what a rule made of a worker, and append what it told of."""
    task_id = _task_of(before)
    seqs = [events.append(change, fact, worker_id=before.id, task_id=task_id, who=who) for fact in moved.facts]
    values = _changed(before, moved, seqs)
    if values:
        change.connection.execute(_SAVE, {"of": before.id, **values})
    if moved.worker.task_types != before.task_types:
        set_task_types(change, before.id, moved.worker.task_types)
    return moved.worker


def save_all(change: Change, moves: Sequence[tuple[Worker, Moved]], who: str = "") -> None:
    """Do the same for many, whose task types stay: in one statement for all that change the same."""
    told = [Told(fact, before.id, _task_of(before)) for before, moved in moves for fact in moved.facts]
    seqs = iter(events.append_all(change, told, who))
    alike: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for before, moved in moves:
        values = _changed(before, moved, [next(seqs) for _ in moved.facts])
        if values:
            alike.setdefault(tuple(values), []).append({OF: before.id, **values})
    for rows in alike.values():
        update_all(change.connection, worker, rows)


def _task_of(worker: Worker) -> str | None:
    return worker.task.id if worker.busy and worker.task else None


def _changed(before: Worker, moved: Moved, seqs: Sequence[int]) -> dict[str, object]:
    """Return the columns that are otherwise now. seqs: of the events that tell of it."""
    if moved.worker is before and not moved.facts:
        return {}
    was, now = _columns(before), _columns(moved.worker)
    values = {column: value for column, value in now.items() if value != was[column]}
    if "status" in values:  # who is away, and since when, is asked of the database
        values["last_seen"] = before.last_seen
    for fact, seq in zip(moved.facts, seqs, strict=True):
        if fact.kind in (Kind.REQUEST_MADE, Kind.REQUEST_ESCALATED):
            values["request_seq"] = seq
        if fact.kind in _RINGING:
            values["bell"] = seq
    return values


def _columns(it: Worker) -> dict[str, object]:
    """Return the columns that rules change."""
    pending, wished = it.request, it.wished
    return {
        "name": it.name,
        "address": it.address,
        "version": it.version,
        "can_restart": it.can_restart,
        "status": it.status.value,
        "lost_from": it.lost_from and it.lost_from.value,
        "resume": it.resume and it.resume.value,
        "idle": it.idle,
        "pushes": it.pushes,
        "incarnation": it.incarnation,
        "unit": it.unit,
        "request_id": pending and pending.id,
        "request_status": pending and pending.wish.status.value,
        "request_lazy": pending and pending.wish.lazy,
        "request_by": pending and pending.by,
        "request_at": pending and pending.at,
        "request_seq": pending and pending.seq,
        "request_seen_at": pending and pending.seen_at,
        "request_deadline": pending and pending.terms.deadline,
        "request_until": pending and pending.terms.until,
        "request_reason": pending and pending.terms.reason,
        "request_held": pending and pending.terms.held,
        "wished_request": wished and wished.request_id,
        "wished_status": wished and wished.status.value,
        "wished_by": wished and wished.by,
        "wished_at": wished and wished.at,
        "wished_reason": wished and wished.reason,
        "wished_until": wished and wished.until,
        "due_at": dues.due_at(it),
        "waiting": it.waiting,
    }


_SET_IDLE = update(worker).where(worker.c.id == bindparam("of")).values(idle=bindparam("idle"))
_SET_TASK = update(worker).where(worker.c.id == bindparam("of")).values(task_id=bindparam("task_id"), idle=False)


def set_idle(change: Change, worker_id: str, *, idle: bool) -> None:
    change.connection.execute(_SET_IDLE, {"of": worker_id, "idle": idle})


def set_task(change: Change, worker_id: str, task_id: str) -> None:
    """Note what a worker is at work on."""
    change.connection.execute(_SET_TASK, {"of": worker_id, "task_id": task_id})


def remove(change: Change, worker_id: str) -> None:
    """Hide a worker; its row stays for what refers to it."""
    change.connection.execute(delete(schedule).where(schedule.c.worker_id == worker_id))
    values = {"deleted_at": change.now, "status": Status.OFFLINE.value, "request_id": None, "idle": False}
    change.connection.execute(update(worker).where(worker.c.id == worker_id).values(values))


def write_seen(change: Change, seen: Mapping[str, int]) -> None:
    """Write the times of last signs of life, where another manager has not written later ones."""
    later = or_(worker.c.last_seen.is_(None), worker.c.last_seen < bindparam("at"))
    statement = update(worker).where(worker.c.id == bindparam("of"), later).values(last_seen=bindparam("at"))
    change.connection.execute(statement, [{"of": worker_id, "at": at} for worker_id, at in seen.items()])


# -- bells


_BELL = select(worker.c.bell).where(worker.c.id == bindparam("id"), worker.c.deleted_at.is_(None))
_BELLS = select(worker.c.id, worker.c.bell).where(worker.c.bell > bindparam("since"))


def bell(connection: Connection, worker_id: str) -> int:
    return connection.execute(_BELL, {"id": worker_id}).scalar() or 0


def bells(connection: Connection, since: int) -> dict[str, int]:
    return {row.id: row.bell for row in connection.execute(_BELLS, {"since": since})}


def ring(change: Change, worker_id: str) -> None:
    """Let a worker know that the newest event concerns it."""
    change.connection.execute(update(worker).where(worker.c.id == worker_id).values(bell=change.seq))


def ring_all(change: Change, seq: int) -> None:
    """Let every worker know that an event concerns it."""
    change.connection.execute(update(worker).where(worker.c.deleted_at.is_(None)).values(bell=seq))


def ring_idle(change: Change, task_type: str, tasks: int, tag_id: str | None = None) -> None:
    """Let idle workers know of new tasks of a type, with a tag or none: twice as many, as some may be too late.

    A worker that is not idle asks by itself when it becomes so.
    """
    idle = (
        select(worker.c.id)
        .join(capability, capability.c.worker_id == worker.c.id)
        .where(capability.c.task_type == task_type, worker.c.status == Status.AWAKE.value, worker.c.idle)
        .where(worker.c.deleted_at.is_(None), ~worker.c.waiting, worker.c.request_id.is_(None), _has(tag_id))
        .limit(2 * tasks)
    )
    change.connection.execute(update(worker).where(worker.c.id.in_(idle)).values(bell=change.seq))


# -- who can still do it


def capable(connection: Connection, task_id: str, job_id: str, task_type: str, tag_id: str | None = None) -> int:
    """Count the existing workers with a task's type and tag that have not failed it and may still do its like.

    Of a deleted tag it is not known who has the next one: all may.
    """
    has_failed = exists().where(failure.c.task_id == task_id, failure.c.worker_id == worker.c.id)
    is_blocked = exists().where(
        blocklist.c.job_id == job_id, blocklist.c.task_type == task_type, blocklist.c.worker_id == worker.c.id
    )
    query = (
        select(func.count())
        .select_from(worker)
        .join(capability, capability.c.worker_id == worker.c.id)
        .where(capability.c.task_type == task_type, worker.c.deleted_at.is_(None), ~worker.c.waiting)
        .where(~has_failed, ~is_blocked)
        .where(_has(tag_id) | exists().where(tag.c.id == tag_id, tag.c.deleted_at.is_not(None)))
    )
    return connection.execute(query).scalar_one()


def _has(tag_id: str | None) -> ColumnElement[bool]:
    """Say of a worker whether it has a tag; any has none."""
    if tag_id is None:
        return true()
    return exists().where(worker_tag.c.worker_id == worker.c.id, worker_tag.c.tag_id == tag_id)
