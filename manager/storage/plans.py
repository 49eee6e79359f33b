"""Plans of actions: made, kept for some minutes, applied once. Each public function is one transaction."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ...worker.wire import Request, Status
from ..rules import actions
from ..rules import plan as rules
from ..rules.actions import Answer, Asked
from ..rules.plan import Abort, Capacity, Changed, Fate, Loss, Plan, Step
from ..rules.workers import Terms, Worker
from . import workers
from .asking import ask_all
from .database import Change
from .store import Missing, Store
from .tables import plan as table
from .tables import worker as worker_table

# How long a plan may be applied, and an answer is repeated, in milliseconds.
KEPT = 10 * 60 * 1000


@dataclass(frozen=True)
class Kept:
    """A plan and its token; until when it may be applied."""

    token: str
    expires_at: int
    plan: Plan


@dataclass(frozen=True)
class Applied:
    """Exactly what was planned has been asked."""

    answers: Sequence[Answer]


@dataclass(frozen=True)
class Overtaken:
    """Nothing was asked: it would do something else now. anew: the plan of today, None where there is none any more."""

    changes: Sequence[Changed]
    anew: Kept | None


class Expired(Exception):
    """The plan is too old to be applied."""


def make(store: Store, worker_ids: Sequence[str], wish: Request, terms: Terms, by: str) -> Kept:
    """Foresee an action for these workers; raises Missing where one does not exist."""
    with store.database.read() as connection:
        found = _load(connection, store, worker_ids)
        known = {worker.id for worker in found}
        missing = [id for id in worker_ids if id not in known]
        if missing:
            raise Missing(f"there is no worker {missing[0]}")
        plan = rules.plan(found, wish, terms, awake=_awake(connection), by=by, now=store.clock())
    with store.database.write() as change:
        change.connection.execute(delete(table).where(table.c.made_at < change.now - KEPT))
        return _keep(change, plan, by)


def _load(connection: Connection, store: Store, worker_ids: Sequence[str]) -> list[Worker]:
    found = {worker.id: worker for worker in workers.load(connection, worker_ids, store.seen.at)}
    return [found[id] for id in dict.fromkeys(worker_ids) if id in found]


def _keep(change: Change, plan: Plan, by: str) -> Kept:
    token = str(uuid.uuid4())
    values = {
        "token": token,
        "made_at": change.now,
        "made_by": by,
        "wish": {
            "status": plan.wish.status.value,
            "lazy": plan.wish.lazy,
            "terms": asdict(plan.terms),
            "capacity": asdict(plan.capacity),
        },
        "steps": [_plain(step) for step in plan.steps],
    }
    change.connection.execute(insert(table).values(values))
    return Kept(token, change.now + KEPT, plan)


def _awake(connection: Connection) -> int:
    query = select(func.count()).select_from(worker_table).where(worker_table.c.status == Status.AWAKE.value)
    return connection.execute(query.where(worker_table.c.deleted_at.is_(None))).scalar_one()


def apply(store: Store, token: str, by: str) -> Applied | Overtaken:
    """Do exactly what was planned, or say what has changed; again the same answer. Raises Missing, Expired."""
    with store.database.write() as change:
        row = change.connection.execute(select(table).where(table.c.token == token)).first()
        if row is None:
            raise Missing(f"there is no plan {token}; plans are kept for {KEPT // 60_000} minutes")
        if row.answer is not None:
            return _answered(change.connection, row.answer)
        kept = _kept(row)
        if kept.expires_at < change.now:
            raise Expired(f"the plan is older than {KEPT // 60_000} minutes; make another one")
        done = _apply(store, change, kept.plan, by)
        change.connection.execute(update(table).where(table.c.token == token).values(answer=_answer(done)))
        return done


def _apply(store: Store, change: Change, plan: Plan, by: str) -> Applied | Overtaken:
    wish, terms = plan.wish, plan.terms
    found = _load(change.connection, store, [step.worker_id for step in plan.steps])
    over = actions.refuse_terms(wish, terms, change.now)
    if over is not None:
        return Overtaken([Changed("", "", over)], None)
    today = rules.plan(found, wish, terms, awake=_awake(change.connection), by=by, now=change.now)
    changes = rules.changes(plan.steps, today.steps)
    if changes:
        return Overtaken(changes, _keep(change, today, by) if found else None)

    def ask(worker: Worker, now: int) -> Asked:
        return actions.ask(worker, wish, id=str(uuid.uuid4()), by=by, now=now, terms=terms)

    return Applied(ask_all(change, [worker.id for worker in found], store.seen.at, ask, by))


# -- as JSON, and back


def _plain(step: Step) -> dict[str, Any]:
    said = {**asdict(step), "fate": step.fate.value}
    if step.loss is not None:
        said["loss"]["abort"] = step.loss.abort.value
    return said


def _step(said: Mapping[str, Any]) -> Step:
    loss = said["loss"] and Loss(**{**said["loss"], "abort": Abort(said["loss"]["abort"])})
    return Step(**{**said, "fate": Fate(said["fate"]), "loss": loss})


def _kept(row: Row[Any]) -> Kept:
    wish = Request(Status(row.wish["status"]), row.wish["lazy"])
    steps = tuple(_step(said) for said in row.steps)
    plan = Plan(wish, Terms(**row.wish["terms"]), steps, Capacity(**row.wish["capacity"]))
    return Kept(row.token, row.made_at + KEPT, plan)


def _answer(done: Applied | Overtaken) -> dict[str, Any]:
    match done:
        case Applied(answers):
            return {"answers": [asdict(answer) for answer in answers]}
        case Overtaken(changes, anew):
            return {"changes": [asdict(each) for each in changes], "anew": anew and anew.token}


def _answered(connection: Connection, said: Mapping[str, Any]) -> Applied | Overtaken:
    if "answers" in said:
        return Applied([Answer(**answer) for answer in said["answers"]])
    row = connection.execute(select(table).where(table.c.token == said["anew"])).first()
    return Overtaken([Changed(**each) for each in said["changes"]], None if row is None else _kept(row))
