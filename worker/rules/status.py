"""What follows from an operator's request. Pure: `life.py` asks, `loop.py` acts.

A worker learns which status is wanted only when it has no task: a busy one hears in answer to "may I keep running"
that it is to abort its task, or nothing until the task is over, if the request is to wait for that.
"""

from dataclasses import dataclass

from ..wire import Status


@dataclass(frozen=True)
class Become:
    """Take on a status and say so to the manager."""

    status: Status


@dataclass(frozen=True)
class Leave:
    """Sign off and end the process."""

    exit_code: int


Step = Become | Leave


class NotRequestable(Exception):
    """A manager asked for a status that a worker cannot take on; the text names it."""


def next_step(status: Status, *, restart_code: int | None) -> Step:
    """Answer a request to become `status`.

    A worker without a restart code that is asked to restart nevertheless (the request waited while
    it was started anew, without the option) shuts down: nothing it could exit with means "start me again".
    """
    match status:
        case Status.OFFLINE:
            return Leave(0)
        case Status.RESTART:
            return Leave(restart_code or 0)
        case Status.ASLEEP | Status.AWAKE:
            return Become(status)
        case other:
            raise NotRequestable(f"a worker cannot be asked to become {other.value!r}")
