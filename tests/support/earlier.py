"""A farm as an earlier Farmhand left it: rows for the tables and columns that its schema had."""

from collections.abc import Mapping
from typing import Any

from pretended import SECRET
from sqlalchemy import Connection, MetaData, Table, insert, select

from farmhand.manager.storage.workers import hash_secret
from farmhand.worker.wire import JobStatus, Status, TaskStatus

THEN = 1_600_000_000_000

RUNNING, DRAINED, LOST, GONE = "worker-running", "worker-drained", "worker-lost", "worker-gone"
JOB, DONE = "job-running", "job-done"
COMMANDS = [{"name": "echo", "parameters": {"message": "frame"}, "steps": 1}]


def _worker(id: str, status: Status, **more: Any) -> dict[str, Any]:
    seen = {"registered_at": THEN, "last_seen": THEN, "incarnation": 3, "bell": 2}
    said = {"secret_hash": hash_secret(SECRET), "name": id, "address": "10.20.4.14", "platform": "linux"}
    return {"id": id, "status": status.value, "version": "0.1.0", "can_restart": True, **said, **seen, **more}


def _task(job_id: str, number: int, status: TaskStatus, **more: Any) -> dict[str, Any]:
    of = {"job_id": job_id, "index_in_job": number, "job_number": 1 if job_id == DONE else 2, "job_priority": 60}
    is_so = {"status": status.value, "steps_total": 10, "updated_at": THEN, "commands": COMMANDS}
    return {
        "id": f"{job_id}-{number}",
        "name": f"Frame {number}",
        "type": "misc",
        "priority": 50,
        **of,
        **is_so,
        **more,
    }


def _job(id: str, number: int, status: JobStatus, **more: Any) -> dict[str, Any]:
    made = {
        "submitted_by": "kim",
        "created_at": THEN,
        "updated_at": THEN,
        "settings": {"frames": "1-9"},
        "metadata": {},
    }
    return {
        "id": id,
        "number": number,
        "name": id,
        "type": "simple",
        "priority": 60,
        "status": status.value,
        **made,
        **more,
    }


def _queue(job_id: str, number: int, *, ready: int, active: int) -> dict[str, Any]:
    of_job = {"job_id": job_id, "job_number": number, "job_priority": 60, "active": active}
    return {"task_type": "misc", "priority": 50, "position": 1, "ready": ready, **of_job}


TASKS = [
    *(
        _task(JOB, number, status)
        for number, status in enumerate(TaskStatus, start=1)
        if status is not TaskStatus.ACTIVE
    ),
    _task(JOB, 8, TaskStatus.ACTIVE, worker_id=RUNNING, attempt=2, incarnation=3, started_at=THEN, last_touched=THEN),
    _task(JOB, 9, TaskStatus.QUEUED, blockers=1),
    _task(DONE, 1, TaskStatus.COMPLETED, worker_id=GONE, attempt=1, ended_at=THEN),
]

