"""Plans of actions: made, kept for some minutes, applied once. Each public function is one transaction."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from ...worker.wire import Request, Status
from ..rules import actions
from ..rules import plan as rules
from ..rules.actions import Answer, Asked
from ..rules.confirming import verdict
from ..rules.holding import as_held
from ..rules.plan import NOBODY, Abort, Capacity, Changed, Farm, Fate, Loss, Plan, Spared, Step, TagCapacity
from ..rules.workers import Terms, Worker
from . import workers
from .asking import ask_all
from .database import Change
from .store import Missing, Store
from .tables import plan as table
from .tables import tag, worker_tag
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


def make(
    store: Store, worker_ids: Sequence[str], wish: Request, terms: Terms, by: str, spared: Spared = NOBODY
) -> Kept:
    """Foresee an action for these workers; raises Missing where one does not exist."""
    with store.database.read() as connection:
        found = _load(connection, store, worker_ids)
        known = {worker.id for worker in found}
        missing = [id for id in worker_ids if id not in known]
        if missing:
            raise Missing(f"there is no worker {missing[0]}")
        plan = _foresee(connection, found, wish, terms, by, store.clock(), spared)
    with store.database.write() as change:
        return _keep(change, plan, by)


def act(
    store: Store,
    worker_ids: Sequence[str],
    wish: Request,
    terms: Terms,
    by: str,
    *,
    named: bool,
    hold: int,
    spared: Spared = NOBODY,
) -> Applied | Kept:
    """Do an action at once where nobody has to be asked before, and keep the plan of it where somebody has.

    named: the workers were picked one by one. hold: for how many milliseconds it can be undone.
    """
    with store.database.read() as connection:
        found = _load(connection, store, worker_ids)
        plan = _foresee(connection, found, wish, terms, by, store.clock(), spared)
    share = store.settings.confirm_share / 100
    asks = verdict(plan, named=named, share=share).asks
    with store.database.write() as change:
        if not asks:
            done = _apply(store, change, plan, by, hold, spared)
            if isinstance(done, Applied):
                return done
            plan = done.anew.plan if done.anew else plan
        return _keep(change, plan, by)


def one(store: Store, token: str) -> Kept:
    """Return a plan that is kept; raises Missing."""
    with store.database.read() as connection:
        return _kept(_row(connection, token))


def overtaken_by(store: Store, token: str) -> Sequence[Changed]:
    """Return what kept a plan from being applied; nothing where nothing did."""
    with store.database.read() as connection:
        row = connection.execute(select(table).where(table.c.token == token)).first()
    return [Changed(**each) for each in row.answer.get("changes", ())] if row and row.answer else []


def _foresee(
    connection: Connection, found: Sequence[Worker], wish: Request, terms: Terms, by: str, now: int, spared: Spared
) -> Plan:
    return rules.plan(found, wish, terms, farm=_farm(connection, found), by=by, now=now, spared=spared)


def _load(connection: Connection, store: Store, worker_ids: Sequence[str]) -> list[Worker]:
    found = {worker.id: worker for worker in workers.load(connection, worker_ids, store.seen.at)}
    return [found[id] for id in dict.fromkeys(worker_ids) if id in found]


def _keep(change: Change, plan: Plan, by: str) -> Kept:
    change.connection.execute(delete(table).where(table.c.made_at < change.now - KEPT))
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
            "farm": plan.farm,
        },
        "steps": [_plain(step) for step in plan.steps],
    }
    change.connection.execute(insert(table).values(values))
    return Kept(token, change.now + KEPT, plan)


_EXISTS = worker_table.c.deleted_at.is_(None)
_IS_AWAKE = worker_table.c.status == Status.AWAKE.value
_COUNTED = select(func.count(), func.coalesce(func.sum(case((_IS_AWAKE, 1), else_=0)), 0)).where(_EXISTS)
_BY_TAG = (
    select(tag.c.name, func.count())
    .select_from(worker_table)
    .join(worker_tag, worker_tag.c.worker_id == worker_table.c.id)
    .join(tag, tag.c.id == worker_tag.c.tag_id)
    .where(_EXISTS, _IS_AWAKE)
    .group_by(tag.c.name)
)
_WHOSE = select(worker_tag.c.worker_id, tag.c.name).join(tag, tag.c.id == worker_tag.c.tag_id)


def _farm(connection: Connection, found: Sequence[Worker]) -> Farm:
    """Count the workers, and say which of those found has which tags."""
    known, awake = connection.execute(_COUNTED).one()
    by_tag = {name: count for name, count in connection.execute(_BY_TAG)}  # noqa: C416
    ids, whose = {worker.id for worker in found}, dict[str, list[str]]()
    for worker_id, name in connection.execute(_WHOSE) if by_tag else ():
        if worker_id in ids:
            whose.setdefault(worker_id, []).append(name)
    return Farm(known, int(awake), by_tag, whose)


def apply(store: Store, token: str, by: str, hold: int = 0, spared: Spared = NOBODY) -> Applied | Overtaken:
    """Do exactly what was planned, or say what has changed; again the same answer. Raises Missing, Expired.

    hold: for how many milliseconds what aborts a task can be undone.
    """
    return _conclude(store, token, by, lambda plan: plan, hold, spared)


def soften(store: Store, token: str, by: str, spared: Spared = NOBODY) -> Applied | Overtaken:
    """Ask for it after the task instead; or say what has changed. Raises as apply does."""
    return _conclude(store, token, by, _softened, 0, spared)


def _softened(plan: Plan) -> Plan:
    return replace(plan, wish=replace(plan.wish, lazy=True), terms=replace(plan.terms, deadline=None))


def _conclude(
    store: Store, token: str, by: str, turn: Callable[[Plan], Plan], hold: int, spared: Spared
) -> Applied | Overtaken:
    with store.database.write() as change:
        row = _row(change.connection, token)
        if row.answer is not None:
            return _answered(change.connection, row.answer)
        done = _apply(store, change, turn(_fresh(row, change.now).plan), by, hold, spared)
        change.connection.execute(update(table).where(table.c.token == token).values(answer=_answer(done)))
        return done


def _row(connection: Connection, token: str) -> Row[Any]:
    row = connection.execute(select(table).where(table.c.token == token)).first()
    if row is None:
        raise Missing(f"there is no plan {token}; plans are kept for {KEPT // 60_000} minutes")
    return row


def _fresh(row: Row[Any], now: int) -> Kept:
    kept = _kept(row)
    if kept.expires_at < now:
        raise Expired(f"the plan is older than {KEPT // 60_000} minutes; make another one")
    return kept


def _apply(store: Store, change: Change, plan: Plan, by: str, hold: int, spared: Spared) -> Applied | Overtaken:
    wish, terms = plan.wish, plan.terms
    found = _load(change.connection, store, [step.worker_id for step in plan.steps])
    over = actions.refuse_terms(wish, terms, change.now)
    if over is not None:
        return Overtaken([Changed("", "", over)], None)
    today = _foresee(change.connection, found, wish, terms, by, change.now, spared)
    changes = rules.changes(plan.steps, today.steps)
    if changes:
        return Overtaken(changes, _keep(change, today, by) if found else None)

    def ask(worker: Worker, now: int) -> Asked:
        held, ends = as_held(worker, wish, terms, hold, now)
        return rules.ask(worker, held, id=str(uuid.uuid4()), by=by, now=now, terms=ends, spared=spared)

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
    said = row.wish["capacity"]
    capacity = Capacity(**{**said, "tags": tuple(TagCapacity(**each) for each in said.get("tags", ()))})
    plan = Plan(wish, Terms(**row.wish["terms"]), steps, capacity, row.wish.get("farm", 0))
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
