"""Agents, and what they see. Each function but those with a `change` is one transaction. Tickets are in `tickets.py`.

Which service runs which worker is never claimed by one of the two alone: the worker says of which run of a service its
process is (INVOCATION_ID, 128 random bits that its supervisor made for that very run), and the agent says which run it
sees. Times are milliseconds since the epoch.
"""

import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ...worker.wire import RESTART_EXIT_CODE
from ..rules.attended import UP
from ..rules.facts import Fact, Kind
from . import door, events, workers
from .database import Change
from .store import Missing, Store
from .tables import agent, agent_service, worker

# A last sign of life is written down when it is this old, which is often enough for rules.agents.AWAY_MS.
_NOTE_MS = 20_000

# Two new runs of a service that are both worth an event are so far apart.
_RUNS_MS = 5_000


@dataclass(frozen=True)
class Enrolment:
    """What a program that wants to be an agent says of itself. code: for enrolment, if it has one."""

    name: str
    platform: str
    version: str
    secret: str
    ticket_key: str
    address: str
    code: str = ""


@dataclass(frozen=True)
class Agent:
    """An agent. trouble: why it does not see its services, if so. waiting: nobody has let it in yet."""

    id: str
    name: str
    platform: str
    version: str
    address: str
    supervisor: str
    trouble: str
    enrolled_at: int
    last_seen: int
    waiting: bool


@dataclass(frozen=True)
class Seen:
    """A service as an agent sees it; systemd's properties, and what an exit with `code` would bring.

    down: milliseconds between the end of its former run and the start of this one, None where nobody measured it.
    policy: what its supervisor does otherwise, in words; its keys are some of "clean", "crash" and "hang".
    """

    name: str
    invocation: str
    active: str
    sub: str
    result: str
    restarts: int
    exit: str
    code: int
    holds: bool
    why: str
    down: int | None = None
    policy: Mapping[str, str] | None = None

    @property
    def outline(self) -> tuple[object, ...]:
        """Return what is worth an event when it changes: a service that crashes all day makes few of them."""
        active = "up" if self.active in UP else self.active
        return active, self.code, self.holds, self.why


# -- who they are


def enrol(store: Store, said: Enrolment) -> str:
    """Make an agent, and return its id. Raises door.NotAdmitted, rules.joining.Full."""
    agent_id = str(uuid.uuid4())
    with store.database.write() as change:
        admitted = door.admit(store, change, said.code, said.address)
        change.connection.execute(
            insert(agent).values(
                id=agent_id,
                secret_hash=workers.hash_secret(said.secret),
                ticket_key=said.ticket_key,
                name=said.name,
                platform=said.platform,
                version=said.version,
                address=said.address,
                enrolled_at=change.now,
                last_seen=change.now,
                waiting=admitted.waiting,
            )
        )
        admitted.note(change, said.name)
        detail = {"agent": agent_id, "name": said.name, **admitted.said}
        events.append(change, Fact(Kind.AGENT_ENROLLED, detail))
    return agent_id


def authenticate(store: Store, agent_id: str, secret: str) -> Agent | None:
    """Return the agent with these credentials, or None; counts as a sign of life."""
    with store.database.read() as connection:
        row = agent_row(connection, agent_id)
    if row is None or not hmac.compare_digest(row.secret_hash, workers.hash_secret(secret)):
        return None
    if store.clock() - row.last_seen >= _NOTE_MS:
        with store.database.write() as change:
            change.connection.execute(update(agent).where(agent.c.id == agent_id).values(last_seen=change.now))
    return _agent(row)


def known(store: Store) -> list[Agent]:
    """Return the agents, by name."""
    query = select(agent).where(agent.c.deleted_at.is_(None)).order_by(agent.c.name, agent.c.id)
    with store.database.read() as connection:
        return [_agent(row) for row in connection.execute(query)]


def remove(store: Store, agent_id: str, by: str) -> None:
    """Forget an agent and what it saw; its credentials are refused from now on. Raises Missing."""
    with store.database.write() as change:
        row = agent_row(change.connection, agent_id)
        if row is None:
            raise Missing(f"there is no agent {agent_id}")
        change.connection.execute(delete(agent_service).where(agent_service.c.agent_id == agent_id))
        seq = events.append(change, Fact(Kind.AGENT_DELETED, {"agent": agent_id, "name": row.name}), who=by)
        values = {"deleted_at": change.now, "ticket_key": "", "secret_hash": "", "bell": seq}
        change.connection.execute(update(agent).where(agent.c.id == agent_id).values(values))


def agent_row(connection: Connection, agent_id: str) -> Row[Any] | None:
    """Return all that is kept of an agent; None where there is none."""
    return connection.execute(select(agent).where(agent.c.id == agent_id, agent.c.deleted_at.is_(None))).first()


def _agent(row: Row[Any]) -> Agent:
    names = Agent.__dataclass_fields__
    return Agent(**{name: getattr(row, name) for name in names})


# -- what they see


def report(store: Store, agent_id: str, supervisor: str, trouble: str, services: Sequence[Seen]) -> Mapping[str, int]:
    """Take what an agent sees, and return the restart codes of the workers. trouble: it sees nothing, and why."""
    with store.database.write() as change:
        values = {"supervisor": supervisor, "trouble": trouble, "last_seen": change.now}
        change.connection.execute(update(agent).where(agent.c.id == agent_id).values(values))
        if not trouble:
            _see(change, agent_id, services)
        return _codes(change.connection, agent_id)


