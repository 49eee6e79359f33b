"""Tickets: what agents were asked to do, and what came of it. Each function is one transaction, or a part of one.

Times are milliseconds since the epoch.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ...units.tickets import Claims, seal
from ..rules import agents as rules
from ..rules.attended import Ticket, Verb
from ..rules.facts import Fact, Kind
from ..rules.workers import Worker
from . import events, workers
from .agents import agent_row
from .database import Change
from .store import Missing, Store
from .tables import agent, agent_service, ticket


@dataclass(frozen=True)
class Asked:
    """What came of asking: a ticket, new or open before; or why there is none. The text completes "NAME ..."."""

    name: str
    text: str
    ticket: Ticket | None = None


_DOES = {Verb.START: "is to be started", Verb.RESTART: "is to be restarted"}


def ask(store: Store, worker_id: str, verb: Verb, by: str) -> Asked:
    """Ask a worker's agent to start or restart it. Raises Missing."""
    with store.database.write() as change:
        found = workers.load(change.connection, [worker_id], store.seen.at)
        if not found:
            raise Missing(f"there is no worker {worker_id}")
        return ask_within(change, found[0], verb, by)


def ask_within(change: Change, worker: Worker, verb: Verb, by: str) -> Asked:
    """Do the same as a part of a transaction."""
    refusal = rules.refuse(worker, verb, change.now)
    attended = worker.attended
    if refusal is not None or attended is None:
        return Asked(worker.name, refusal or "has no agent")
    last = attended.ticket
    if last is not None and rules.is_open(last, change.now):
        return Asked(worker.name, f"was asked for already: {last.verb.value} {last.service}", last)
    made = _make(change, worker.id, attended.agent_id, attended.service, verb, by)
    return Asked(worker.name, f"{_DOES[verb]} by its agent {attended.agent}", made)


def _make(change: Change, worker_id: str, agent_id: str, service: str, verb: Verb, by: str) -> Ticket:
    expires = change.now + rules.TICKET_MS
    made = Ticket(str(uuid.uuid4()), agent_id, service, verb, worker_id, by, change.now, expires)
    change.connection.execute(insert(ticket).values({**vars(made), "verb": verb.value}))
    of_service = (agent_service.c.agent_id == agent_id) & (agent_service.c.name == service)
    change.connection.execute(update(agent_service).where(of_service).values(ticket_id=made.id))
    detail = {"ticket": made.id, "verb": verb.value, "agent": agent_id, "service": service}
    seq = events.append(change, Fact(Kind.TICKET_MADE, detail), worker_id=worker_id, who=by)
    change.connection.execute(update(agent).where(agent.c.id == agent_id).values(bell=seq))
    return made


def show(store: Store, ticket_id: str) -> Ticket:
    """Return one ticket, or raise Missing."""
    with store.database.read() as connection:
        return _load(connection, ticket_id)


def take(store: Store, agent_id: str, challenge: str) -> list[str]:
    """Write the tickets that wait for an agent, in answer to its challenge; they count as taken."""
    with store.database.read() as connection:
        if not _open(connection, agent_id, store.clock()):
            return []
    with store.database.write() as change:
        row = agent_row(change.connection, agent_id)
        waiting = _open(change.connection, agent_id, change.now) if row is not None else []
        for each in waiting:
            if each.taken_at is None:
                change.connection.execute(update(ticket).where(ticket.c.id == each.id).values(taken_at=change.now))
                detail = {"ticket": each.id, "verb": each.verb.value}
                events.append(change, Fact(Kind.TICKET_TAKEN, detail), worker_id=each.worker_id)
        return [seal(bytes.fromhex(row.ticket_key), _claims(each, challenge, change.now)) for each in waiting if row]


def _claims(it: Ticket, challenge: str, now: int) -> Claims:
    return Claims(it.id, it.agent_id, it.service, it.verb.value, challenge, now, it.expires_at)


def conclude(store: Store, agent_id: str, ticket_id: str, outcome: str, text: str) -> None:
    """Take an agent's word for what became of a ticket of its own. Raises Missing."""
    with store.database.write() as change:
        found = _load(change.connection, ticket_id)
        if found.agent_id != agent_id:
            raise Missing(f"there is no ticket {ticket_id} of this agent")
        if found.outcome:
            return
        values = {"outcome": outcome, "text": text, "ended_at": change.now}
        change.connection.execute(update(ticket).where(ticket.c.id == ticket_id).values(values))
        detail = {"ticket": ticket_id, "verb": found.verb.value, "outcome": outcome, "text": text}
        events.append(change, Fact(Kind.TICKET_ENDED, detail), worker_id=found.worker_id)


def _open(connection: Connection, agent_id: str, now: int) -> list[Ticket]:
    query = select(ticket).where(ticket.c.agent_id == agent_id, ticket.c.outcome == "").order_by(ticket.c.made_at)
    recent = query.where(ticket.c.made_at > now - rules.TICKET_MS - rules.UNDERWAY_MS)
    return [each for each in map(_ticket, connection.execute(recent)) if rules.is_open(each, now)]


def _load(connection: Connection, ticket_id: str) -> Ticket:
    row = connection.execute(select(ticket).where(ticket.c.id == ticket_id)).first()
    if row is None:
        raise Missing(f"there is no ticket {ticket_id}")
    return _ticket(row)


def _ticket(row: Row[Any]) -> Ticket:
    return Ticket(**{**row._mapping, "verb": Verb(row.verb)})
