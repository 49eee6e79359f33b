"""What pages say of agents and of what they see. Each function is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from .store import Store
from .tables import agent_service, worker


@dataclass(frozen=True)
class Attending:
    """A service that an agent sees, and the worker that it runs, if that is known."""

    service: str
    active: str
    worker_id: str | None
    worker: str | None


def by_agent(store: Store) -> Mapping[str, Sequence[Attending]]:
    """Return what each agent sees, by its id; services by name."""
    query = (
        select(agent_service.c.agent_id, agent_service.c.name, agent_service.c.active, worker.c.id, worker.c.name)
        .outerjoin(worker, worker.c.id == agent_service.c.worker_id)
        .order_by(agent_service.c.name)
    )
    found: dict[str, list[Attending]] = {}
    with store.database.read() as connection:
        for agent_id, *told in connection.execute(query):
            found.setdefault(agent_id, []).append(Attending(*told))
    return found


def policy_of(store: Store, worker_id: str) -> Mapping[str, str]:
    """Return what the supervisor of a worker's service does otherwise, as Seen has it; nothing without an agent."""
    query = select(agent_service.c.policy).where(agent_service.c.worker_id == worker_id)
    with store.database.look() as connection:
        return connection.execute(query).scalar() or {}