def _see(change: Change, agent_id: str, services: Sequence[Seen]) -> None:
    before = {row.name: row for row in change.connection.execute(_services_of(agent_id))}
    gone = before.keys() - {each.name for each in services}
    mine = agent_service.c.agent_id == agent_id
    change.connection.execute(delete(agent_service).where(mine, agent_service.c.name.in_(gone)))
    for each in services:
        row = before.get(each.name)
        values = {**vars(each), "attested_at": change.now}
        if row is None:
            change.connection.execute(insert(agent_service).values(agent_id=agent_id, **values))
        else:
            change.connection.execute(
                update(agent_service).where(mine, agent_service.c.name == each.name).values(values)
            )
        worker_id = _bind(change, each.invocation) or (row.worker_id if row is not None else None)
        if worker_id is not None and (row is None or _seen(row).outline != each.outline):
            _tell(change, agent_id, worker_id, each)
        if worker_id is not None and row is not None:
            _tell_run(change, row, worker_id, each)


def _services_of(agent_id: str) -> Any:
    return select(agent_service).where(agent_service.c.agent_id == agent_id)


def _seen(row: Row[Any]) -> Seen:
    return Seen(**{name: getattr(row, name) for name in Seen.__dataclass_fields__})


def _tell(change: Change, agent_id: str, worker_id: str, service: Seen) -> None:
    detail = {
        "agent": agent_id,
        "service": service.name,
        **{name: getattr(service, name) for name in ("active", "result", "exit", "holds", "why")},
    }
    events.append(change, Fact(Kind.SERVICE_CHANGED, detail), worker_id=worker_id)


def _tell_run(change: Change, row: Row[Any], worker_id: str, service: Seen) -> None:
    """Tell of a new run of a service: of one that crashes all day now and then."""
    is_new = row.invocation and service.invocation and row.invocation != service.invocation
    if not is_new or (row.ran_at is not None and change.now - row.ran_at < _RUNS_MS):
        return
    detail = {
        "agent": row.agent_id,
        "service": service.name,
        "restarts": service.restarts,
        "by_itself": service.restarts > row.restarts,
        "exit": row.exit,
        "down": service.down,
    }
    events.append(change, Fact(Kind.SERVICE_RESTARTED, detail), worker_id=worker_id)
    this = (agent_service.c.agent_id == row.agent_id) & (agent_service.c.name == row.name)
    change.connection.execute(update(agent_service).where(this).values(ran_at=change.now))


def signed_on(change: Change, worker_id: str, invocation: str | None, restart_code: int | None) -> None:
    """Note of which run of a service a worker's process is, and tell its agent if the restart code is news."""
    values = {"invocation": invocation, "restart_code": restart_code}
    change.connection.execute(update(worker).where(worker.c.id == worker_id).values(values))
    if not invocation or _bind(change, invocation) is None or restart_code is None:
        return
    other = select(agent_service.c.agent_id).where(
        agent_service.c.worker_id == worker_id, agent_service.c.code != restart_code
    )
    change.connection.execute(update(agent).where(agent.c.id.in_(other)).values(bell=change.seq))


def _bind(change: Change, invocation: str) -> str | None:
    """Put together the service and the worker that are of the same run; return the worker, None without one."""
    if not invocation:
        return None
    of_run = select(worker.c.id).where(worker.c.invocation == invocation, worker.c.deleted_at.is_(None))
    found = change.connection.execute(of_run).scalars().all()
    # Two agents may look at the same service: the one that was heard of last is there. What one says that has not been
    # let in is kept, and counts for nothing yet.
    of_service = select(agent_service).join(agent).where(agent_service.c.invocation == invocation, ~agent.c.waiting)
    row = change.connection.execute(of_service.order_by(agent.c.last_seen.desc()).limit(1)).first()
    if len(found) != 1 or row is None:
        return None
    if row.worker_id != found[0]:
        former = update(agent_service).where(agent_service.c.worker_id == found[0])
        change.connection.execute(former.values(worker_id=None, worker_run=None))
    if (row.worker_id, row.worker_run) != (found[0], invocation):
        this = (agent_service.c.agent_id == row.agent_id) & (agent_service.c.name == row.name)
        values = {"worker_id": found[0], "worker_run": invocation}
        change.connection.execute(update(agent_service).where(this).values(values))
        _tell(change, row.agent_id, found[0], _seen(row))
    return str(found[0])


def bind_all(change: Change, agent_id: str) -> None:
    """Put together the services of an agent that was let in just now, and their workers."""
    for row in change.connection.execute(_services_of(agent_id)).all():
        _bind(change, row.invocation)


def codes(store: Store, agent_id: str) -> Mapping[str, int]:
    """Return the exit codes with which the workers of an agent's services ask to be restarted."""
    with store.database.read() as connection:
        return _codes(connection, agent_id)


def _codes(connection: Connection, agent_id: str) -> Mapping[str, int]:
    query = (
        select(agent_service.c.name, worker.c.restart_code)
        .join(worker, worker.c.id == agent_service.c.worker_id)
        .where(agent_service.c.agent_id == agent_id, worker.c.restart_code.is_not(None))
        .where(worker.c.restart_code != RESTART_EXIT_CODE)
    )
    return {row.name: row.restart_code for row in connection.execute(query)}


# -- their waiting requests


class Bells:
    """What web.push.Bells asks, for agents; the last ring of one that was removed has it ask, and learn that."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def bell(self, agent_id: str) -> int:
        with self._store.database.look() as connection:
            return connection.execute(select(agent.c.bell).where(agent.c.id == agent_id)).scalar() or 0

    def bells(self, since: int) -> Mapping[str, int]:
        query = select(agent.c.id, agent.c.bell).where(agent.c.bell > since)
        with self._store.database.look() as connection:
            return {row.id: row.bell for row in connection.execute(query)}
