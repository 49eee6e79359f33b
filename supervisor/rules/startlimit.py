"""How often a service may be started: StartLimitIntervalSec= and StartLimitBurst=."""

from ...units.light import dataclass, replace


@dataclass(frozen=True)
class Starts:
    """The starts counted in the current window. begin: monotonic seconds, None before the first start."""

    begin: float | None = None
    count: int = 0


def count_start(starts: Starts, now: float, *, burst: int, interval: float) -> tuple[Starts, bool]:
    """Count a start at `now` and say whether it is allowed.

    The window is fixed, not sliding: it opens with a start and admits `burst` of them until `interval`
    seconds have passed (systemd, src/basic/ratelimit.c). A burst or interval of 0 means no limit.
    """
    if burst <= 0 or interval <= 0:
        return starts, True
    if starts.begin is None or now - starts.begin > interval:
        return Starts(now, 1), True
    return replace(starts, count=starts.count + 1), starts.count < burst
