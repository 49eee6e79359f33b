"""Who waits to be let in, who is let in, who is turned away or put out again.

Functions that take a store are one transaction each. Times are milliseconds since the epoch.
"""

import hmac
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, delete, literal, select, update

from ..rules import joining as rules
from ..rules import schedules as schedule_rules
from ..rules.facts import Fact, Kind
from ..rules.workers import Worker
from . import agents, events, flow, schedules, workers
from .database import Change
from .store import Store
from .tables import agent, agent_service, worker

# -- who waits


@dataclass(frozen=True)
class Guest:
    """A worker or an agent that wants to join."""

    id: str
    kind: str
    name: str
    address: str
    platform: str
    since: int
    last_seen: int | None


def waiting(store: Store) -> list[Guest]:
    """Return who waits to be let in, the oldest first."""
    with store.database.read() as connection:
        rows = [
            *connection.execute(_guests(worker, "worker", worker.c.registered_at)),
            *connection.execute(_guests(agent, "agent", agent.c.enrolled_at)),
        ]
    return sorted((Guest(*row) for row in rows), key=lambda guest: (guest.since, guest.name, guest.id))


def _guests(table: Table, kind: str, since: Any) -> Any:
    columns = [table.c.id, literal(kind), *(table.c[name] for name in ("name", "address", "platform"))]
    return select(*columns, since, table.c.last_seen).where(table.c.waiting, table.c.deleted_at.is_(None))


# -- what a person does


def let_in(store: Store, ids: Sequence[str], by: str) -> list[str]:
    """Let workers and agents in; return the names of those that waited. They hear of it at once."""
    with store.database.write() as change:
        guests, strangers = _found(store, change, ids, waiting=True)
        for it in guests:
            verdict = schedules.verdict(change.connection, it.id, change.now)
            start = schedule_rules.start_status(rules.inside(it), verdict)
            workers.save(change, it, rules.let_in(it, start, id=str(uuid.uuid4()), by=by, now=change.now), by)
        for row in strangers:
            seq = events.append(change, Fact(Kind.AGENT_ADMITTED, {"agent": row.id, "name": row.name}), who=by)
            change.connection.execute(update(agent).where(agent.c.id == row.id).values(waiting=False, bell=seq))
            agents.bind_all(change, row.id)
    return _names(guests, strangers)


def turn_away(store: Store, ids: Sequence[str], by: str) -> list[str]:
    """Do not let them in; return the names of those that waited."""
    return _put_out(store, ids, by, "it was not let in", waiting=True)


def revoke(store: Store, ids: Sequence[str], by: str, reason: str = "") -> list[str]:
    """Take their credentials from workers and agents; return the names of those that had some.

    What a worker was at work on is queued again. Who comes back comes as a new one.
    """
    return _put_out(store, ids, by, reason, waiting=False)


def _put_out(store: Store, ids: Sequence[str], by: str, reason: str, *, waiting: bool) -> list[str]:
    with store.database.write() as change:
        them, their_agents = _found(store, change, ids, waiting=waiting)
        for it in them:
            _put_worker_out(change, it, by, reason)
        for row in their_agents:
            _put_agent_out(change, row, by, reason)
    for it in them:
        store.seen.forget(it.id)
    return _names(them, their_agents)


def _names(found: Sequence[Worker], rows: Sequence[Row[Any]]) -> list[str]:
    return [*(it.name for it in found), *(row.name for row in rows)]


def _found(
    store: Store, change: Change, ids: Sequence[str], *, waiting: bool
) -> tuple[list[Worker], Sequence[Row[Any]]]:
    """Return those workers and agents that there are; waiting: those alone that nobody has let in."""
    found = [it for it in workers.load(change.connection, list(ids), store.seen.at) if it.waiting or not waiting]
    there = select(agent).where(agent.c.id.in_(list(ids)), agent.c.deleted_at.is_(None)).order_by(agent.c.name)
    rows = change.connection.execute(there.where(agent.c.waiting) if waiting else there).all()
    return found, rows


def _put_worker_out(change: Change, it: Worker, by: str, reason: str) -> None:
    flow.let_go(change, it.id, f"queued again: the credentials of worker {it.name} were revoked", by)
    fact = Fact(Kind.WORKER_REVOKED, {"name": it.name, "reason": reason, "waiting": it.waiting})
    events.append(change, fact, worker_id=it.id, who=by)
    workers.remove(change, it.id)
    change.connection.execute(update(worker).where(worker.c.id == it.id).values(waiting=False, revoked=reason))
    workers.ring(change, it.id)


def _put_agent_out(change: Change, row: Row[Any], by: str, reason: str) -> None:
    detail = {"agent": row.id, "name": row.name, "reason": reason, "waiting": row.waiting}
    seq = events.append(change, Fact(Kind.AGENT_REVOKED, detail), who=by)
    change.connection.execute(delete(agent_service).where(agent_service.c.agent_id == row.id))
    gone = {"deleted_at": change.now, "ticket_key": "", "waiting": False, "revoked": reason, "bell": seq}
    change.connection.execute(update(agent).where(agent.c.id == row.id).values(gone))


# -- who was put out


def farewell(store: Store, id: str, secret: str) -> str:
    """Say to whom had these credentials why they are refused; to anybody else nothing, ""."""
    with store.database.read() as connection:
        for table in (worker, agent):
            row = connection.execute(select(table.c.secret_hash, table.c.revoked).where(table.c.id == id)).first()
            if row and row.revoked is not None and hmac.compare_digest(row.secret_hash, workers.hash_secret(secret)):
                return f"somebody at the manager revoked these credentials{f': {row.revoked}' if row.revoked else ''}"
    return ""
