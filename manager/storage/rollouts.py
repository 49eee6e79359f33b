"""Rolling actions: made, looked after, paused, gone on with, canceled. Each public function is one transaction.

Any manager may look after any of them at any time: what one has done, the next finds written down.
"""

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from ...worker.wire import Request, Status
from ..rules import rolling
from ..rules import rollouts as rules
from ..rules.facts import Fact, Kind
from ..rules.rolling import Move, Scene
from ..rules.rollouts import AWAY, LEFT_OUT, STEPS, Command, Rollout, Stage, State, Turn
from . import events, workers
from .database import Change
from .store import Missing, Store
from .tables import rollout as table
from .tables import turn as turns

log = logging.getLogger(__name__)

# So many more of those that wait are loaded as there are places free: some may have to be left out.
SPARE = 8

_TURN = tuple(field.name for field in fields(Turn))


@dataclass(frozen=True)
class Overview:
    """A rolling action, and how many of its workers are at which stage."""

    rollout: Rollout
    stages: Mapping[Stage, int]


def make(store: Store, worker_ids: Sequence[str], rollout: Rollout) -> str:
    """Begin a rolling action with these workers in their order; returns its id. Raises Missing."""
    id = str(uuid.uuid4())
    with store.database.write() as change:
        found = {worker.id: worker for worker in workers.load(change.connection, worker_ids, store.seen.at)}
        missing = [each for each in worker_ids if each not in found]
        if missing:
            raise Missing(f"there is no worker {missing[0]}")
        made = replace(rollout, id=id, made_at=change.now)
        change.connection.execute(insert(table).values({**_columns(made), "id": id, "open": True}))
        rows = [
            {**_turn_columns(Turn(each, found[each].name, position)), "rollout_id": id}
            for position, each in enumerate(dict.fromkeys(worker_ids))
        ]
        change.connection.execute(insert(turns), rows)
        wish = {"status": made.wish.status.value, "lazy": made.wish.lazy}
        detail = {"rollout": id, **wish, "workers": len(rows), "at_once": made.at_once, "reason": made.reason}
        events.append(change, Fact(Kind.ROLLOUT_MADE, detail), who=made.by)
    return id


def command(store: Store, rollout_id: str, what: Command, by: str) -> None:
    """Pause it, go on, or cancel it; raises Missing, rules.rollouts.Refused."""
    with store.database.write() as change:
        was = _load(change.connection, rollout_id)
        now = rules.commanded(was, what, by, change.now)
        if what is Command.RESUME:
            _restage(change, rollout_id, Stage.FAILED, {"stage": Stage.LEFT.value})
        if what is Command.CANCEL:
            out = {"stage": Stage.SKIPPED.value, "why": LEFT_OUT, "ended_at": change.now}
            _restage(change, rollout_id, Stage.WAITING, out)
        change.connection.execute(update(table).where(table.c.id == rollout_id).values(_columns(now)))
        events.append(change, rules.turned(was, now), who=by)


def _restage(change: Change, rollout_id: str, stage: Stage, values: Mapping[str, Any]) -> None:
    here = (turns.c.rollout_id == rollout_id, turns.c.stage == stage.value)
    change.connection.execute(update(turns).where(*here).values(values))


# -- looking after them


def open_ids(store: Store) -> list[str]:
    """Return those that have to be looked after."""
    with store.database.read() as connection:
        return list(connection.execute(select(table.c.id).where(table.c.open)).scalars())


def look(store: Store, rollout_id: str, since: int = 0) -> int | None:
    """Do what there is to do; return when to look again (milliseconds since the epoch), None: when something happens.

    since: when this manager began to hear of workers. It looks before it takes the lock of those who write: most of
    what happens makes no difference.
    """
    with store.database.read() as connection:
        move, moves = _move(connection, store, rollout_id, since, store.clock())
    if not moves:
        return move.due
    with store.database.write() as change:
        move, moves = _move(change.connection, store, rollout_id, since, change.now)
        if moves:
            _save(store, change, move)
    for _, fact in move.facts:
        _log(rollout_id, fact)
    return move.due


def _log(rollout_id: str, fact: Fact) -> None:
    if fact.kind is Kind.ROLLOUT_STATUS:
        level = logging.WARNING if fact.detail["to"] == State.HALTED.value else logging.INFO
        why = f": {fact.detail['why']}" if fact.detail["why"] else ""
        log.log(level, "rolling action %s is %s%s", rollout_id, fact.detail["to"], why)


def _move(connection: Connection, store: Store, rollout_id: str, since: int, now: int) -> tuple[Move, bool]:
    """Return the next move, and whether it changes anything."""
    rollout = _load(connection, rollout_id)
    move = rolling.advance(rollout, _scene(connection, store, rollout, since), now)
    is_open = connection.execute(select(table.c.open).where(table.c.id == rollout_id)).scalar_one()
    return move, bool(move.turns or move.asked or move.rollout != rollout or is_open != _stays_open(move))


