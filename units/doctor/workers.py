"""The workers of render and build farms that the doctor knows by their program's name."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownWorker:
    """title: as people call it. stop_sec: how long it may take to give its task back.

    not_mended: the exit codes for what no restart mends. Without one of its own that is 78, EX_CONFIG of sysexits.h.
    """

    title: str
    stop_sec: float = 10.0
    not_mended: tuple[int, ...] = (78,)


_FARMHAND = KnownWorker("a Farmhand worker", 15.0, (2, 77))
_AFANASY = KnownWorker("Afanasy's render")
_RQD = KnownWorker("OpenCue's RQD")
_DEADLINE = KnownWorker("a Deadline worker")
_RUNNER = KnownWorker("a GitHub runner")

# By the name of the program or of the script that starts it.
KNOWN_WORKERS: Mapping[str, KnownWorker] = {
    "farmhand-worker": _FARMHAND,
    "flamenco-worker": KnownWorker("a Flamenco worker"),
    "afrender": _AFANASY,
    "_afrender.sh": _AFANASY,
    "afrender.sh": _AFANASY,
    "rqd": _RQD,
    "openrqd": _RQD,
    "deadlineworker": _DEADLINE,
    "deadline-worker-agent": _DEADLINE,
    "tractor-blade": KnownWorker("a Tractor blade"),
    "buildkite-agent": KnownWorker("a Buildkite agent"),
    "gitlab-runner": KnownWorker("a GitLab runner"),
    "runsvc.sh": _RUNNER,
    "Runner.Listener": _RUNNER,
}