# By table, those first that others refer to. What a schema did not have yet is left out.
ROWS: Mapping[str, list[dict[str, Any]]] = {
    "worker": [
        _worker(RUNNING, Status.AWAKE, task_id=f"{JOB}-8", pushes=True, idle=False),
        _worker(
            DRAINED,
            Status.AWAKE,
            request_id="request-1",
            request_status=Status.ASLEEP.value,
            request_lazy=True,
            request_by="kim",
            request_at=THEN,
            request_seq=2,
        ),
        _worker(LOST, Status.ERROR, lost_from=Status.AWAKE.value),
        _worker(GONE, Status.OFFLINE, deleted_at=THEN),
    ],
    "capability": [{"worker_id": id, "task_type": "misc"} for id in (RUNNING, DRAINED, LOST)],
    "tag": [{"id": "tag-big", "name": "big"}, {"id": "tag-old", "name": "big", "deleted_at": THEN}],
    "worker_tag": [{"worker_id": RUNNING, "tag_id": "tag-big"}],
    "job": [
        _job(DONE, 1, JobStatus.COMPLETED, tasks_completed=1, steps_total=10, steps_completed=10),
        _job(
            JOB,
            2,
            JobStatus.ACTIVE,
            steps_total=80,
            tasks_queued=2,
            **{f"tasks_{status.name.lower()}": 1 for status in TaskStatus if status is not TaskStatus.QUEUED},
        ),
    ],
    "task": TASKS,
    "queue": [_queue(DONE, 1, ready=0, active=0), _queue(JOB, 2, ready=2, active=1)],
    "dependency": [{"task_id": f"{JOB}-9", "needs_id": f"{JOB}-8"}],
    "failure": [{"task_id": f"{JOB}-6", "worker_id": LOST, "at": THEN}],
    "blocklist": [{"job_id": JOB, "worker_id": LOST, "task_type": "misc"}],
    "event": [
        {
            "seq": 1,
            "at": THEN,
            "kind": "job.submitted",
            "job_id": JOB,
            "who": "kim",
            "detail": {"name": JOB, "tasks": 8},
        },
        {"seq": 2, "at": THEN, "kind": "worker.signed-on", "worker_id": RUNNING, "who": "", "detail": {}},
        {
            "seq": 3,
            "at": THEN,
            "kind": "task.started",
            "worker_id": RUNNING,
            "task_id": f"{JOB}-8",
            "job_id": JOB,
            "who": "",
            "detail": {"attempt": 2, "name": "Frame 8"},
        },
    ],
    "plan": [{"token": "plan-1", "made_at": THEN, "made_by": "kim", "wish": {}, "steps": []}],
    "schedule": [
        {
            "id": "schedule-1",
            "worker_id": DRAINED,
            "active": True,
            "lazy": True,
            "zone": "UTC",
            "windows": [],
            "changed_at": THEN,
            "changed_by": "kim",
        }
    ],
    "rollout": [
        {
            "id": "rollout-1",
            "made_at": THEN,
            "made_by": "kim",
            "status": "restart",
            "lazy": True,
            "at_once": 2,
            "canary": False,
            "patience": 60_000,
            "watch": 60_000,
            "state": "done",
            "ended_at": THEN,
            "open": False,
        }
    ],
    "turn": [{"rollout_id": "rollout-1", "worker_id": RUNNING, "name": RUNNING, "position": 0, "stage": "done"}],
    "agent": [
        {
            "id": "agent-1",
            "secret_hash": hash_secret(SECRET),
            "ticket_key": "00" * 32,
            "name": "node-1",
            "platform": "linux",
            "version": "0.1.0",
            "address": "10.20.4.14",
            "enrolled_at": THEN,
            "last_seen": THEN,
        }
    ],
    "agent_service": [
        {
            "agent_id": "agent-1",
            "name": "farmhand-worker.service",
            "worker_id": RUNNING,
            "invocation": "ab" * 16,
            "active": "active",
            "sub": "running",
            "result": "success",
            "restarts": 0,
            "exit": "",
            "code": 47,
            "holds": True,
            "why": "",
            "attested_at": THEN,
        }
    ],
    "secret": [{"name": "sessions", "value": "00" * 32}],
}

Everything = dict[str, list[dict[str, Any]]]


def fill(connection: Connection) -> None:
    """Put the rows into a database of any schema."""
    for name, table in tables(connection).items():
        kept = [column.name for column in table.columns if column.computed is None]
        for row in ROWS.get(name, []):
            values = {column: row[column] for column in kept if column in row}
            connection.execute(insert(table).values(values))
    if connection.dialect.name == "postgresql":  # rows that bring their numbers leave the counters where they were
        for table, column in (("event", "seq"), ("job", "number")):
            counter = f"pg_get_serial_sequence('{table}', '{column}')"
            connection.exec_driver_sql(f"SELECT setval({counter}, (SELECT max({column}) FROM {table}))")


def tables(connection: Connection) -> Mapping[str, Table]:
    """Return the tables as they are, in the order of ROWS."""
    found = MetaData()
    found.reflect(connection)
    return {name: found.tables[name] for name in ROWS if name in found.tables}


def everything(connection: Connection) -> Everything:
    """Return all rows of these tables."""
    return {
        name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
        for name, table in tables(connection).items()
    }
