"""What the agent on a worker's node says of the service that runs the worker. Pure."""

from dataclasses import dataclass
from enum import Enum

# systemd's ActiveState: those in which a process of the service runs, or soon will.
UP = frozenset({"active", "activating", "deactivating", "reloading", "refreshing"})


class Verb(Enum):
    """What an agent does with a service, and nothing else."""

    START = "start"
    RESTART = "restart"


@dataclass(frozen=True)
class Ticket:
    """Something that an agent was asked to do. taken_at: when the agent fetched it; outcome: done, failed, refused."""

    id: str
    agent_id: str
    service: str
    verb: Verb
    worker_id: str
    by: str
    made_at: int
    expires_at: int
    taken_at: int | None = None
    ended_at: int | None = None
    outcome: str = ""
    text: str = ""


@dataclass(frozen=True)
class Attended:
    """A service that ran a worker, last seen by an agent. Times are milliseconds since the epoch.

    supervisor: farmhand or systemd. heard_at: when the agent was last heard of; trouble: why it cannot see its
    services, if so. active, sub, result, restarts: systemd's properties; exit: how its main process ended last. own:
    the worker's last process was one of this service; same_run: of the very run that the agent sees. code, holds, why:
    whether ending with that exit code is a planned restart there, as of attested_at; worker_code: the one that the
    worker uses. ticket: the last one.
    """

    agent_id: str
    agent: str
    service: str
    supervisor: str = "farmhand"
    heard_at: int = 0
    trouble: str = ""
    active: str = "active"
    sub: str = "running"
    result: str = "success"
    restarts: int = 0
    exit: str = ""
    own: bool = True
    same_run: bool = True
    code: int | None = None
    holds: bool = False
    why: str = ""
    attested_at: int = 0
    worker_code: int | None = None
    ticket: Ticket | None = None

    @property
    def up(self) -> bool:
        return self.active in UP
