"""Plans of actions: made, kept for some minutes, applied once. Each public function is one transaction."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from ...worker.wire import Request, Status
from ..rules import actions
from ..rules import plan as rules
from ..rules.actions import Answer, Asked
from ..rules.confirming import verdict
from ..rules.holding import as_held
from ..rules.plan import NO_FARM, NOBODY, Changed, Farm, Plan, Spared, Step
from ..rules.workers import Terms, Worker
from . import planrows, workers
from .asking import ask_those, note_all
from .database import Change
from .planrows import KEPT
from .planrows import Applied as Applied  # for all who apply
from .planrows import Kept as Kept
from .planrows import Overtaken as Overtaken
from .store import Missing, Store
from .tables import plan as table
from .tables import tag, worker_tag
from .tables import worker as worker_table

# So many workers are asked in one transaction: it takes about a tenth of a second, and others write between two.
BATCH = 500


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
        return planrows.kept(_row(connection, token))


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
    values = {"token": token, "made_at": change.now, "made_by": by, **planrows.values(plan)}
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
    with store.database.read() as connection:
        row = _row(connection, token)
        if row.answer is not None:
            return _answered(connection, row.answer)
        plan = turn(_fresh(row, store.clock()).plan)
    if len(plan.steps) > BATCH:
        return _in_parts(store, token, plan, by, hold, spared)
    with store.database.write() as change:
        row = _row(change.connection, token)
        if row.answer is not None:
            return _answered(change.connection, row.answer)
        done = _apply(store, change, plan, by, hold, spared)
        _write(change, token, planrows.answer(done))
        return done


def _answered(connection: Connection, said: Mapping[str, Any]) -> Applied | Overtaken:
    if "begun" in said:
        raise Expired("the plan is being done, or was broken off; see who has been asked, and make another one")
    return planrows.answered(connection, said)


def _write(change: Change, token: str, answer: Mapping[str, Any]) -> None:
    change.connection.execute(update(table).where(table.c.token == token).values(answer=dict(answer)))


def _in_parts(store: Store, token: str, plan: Plan, by: str, hold: int, spared: Spared) -> Applied | Overtaken:
    """Do what concerns many in several transactions, so that workers who call meanwhile do not have to wait.

    Nothing is begun where something has changed since it was planned; who changes between two of the parts is left out,
    and the answer says so.
    """
    with store.database.write() as change:
        row = _row(change.connection, token)
        if row.answer is not None:
            return _answered(change.connection, row.answer)
        _write(change, token, {"begun": change.now})
    found, overtaken = _look(store, plan, by, spared)
    asked: list[Answer] = []
    for start in range(0, len(found), BATCH):
        asked += _part(store, plan, found[start : start + BATCH], by, hold, spared)
    done = overtaken or Applied(asked)
    said = planrows.answer(done)
    with store.database.write() as change:
        _write(change, token, said)
    return done


# A worker as it was read, and what it was made of.
_Seen = tuple[Worker, Row[Any]]


def _look(store: Store, plan: Plan, by: str, spared: Spared) -> tuple[Sequence[_Seen], Overtaken | None]:
    """Return the plan's workers, none if something has changed; and what has."""
    ids = [step.worker_id for step in plan.steps]
    with store.database.read() as connection:
        now = store.clock()
        over = actions.refuse_terms(plan.wish, plan.terms, now)
        if over is not None:
            return (), Overtaken([Changed("", "", over)], None)
        rows = {row.id: row for row in workers.rows(connection, ids)}
        seen = [(workers.of_row(rows[id], store.seen.at), rows[id]) for id in ids if id in rows]
        found = [worker for worker, _ in seen]
        changes = rules.changes(plan.steps, _foreseen(plan, found, by, now, spared))
        if not changes:
            return seen, None
        today = _foresee(connection, found, plan.wish, plan.terms, by, now, spared)
    with store.database.write() as change:
        return (), Overtaken(changes, _keep(change, today, by) if found else None)


def _part(store: Store, plan: Plan, those: Sequence[_Seen], by: str, hold: int, spared: Spared) -> list[Answer]:
    """Ask those to whom it would still do what was planned.

    All is decided before others have to wait; it is decided again for those to whom something has happened meanwhile.
    """
    ask, now = _asking(plan, by, hold, spared), store.clock()
    asked = {worker.id: (worker, ask(worker, now)) for worker, _ in those}
    with store.database.write() as change:
        rows = {row.id: row for row in workers.rows(change.connection, list(asked))}
        others = [worker for worker, row in those if rows.get(worker.id) != row]
        are = {it.id: workers.of_row(rows[it.id], store.seen.at) for it in others if it.id in rows}
        late = {each.worker_id: each for each in _late(plan, others, are, by, change.now, spared)}
        asked.update({id: (worker, ask(worker, change.now)) for id, worker in are.items()})
        done = note_all(change, [each for id, each in asked.items() if id not in late], by)
    text = "changed meanwhile and is left out: {}"
    return [*done, *(Answer(id, it.name, False, text.format(it.text), changed=False) for id, it in late.items())]


def _late(
    plan: Plan, were: Sequence[Worker], are: Mapping[str, Worker], by: str, now: int, spared: Spared
) -> Sequence[Changed]:
    """Return those of these workers to whom it would do something else by now."""

    still = [are[worker.id] for worker in were if worker.id in are]
    return rules.changes(_foreseen(plan, were, by, now, spared), _foreseen(plan, still, by, now, spared))


def _foreseen(plan: Plan, those: Sequence[Worker], by: str, now: int, spared: Spared) -> Sequence[Step]:
    """Return what a plan's action would do to these by now."""
    return rules.plan(those, plan.wish, plan.terms, farm=NO_FARM, by=by, now=now, spared=spared).steps


def _row(connection: Connection, token: str) -> Row[Any]:
    row = connection.execute(select(table).where(table.c.token == token)).first()
    if row is None:
        raise Missing(f"there is no plan {token}; plans are kept for {KEPT // 60_000} minutes")
    return row


def _fresh(row: Row[Any], now: int) -> Kept:
    kept = planrows.kept(row)
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

    return Applied(ask_those(change, found, _asking(plan, by, hold, spared), by))


def _asking(plan: Plan, by: str, hold: int, spared: Spared) -> Callable[[Worker, int], Asked]:
    """Return what asks a worker for what a plan is about."""

    def ask(worker: Worker, now: int) -> Asked:
        held, ends = as_held(worker, plan.wish, plan.terms, hold, now)
        return rules.ask(worker, held, id=str(uuid.uuid4()), by=by, now=now, terms=ends, spared=spared)

    return ask
