"""What follows from an operator's request. Pure: `life.py` asks, `loop.py` acts."""

from dataclasses import dataclass

from ..wire import Request, Status


@dataclass(frozen=True)
class CarryOn:
    """Go on with what there is."""


@dataclass(frozen=True)
class Become:
    """Take on a status and say so to the manager."""

    status: Status
    abandon_task: bool


@dataclass(frozen=True)
class Leave:
    """Sign off and end the process."""

    exit_code: int
    abandon_task: bool


Step = CarryOn | Become | Leave


class NotRequestable(Exception):
    """A manager asked for a status that a worker cannot take on; the text names it."""


def next_step(request: Request | None, *, busy: bool, restart_code: int | None) -> Step:
    """Answer a request, `busy` meaning that a task is running now.

    A worker without a restart code that is asked to restart nevertheless (the request waited while
    it was started anew, without the option) shuts down: nothing it could exit with means "start me again".
    """
    if request is None or (request.lazy and busy):
        return CarryOn()
    match request.status:
        case Status.OFFLINE:
            return Leave(0, abandon_task=busy)
        case Status.RESTART:
            return Leave(restart_code or 0, abandon_task=busy)
        case Status.ASLEEP:
            return Become(Status.ASLEEP, abandon_task=busy)
        case Status.AWAKE:
            return Become(Status.AWAKE, abandon_task=False)
        case other:
            raise NotRequestable(f"a worker cannot be asked to become {other.value!r}")
