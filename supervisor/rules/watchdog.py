"""WatchdogSec=: until when the service has to send its next WATCHDOG=1."""

from ...units.spec import INFINITY, Service


def interval(service: Service, override: float | None) -> float | None:
    """Return the span between two signs of life in seconds, None for no watchdog.

    override: what the service asked for with WATCHDOG_USEC=; it counts even if WatchdogSec= is not set.
    """
    seconds = service.watchdog_sec if override is None else override
    return seconds if 0 < seconds < INFINITY else None


def deadline(service: Service, override: float | None, now: float) -> float | None:
    """Return when the watchdog fires if nothing is heard after `now` (both monotonic), None for never."""
    seconds = interval(service, override)
    return None if seconds is None else now + seconds
