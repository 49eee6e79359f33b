"""How the whole farm is doing, in one word: Flamenco's FarmStatus. Pure."""

from collections.abc import Collection
from enum import Enum

from ...worker.wire import JobStatus, Status


class FarmStatus(Enum):
    """What a farm is doing. The manager knows its jobs and workers from its start on, so two of them are never said."""

    ACTIVE = "active"
    IDLE = "idle"
    WAITING = "waiting"
    ASLEEP = "asleep"
    INOPERATIVE = "inoperative"
    UNKNOWN = "unknown"
    STARTING = "starting"


# A job that is one of these has something left to be done.
_WORK = frozenset({JobStatus.ACTIVE, JobStatus.QUEUED, JobStatus.REQUEUEING, JobStatus.CANCEL_REQUESTED})
# What is about to be awake counts as that.
_AWAKE = frozenset({Status.AWAKE, Status.STARTING, Status.TESTING})


def farm_status(jobs: Collection[JobStatus], workers: Collection[Status]) -> FarmStatus:
    """Judge a farm by the statuses that its jobs and workers have."""
    work = not _WORK.isdisjoint(jobs)
    if not _AWAKE.isdisjoint(workers):
        return FarmStatus.ACTIVE if work else FarmStatus.IDLE
    if Status.ASLEEP in workers:
        return FarmStatus.WAITING if work else FarmStatus.ASLEEP
    return FarmStatus.INOPERATIVE
