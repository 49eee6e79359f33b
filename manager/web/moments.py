"""Times as a page says them. Pure: now is an argument, in milliseconds since the epoch as everywhere in the store."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

# Up to how many seconds, in which unit. `ages.js` has the same steps, for ages that tick in the page.
STEPS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (float("inf"), 86_400, "d"))


@dataclass(frozen=True)
class Moment:
    """The time `at` as seen at `now`, in the forms that a page prints; zone: None is the manager's own.

    A list makes many of these and prints few, so each form is made when it is asked for.
    """

    at: int
    now: int
    zone: tzinfo | None = None

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC).astimezone(self.zone)

    @property
    def epoch(self) -> str:
        """In seconds."""
        return f"{self.at / 1000:.3f}"

    @property
    def iso(self) -> str:
        return self.local.isoformat(timespec="seconds")

    @property
    def full(self) -> str:
        return f"{self.local.day} {self.local:%b %Y, %H:%M:%S}"

    @property
    def minute(self) -> str:
        return f"{self.local.day} {self.local:%b, %H:%M}"

    @property
    def clock(self) -> str:
        return f"{self.local:%H:%M:%S}"

    @property
    def when(self) -> str:
        """The time, and the day if that is not today."""
        return self.clock if self.local.date() == Moment(self.now, self.now, self.zone).local.date() else self.minute

    @property
    def ago(self) -> str:
        return f"{self.lasting} ago"

    @property
    def left(self) -> str:
        return f"{span(self.at - self.now)} left"

    @property
    def lasting(self) -> str:
        return span(self.now - self.at)


def span(milliseconds: float) -> str:
    """Say how long in one unit, rounded down: "8 s", "6 min"."""
    seconds = max(0, int(milliseconds // 1000))
    unit, word = next((unit, word) for limit, unit, word in STEPS if seconds < limit)
    return f"{seconds // unit} {word}"


def exact(milliseconds: float) -> str:
    """Say how long to a tenth of a second where that matters: "0.3 s", "4.7 s", "6 min"."""
    return f"{max(0.0, milliseconds) / 1000:.1f} s" if milliseconds < 10_000 else span(milliseconds)
