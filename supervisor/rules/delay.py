"""How long a service that is to be started again waits for it: RestartSec= and what makes it longer."""

from ...units.light import dataclass
from ...units.spec import INFINITY, Service

_LEAST = 0.1  # seconds: twice nothing is nothing


@dataclass(frozen=True)
class Pause:
    """The wait before the next start. crashes: how many runs in a row were not stable; directive: what set it."""

    seconds: float
    directive: str
    crashes: int = 0


def pause(service: Service, *, restarts: int, crashes: int, ran: float, forced: bool) -> Pause:
    """Return the wait before the next automatic start; the back-off goes before RestartSteps=.

    restarts: NRestarts so far. crashes: runs in a row that were not stable, without the one that just ended.
    ran: how many seconds that one was active. forced: RestartForceExitStatus= has it started again; such a restart is
    planned: with a back-off it does not wait at all, and neither counts as a crash nor makes up for one.
    """
    if service.backoff_max_sec <= 0:
        steps = _stepped(service, restarts + 1)
        return Pause(steps, "RestartSec" if steps == service.restart_sec else "RestartMaxDelaySec")
    if forced:
        return Pause(0.0, "RestartForceExitStatus", crashes)
    reset = service.backoff_max_sec if service.backoff_reset_sec is None else service.backoff_reset_sec
    crashes = 1 if ran >= reset else crashes + 1
    doubled = max(service.restart_sec, _LEAST) * 2.0 ** min(crashes - 1, 64)
    longest = max(service.backoff_max_sec, service.restart_sec)
    return Pause(min(doubled, longest), "X-FarmhandBackoffMaxSec", crashes)


def _stepped(service: Service, restart: int) -> float:
    """Return the wait before the restart of that number, growing by RestartSteps= equal factors.

    systemd, src/core/service.c, service_restart_usec_next.
    """
    first, longest, steps = service.restart_sec, service.restart_max_delay_sec, service.restart_steps
    if longest < first:  # systemd says so as it loads the unit, and takes the shorter
        return longest
    if restart <= 1 or steps == 0 or first == 0 or longest in (INFINITY, first):
        return first
    if restart > steps:
        return longest
    return float(first * (longest / first) ** ((restart - 1) / steps))