def _stays_open(move: Move) -> bool:
    return move.rollout.state not in (State.DONE, State.CANCELED) or move.in_flight


def _scene(connection: Connection, store: Store, rollout: Rollout, since: int) -> Scene:
    begun = _turns(connection, rollout.id, STEPS.keys())
    free = rollout.at_once - sum(turn.stage in AWAY for turn in begun)
    next_ones = _turns(connection, rollout.id, {Stage.WAITING}, free + SPARE)
    found = workers.load(connection, [turn.worker_id for turn in (*begun, *next_ones)], store.seen.at)
    here = turns.c.rollout_id == rollout.id
    counted = select(func.count()).select_from(turns).where(here, turns.c.stage == Stage.WAITING.value)
    done = exists().where(here, turns.c.stage == Stage.DONE.value, turns.c.asked_at.is_not(None))
    return Scene(
        turns=[*begun, *next_ones],
        workers={worker.id: worker for worker in found},
        waiting=connection.execute(counted).scalar_one(),
        proven=bool(connection.execute(select(done)).scalar()),
        since=since,
    )


def _save(store: Store, change: Change, move: Move) -> None:
    rollout = move.rollout
    found = {worker.id: worker for worker in workers.load(change.connection, list(move.asked), store.seen.at)}
    for worker_id, moved in move.asked.items():
        workers.save(change, found[worker_id], moved, rollout.asker)
    for turn in move.turns.values():
        here = (turns.c.rollout_id == rollout.id, turns.c.worker_id == turn.worker_id)
        change.connection.execute(update(turns).where(*here).values(_turn_columns(turn)))
    for worker_id_or_none, fact in move.facts:
        events.append(change, fact, worker_id=worker_id_or_none, who=rollout.asker)
    values = {**_columns(rollout), "open": _stays_open(move)}
    change.connection.execute(update(table).where(table.c.id == rollout.id).values(values))


# -- what operators see


def every(store: Store, limit: int = 100) -> list[Overview]:
    """Return the rolling actions, the newest first."""
    with store.database.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.made_at.desc(), table.c.id).limit(limit)).all()
        counted = (
            select(turns.c.rollout_id, turns.c.stage, func.count())
            .where(turns.c.rollout_id.in_([row.id for row in rows]))
            .group_by(turns.c.rollout_id, turns.c.stage)
        )
        stages: dict[str, dict[Stage, int]] = {}
        for rollout_id, stage, number in connection.execute(counted):
            stages.setdefault(rollout_id, {})[Stage(stage)] = number
    return [Overview(_rollout(row), stages.get(row.id, {})) for row in rows]


def one(store: Store, rollout_id: str) -> tuple[Rollout, list[Turn]]:
    """Return one with its workers in their order; raises Missing."""
    with store.database.read() as connection:
        return _load(connection, rollout_id), _turns(connection, rollout_id, frozenset(Stage))


# -- rows


def _load(connection: Connection, rollout_id: str) -> Rollout:
    row = connection.execute(select(table).where(table.c.id == rollout_id)).first()
    if row is None:
        raise Missing(f"there is no rolling action {rollout_id}")
    return _rollout(row)


def _turns(connection: Connection, rollout_id: str, stages: Collection[Stage], limit: int | None = None) -> list[Turn]:
    chosen = turns.c.rollout_id == rollout_id, turns.c.stage.in_([stage.value for stage in stages])
    query = select(turns).where(*chosen).order_by(turns.c.position).limit(limit)
    return [
        Turn(**{name: row._mapping[name] for name in _TURN if name != "stage"}, stage=Stage(row.stage))
        for row in connection.execute(query)
    ]


def _turn_columns(turn: Turn) -> dict[str, Any]:
    return {**asdict(turn), "stage": turn.stage.value}


def _rollout(row: Row[Any]) -> Rollout:
    return Rollout(
        id=row.id,
        wish=Request(Status(row.status), row.lazy),
        by=row.made_by,
        at_once=row.at_once,
        canary=row.canary,
        patience=row.patience,
        watch=row.watch,
        deadline=row.deadline,
        reason=row.reason,
        state=State(row.state),
        why=row.why,
        made_at=row.made_at,
        ended_at=row.ended_at,
    )


def _columns(it: Rollout) -> dict[str, Any]:
    return {
        "made_at": it.made_at,
        "made_by": it.by,
        "status": it.wish.status.value,
        "lazy": it.wish.lazy,
        "reason": it.reason,
        "at_once": it.at_once,
        "canary": it.canary,
        "patience": it.patience,
        "watch": it.watch,
        "deadline": it.deadline,
        "state": it.state.value,
        "why": it.why,
        "ended_at": it.ended_at,
    }
