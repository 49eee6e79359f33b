"""The Service Control Manager of Windows: what `farmhand service` needs of it, in words that every system knows.

Each function raises OSError where Windows says no, with its error number in `winerror`.
"""

import sys
from collections.abc import Callable, Sequence

from ...units.light import Literal, Protocol, dataclass

State = Literal["stopped", "start-pending", "stop-pending", "running", "other"]
# What the manager has to say. A machine that shuts down says so once, before it ends sessions and drivers.
Control = Literal["stop", "shutdown", "sleep", "wake"]
Kind = Literal["error", "warning", "information"]


@dataclass(frozen=True)
class Status:
    """How a service is. pid: 0 if it does not run. code: what it last ended with, its own or the system's.

    checkpoint: rises while it is on its way to another state; wait_hint: seconds until it does so, at the latest.
    """

    state: State
    pid: int
    code: int
    checkpoint: int
    wait_hint: float


@dataclass(frozen=True)
class Settings:
    """What a service of Windows is to be.

    command: program and arguments, quoted for CreateProcess. account: None for LocalSystem. entitle: whether that is to
    be given the right to log on as a service, which Windows' own have. restarts: seconds until
    it is started again after its first failure, its second and so on, the last for all others; a failure is a crash, or
    to stop with an exit code that is not 0. forget_after: seconds without one after which the next is the first.
    preshutdown: seconds that it may take when the machine shuts down.
    """

    command: str
    title: str
    description: str
    account: str | None
    password: str | None
    entitle: bool
    restarts: Sequence[float]
    forget_after: float
    preshutdown: float


class Services(Protocol):
    def create(self, name: str, settings: Settings) -> list[str]:
        """Make a service that starts some time after the machine, and whose entries the event viewer can show.

        Returns which of its settings this Windows does not know.
        """
        ...

    def remove(self, name: str) -> None:
        """Stop a service and remove it."""
        ...

    def start(self, name: str) -> Status:
        """Start a service and wait until it runs, or has ended instead; one that runs already is no error."""
        ...

    def stop(self, name: str) -> Status:
        """Stop a service and wait until it has stopped; one that does not run is no error."""
        ...

    def status(self, name: str) -> Status: ...

    def serve(self, name: str, main: Callable[[Callable[[], None]], int], heed: Callable[[Control], object]) -> int:
        """Run `main(ready)` as this service; returns the exit code that it returned, and the manager is told.

        ready: main calls it once all is up. heed: called with what the manager has to say, in another thread; after
        "stop" or "shutdown", one of which comes once, main is to return. Raises OSError where no manager started this
        process.
        """
        ...

    def report(self, source: str, kind: Kind, text: str) -> None:
        """Write one entry into the application log."""
        ...

    def ask_to_stop(self) -> None:
        """Have the loop of this process hear that it is to stop, as by a signal; from any thread."""
        ...


def services() -> Services:
    """Return this machine's; raises NotImplementedError where there is none."""
    if sys.platform == "win32":
        from .windows import services as found

        return found
    raise NotImplementedError("only Windows has a Service Control Manager")
