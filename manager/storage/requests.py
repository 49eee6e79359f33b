"""What is asked of workers, with its terms; what comes due of it. Each public function is one transaction.

Times are milliseconds since the epoch.
"""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from ...worker.wire import Request, Status
from ..rules import actions, dues
from ..rules.actions import Answer, Asked, Expected
from ..rules.attended import Verb
from ..rules.holding import as_held
from ..rules.workers import PLAIN, Moved, Terms, Worker
from . import schedules, tickets, workers
from .asking import ask_all
from .database import Change
from .many import parts
from .store import Store
from .tables import worker as row


class Surprised(Exception):
    """Something else is pending than was expected: nothing was asked. surprises: the workers, and what is pending."""

    def __init__(self, surprises: Sequence[tuple[Worker, str]]) -> None:
        super().__init__("; ".join(f"{worker.name} {text}" for worker, text in surprises))
        self.surprises = surprises


def act(
    store: Store,
    worker_ids: Sequence[str],
    wish: Request,
    by: str,
    terms: Terms = PLAIN,
    expected: Expected | None = None,
    hold: int = 0,
) -> list[Answer]:
    """Ask something of workers, of all or, where something unexpected is pending, of none: raises Surprised.

    hold: for how many milliseconds what aborts a task can be undone.
    """

    def ask(worker: Worker, now: int) -> Asked:
        held, ends = as_held(worker, wish, terms, hold, now)
        return actions.ask(worker, held, id=str(uuid.uuid4()), by=by, now=now, terms=ends)

    with store.database.write() as change:
        if expected is not None:
            _refuse_surprises(workers.load(change.connection, worker_ids, store.seen.at), expected)
        return ask_all(change, worker_ids, store.seen.at, ask, by)


def _refuse_surprises(found: Sequence[Worker], expected: Expected) -> None:
    told = [(worker, actions.surprise(worker, expected)) for worker in found]
    surprises = [(worker, text) for worker, text in told if text is not None]
    if surprises:
        raise Surprised(surprises)


def cancel(store: Store, request_ids: Sequence[str], by: str) -> list[Answer]:
    """Take back these requests, and none that came after them; one transaction for some hundred of them."""
    return [answer for part in parts(request_ids) for answer in _cancel(store, part, by)]


def _cancel(store: Store, request_ids: Sequence[str], by: str) -> list[Answer]:
    with store.database.write() as change:
        query = select(row.c.request_id, row.c.id).where(
            row.c.request_id.in_(list(request_ids)), row.c.deleted_at.is_(None)
        )
        pending = {request_id: worker_id for request_id, worker_id in change.connection.execute(query)}  # noqa: C416
        answers = ask_all(
            change, list(pending.values()), store.seen.at, lambda it, now: actions.withdraw(it, by=by, now=now), by
        )
    gone = [Answer(id, f"request {id}", False, "is not pending", False, id) for id in request_ids if id not in pending]
    return [*answers, *gone]


def next_due(store: Store) -> int | None:
    """Return when the farm has to do something about a request by itself, or None."""
    with store.database.read() as connection:
        query = select(row.c.due_at).where(row.c.due_at.is_not(None)).order_by(row.c.due_at)
        found: int | None = connection.execute(query.where(row.c.deleted_at.is_(None)).limit(1)).scalar()
    return found


def come_due(store: Store) -> list[Worker]:
    """Do what is due by now; returns the workers concerned, as they are after it."""
    with store.database.write() as change:
        query = select(row.c.id).where(row.c.due_at <= change.now, row.c.deleted_at.is_(None))
        ids = list(change.connection.execute(query).scalars())
        verdicts = schedules.verdicts(change.connection, ids, change.now)
        asleep = {id for id, verdict in verdicts.items() if verdict.status is Status.ASLEEP}
        return [
            workers.save(change, it, _come_due(change, it, sleeps=it.id in asleep))
            for it in workers.load(change.connection, ids, store.seen.at)
        ]


def _come_due(change: Change, worker: Worker, *, sleeps: bool) -> Moved:
    if dues.starts(worker, change.now) and tickets.ask_within(change, worker, Verb.START, by="").ticket is None:
        return dues.put_off(worker, change.now)
    return dues.come_due(worker, str(uuid.uuid4()), change.now, sleeps=sleeps)
