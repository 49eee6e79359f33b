"""What goes to the manager beside the questions: reports in order, pictures one at a time, and the wait at the bell.

Each class sends one errand at a time when `pump` is called. Where what comes of it matters, it hears of that with
`heard`, and says with `due` when it wants to be pumped again at the latest. Times are monotonic seconds.
"""

import logging
import random
from collections.abc import Mapping
from math import inf
from pathlib import Path

from .client import Client
from .errands import Errand, Errands
from .outbox import LARGEST, Outbox, Report
from .pictures import sendable
from .rules.backoff import delay
from .rules.delivery import AWAY, TOO_LARGE, Fate, failed, fate

log = logging.getLogger(__name__)

# A bell that is silent for less than this (seconds) is asked again no sooner.
SHORTEST_WAIT = 1.0
# How often a picture is sent for which the manager has no time, or is not there, unless there is a newer one.
TRIES_FOR_PICTURE = 10
# What a picture's errand brings back where there was nothing to send, instead of an HTTP status.
_NO_PICTURE = 0


class Reports:
    """Brings the reports of the outbox to the manager."""

    def __init__(self, client: Client, errands: Errands, outbox: Outbox) -> None:
        self._client, self._errands, self._outbox = client, errands, outbox
        self._sent: Report | None = None
        self._repeated: Report | None = None  # what was sent and not answered, which is sent again as it was
        self._largest = LARGEST
        self._misses = 0  # tries in a row without delivery
        self._failures = 0  # of them, how often the manager itself failed; what it takes makes it trusted again
        self._answering = False  # the manager has answered something else since the last try
        self._due = -inf

    @property
    def unsure(self) -> bool:
        """Say whether it is worth asking if the manager is there: if it is, it does not want what it is sent."""
        return self._misses > 0 and not self._answering

    @property
    def waiting(self) -> bool:
        return self._outbox.waiting

    @property
    def due(self) -> float:
        return self._due if self.waiting and self._sent is None else inf

    def put(self, task: str, update: Mapping[str, object]) -> None:
        self._outbox.put(task, update)

    def hurry(self) -> None:
        """Take note that the manager has answered something else, and try now if it was away."""
        self._answering = True
        if self._failures <= 1:  # one may be from the moment in which it went
            self._due = -inf

    def pump(self, now: float) -> None:
        if not self.waiting or self._sent is not None or now < self._due:
            return
        self._sent = report = self._repeated or self._outbox.first(self._largest)
        if report is not None:
            body = _repeating(report) if self._repeated else report.body
            self._errands.send(Errand.REPORT, lambda: self._client.report(report.task, body))

    def heard(self, status: int | None, now: float) -> str | None:
        """Take note of what came of the report; return the id of its task if the manager did not want it."""
        report, self._sent, self._repeated = self._sent, None, None
        if report is None:
            return None
        if status == TOO_LARGE and report.kept > 1:
            self._largest = report.size // 2
            return None
        self._misses += 1
        self._failures += failed(status, answering=self._answering)
        outcome = fate(status, failures=self._failures, about_status=report.about_status)
        if outcome is Fate.AGAIN:
            self._answering = False
            self._repeated = report
            self._due = now + delay(self._misses, random.random())
            return None
        if outcome is not Fate.DELIVERED:
            log.warning("report on task %s dropped (HTTP %s): %s", report.task, status or "no answer", outcome.value)
        if outcome is not Fate.GIVEN_UP:
            self._failures = 0
        self._misses = 0
        self._due = -inf
        self._outbox.drop(report)
        return report.task if outcome is Fate.REFUSED else None


def _repeating(report: Report) -> Mapping[str, object]:
    """Return a report that may have arrived before: a manager that counts attempts, and so is ours, is told."""
    return {**report.body, "again": True} if "attempt" in report.body else report.body


class Pictures:
    """Brings the newest picture to the manager; one that comes meanwhile replaces the one that waits."""

    def __init__(self, client: Client, errands: Errands) -> None:
        self._client, self._errands = client, errands
        self._newest: tuple[str, Path] | None = None
        self._sent: tuple[str, Path] | None = None
        self._tries = 0
        self._due = -inf

    @property
    def due(self) -> float:
        return inf if self._newest is None or self._errands.under_way(Errand.PICTURE) else self._due

    def put(self, task: str, path: Path) -> None:
        self._newest = task, path

    def pump(self, now: float) -> None:
        if self._newest is None or now < self._due or self._errands.under_way(Errand.PICTURE):
            return
        self._sent, self._newest = self._newest, None
        task, path = self._sent
        self._errands.send(Errand.PICTURE, lambda: self._show(task, path))

    def heard(self, status: int | None, now: float) -> None:
        """Take note of what came of the picture."""
        log.debug("picture: HTTP %s", status)
        self._tries += 1
        again = (status is None or status in AWAY) and self._tries < TRIES_FOR_PICTURE
        if again and self._newest is None:
            self._newest, self._due = self._sent, now + delay(self._tries, random.random())
        else:
            self._tries, self._due = 0, -inf

    def _show(self, task: str, path: Path) -> int | None:
        picture = sendable(path)
        return _NO_PICTURE if picture is None else self._client.show(task, *picture)


class Bell:
    """Waits at the manager's bell, if it has one."""

    def __init__(self, client: Client, errands: Errands) -> None:
        self._client, self._errands = client, errands
        self._path: str | None = None
        self._seen = 0
        self._failures = 0
        self._due = self._asked_at = -inf

    @property
    def due(self) -> float:
        return inf if self._path is None or self._errands.under_way(Errand.BELL) else self._due

    @property
    def works(self) -> bool:
        return self._path is not None and not self._failures

    def is_at(self, path: str | None) -> None:
        self._path, self._failures, self._due = path, 0, -inf

    def pump(self, now: float) -> None:
        path, seen = self._path, self._seen
        if path is None or now < self._due or self._errands.under_way(Errand.BELL):
            return
        self._asked_at = now
        self._errands.send(Errand.BELL, lambda: self._client.listen(path, seen))

    def heard(self, seen: int | None, now: float) -> bool:
        """Take note of the end of a wait; return whether the worker should ask what there is.

        It should as well when the bell breaks, and when it is there again: both may mean something.
        """
        if seen is None:
            self._failures += 1
            self._due = now + delay(self._failures, random.random())
            return self._failures == 1
        rang = seen != self._seen or self._failures > 0
        self._seen, self._failures, self._due = seen, 0, now if rang else self._asked_at + SHORTEST_WAIT
        return rang
