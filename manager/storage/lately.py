"""What has happened since somebody asked last, for metrics that count: read from the events when it is asked for."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, func, select

from ...worker.wire import RESTART_EXIT_CODE, TaskStatus
from ..rules.exits import cause
from ..rules.facts import Kind
from .store import Store
from .tables import event, task, worker

# Events that are read at a time, and as how many at most: who asks after a long time misses what was before.
BATCH, BATCHES = 2000, 50

# Requests that are pending at the same time, of which it is remembered when they were made.
REQUESTS = 100_000


class What(Enum):
    TASK_ENDED = "a task ended"  # label: its status
    REQUEST_SEEN = "a worker knows what is asked of it"  # label: what it is to become
    REQUEST_DONE = "a worker has done it"  # label: the same
    LOST = "a worker is lost"
    SIGNED_ON = "a worker signed on"
    EXITED = "an agent saw a worker's process end"  # label: why


@dataclass(frozen=True)
class Happened:
    """One thing that is counted. seconds: how long it took, None where that is not known or makes no sense."""

    what: What
    label: str = ""
    seconds: float | None = None


_ENDS = frozenset({TaskStatus.COMPLETED.value, TaskStatus.FAILED.value, TaskStatus.SOFT_FAILED.value})
_KINDS = (
    *(Kind.TASK_STATUS, Kind.REQUEST_MADE, Kind.REQUEST_SEEN, Kind.REQUEST_DONE, Kind.REQUEST_WITHDRAWN),
    *(Kind.WORKER_LOST, Kind.WORKER_SIGNED_ON, Kind.SERVICE_RESTARTED),
)
_EVENTS = (
    select(event.c.seq, event.c.at, event.c.kind, event.c.detail, task.c.started_at, worker.c.restart_code)
    .select_from(event)
    .outerjoin(task, task.c.id == event.c.task_id)
    .outerjoin(worker, worker.c.id == event.c.worker_id)
    .where(event.c.seq > bindparam("seq"), event.c.kind.in_([kind.value for kind in _KINDS]))
    .order_by(event.c.seq)
    .limit(BATCH)
)
_PENDING = select(worker.c.request_id, worker.c.request_at).where(worker.c.request_id.is_not(None))
_NEWEST = select(func.max(event.c.seq))


class Lately:
    """Follows the events of a farm, whoever's they are, from its making on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asking = threading.Lock()
        with store.database.read() as connection:
            self._seq: int = connection.execute(_NEWEST).scalar() or 0
            self._made: dict[str, int] = {row.request_id: row.request_at for row in connection.execute(_PENDING)}

    def happened(self) -> list[Happened]:
        """Return what has happened since the last call."""
        with self._asking:
            return [one for row in self._rows() for one in self._of(row)]

    def _rows(self) -> Iterator[Any]:
        newest = self._seq
        for _ in range(BATCHES):
            with self._store.database.read() as connection:
                newest = connection.execute(_NEWEST).scalar() or 0
                rows = connection.execute(_EVENTS, {"seq": self._seq}).all()
            yield from rows
            if len(rows) < BATCH:
                self._seq = newest
                return
            self._seq = rows[-1].seq
        self._seq = newest

    def _of(self, row: Any) -> Iterator[Happened]:
        kind, detail = Kind(row.kind), row.detail
        match kind:
            case Kind.TASK_STATUS if detail["from"] == TaskStatus.ACTIVE.value and detail["to"] in _ENDS:
                yield Happened(What.TASK_ENDED, detail["to"], _seconds(row.started_at, row.at))
            case Kind.REQUEST_MADE if len(self._made) < REQUESTS:
                self._made[detail["request"]] = row.at
                self._made.pop(detail.get("replaces") or "", None)
            case Kind.REQUEST_SEEN:
                made = self._made.get(detail["request"])
                yield Happened(What.REQUEST_SEEN, detail["status"], _seconds(made, row.at))
            case Kind.REQUEST_DONE:
                self._made.pop(detail["request"], None)
                yield Happened(What.REQUEST_DONE, detail["status"], detail["took"] / 1000)
            case Kind.REQUEST_WITHDRAWN:
                self._made.pop(detail["request"], None)
            case Kind.WORKER_LOST | Kind.WORKER_SIGNED_ON:
                yield Happened(_COUNTED[kind])
            case Kind.SERVICE_RESTARTED:
                why = cause(str(detail.get("exit") or ""), row.restart_code or RESTART_EXIT_CODE)
                yield Happened(What.EXITED, why.value)


_COUNTED: Mapping[Kind, What] = {Kind.WORKER_LOST: What.LOST, Kind.WORKER_SIGNED_ON: What.SIGNED_ON}


def _seconds(began: int | None, ended: int) -> float | None:
    return None if began is None else max(0.0, (ended - began) / 1000)
