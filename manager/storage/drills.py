"""Restarts that are asked for to see that they work; what became of the last one is in the events.

Times are milliseconds since the epoch.
"""

from sqlalchemy import select

from ...worker.wire import Request, Status
from ..rules import agents as rules
from ..rules.actions import Answer
from ..rules.agents import Drill, Told
from ..rules.facts import Fact, Kind
from . import events
from .store import Store
from .tables import event

# How a drill goes is told by these, and by no more of them than a restart makes in the worst case.
_TELLING = (Kind.WORKER_SIGNED_OFF, Kind.WORKER_LOST, Kind.REQUEST_WITHDRAWN, Kind.REQUEST_DONE)
_MOST = 20


def begin(store: Store, worker_id: str, by: str) -> Answer:
    """Have an idle worker restart, or say why not. Raises Missing."""
    worker = store.worker(worker_id)
    refusal = rules.refuse_drill(worker)
    if refusal is not None:
        return Answer(worker.id, worker.name, False, refusal, changed=False)
    # Lazy: should it have found a task meanwhile, that is finished first.
    answer = store.act([worker_id], Request(Status.RESTART, lazy=True), by)[0]
    if answer.accepted and answer.request_id is not None:
        with store.database.write() as change:
            fact = Fact(Kind.WORKER_DRILLED, {"request": answer.request_id})
            events.append(change, fact, worker_id=worker_id, who=by)
    return answer


def last(store: Store, worker_id: str) -> Drill | None:
    """Return a worker's last drill, None where there was none."""
    of_worker = select(event).where(event.c.worker_id == worker_id)
    drilled = of_worker.where(event.c.kind == Kind.WORKER_DRILLED.value).order_by(event.c.seq.desc()).limit(1)
    with store.database.read() as connection:
        found = connection.execute(drilled).first()
        if found is None:
            return None
        # The worker may have been quicker than the note that it is a drill.
        asked = of_worker.where(event.c.kind == Kind.REQUEST_MADE.value, event.c.seq < found.seq)
        begun = connection.execute(asked.order_by(event.c.seq.desc()).limit(1)).first()
        since = found.seq if begun is None else begun.seq
        telling = of_worker.where(event.c.seq > since, event.c.kind.in_([kind.value for kind in _TELLING]))
        rows = connection.execute(telling.order_by(event.c.seq).limit(_MOST)).all()
    told = [Told(row.at, Fact(Kind(row.kind), row.detail)) for row in rows]
    return rules.follow_drill(Drill(found.detail["request"], found.who, found.at), told, store.clock())
