"""What a manager can answer, in the words of this program; `client.py` makes them out of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..wire import Status


@dataclass(frozen=True)
class Command:
    """One step of a task. total_steps: 0 where the command does not count its own."""

    name: str
    parameters: Mapping[str, object]
    total_steps: int = 0


@dataclass(frozen=True)
class Task:
    """A task as it was handed out. attempt: how often it was, where the manager counts; reports repeat it."""

    id: str
    name: str
    job: str
    type: str
    commands: tuple[Command, ...]
    attempt: int | None = None


@dataclass(frozen=True)
class Registered:
    """The manager knows this worker from now on, by this id."""

    id: str


@dataclass(frozen=True)
class SignedOn:
    """Welcome; `push` is where the bell is, if the manager has one. waiting: nobody has let this worker in yet."""

    requested: Status
    push: str | None = None
    waiting: bool = False


@dataclass(frozen=True)
class Noted:
    """The manager took note of what it was told."""


@dataclass(frozen=True)
class Stay:
    """No request is pending."""


@dataclass(frozen=True)
class Asked:
    """A request is pending: become this."""

    status: Status


@dataclass(frozen=True)
class Work:
    task: Task


@dataclass(frozen=True)
class NoWork:
    pass


@dataclass(frozen=True)
class NotAwake:
    """The manager has this worker down as something else than awake, and gives it no task."""

    message: str


@dataclass(frozen=True)
class KeepRunning:
    pass


@dataclass(frozen=True)
class StopRunning:
    """The task is not to go on; `status_change` if that is because a request is pending."""

    reason: str
    status_change: bool


@dataclass(frozen=True)
class Denied:
    """The manager does not let this worker in, or does not know its credentials; the message says why."""

    message: str


@dataclass(frozen=True)
class Trouble:
    """No answer, or none that means anything: a lost connection, a proxy's page, a failing manager."""

    message: str


Answer = (
    Registered
    | SignedOn
    | Noted
    | Stay
    | Asked
    | Work
    | NoWork
    | NotAwake
    | KeepRunning
    | StopRunning
    | Denied
    | Trouble
)
