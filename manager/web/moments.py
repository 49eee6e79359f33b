"""Times as a page says them. Pure: now is an argument, in milliseconds since the epoch as everywhere in the store."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

# Up to how many seconds, in which unit. `ages.js` has the same steps, for ages that tick in the page.
STEPS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (float("inf"), 86_400, "d"))


@dataclass(frozen=True)
class Moment:
    """A point in time in all the forms that a page prints; epoch is in seconds."""

    epoch: str
    iso: str
    full: str
    clock: str
    ago: str


def moment(at: int, now: int, zone: tzinfo | None = None) -> Moment:
    """Describe the time `at` as seen at `now`; zone: None is the manager's own."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)
    return Moment(
        epoch=f"{at / 1000:.3f}",
        iso=local.isoformat(timespec="seconds"),
        full=f"{local.day} {local:%b %Y, %H:%M:%S}",
        clock=f"{local:%H:%M:%S}",
        ago=f"{span(now - at)} ago",
    )


def span(milliseconds: float) -> str:
    """Say how long in one unit, rounded down: "8 s", "6 min"."""
    seconds = max(0, int(milliseconds // 1000))
    unit, word = next((unit, word) for limit, unit, word in STEPS if seconds < limit)
    return f"{seconds // unit} {word}"


def exact(milliseconds: float) -> str:
    """Say how long to a tenth of a second where that matters: "0.3 s", "4.7 s", "6 min"."""
    return f"{max(0.0, milliseconds) / 1000:.1f} s" if milliseconds < 10_000 else span(milliseconds)
