"""A service's share of a Windows machine: a job around those of its trees, with limits for all of them together."""

import sys
from collections.abc import Mapping

from . import calls

assert sys.platform == "win32"


class Shares:
    """The jobs of services that have limits; they are kept, for a job in use cannot be told from one that will be."""

    def __init__(self) -> None:
        self._jobs: dict[str, int] = {}

    def job_of(self, unit: str) -> int | None:
        return self._jobs.get(unit)

    def give(self, unit: str, files: Mapping[str, str]) -> frozenset[str]:
        """Set limits that are told as files of a control group; return those that Windows has nothing like, or refused.

        memory.max and pids.max are of the job; cpu.max is in microseconds of processor time in each period.
        """
        if unit not in self._jobs:
            self._jobs[unit] = calls.create_job()
        job = self._jobs[unit]
        lost = files.keys() - {"memory.max", "pids.max", "cpu.max"}
        memory, processes = (_number(files.get(name, "max")) for name in ("memory.max", "pids.max"))
        try:
            calls.limit_job(job, memory=memory, processes=processes)
        except OSError:
            lost = lost | (files.keys() & {"memory.max", "pids.max"})
        try:
            if (cap := files.get("cpu.max", "max").split()) and cap[0] != "max":
                calls.cap_job(job, _permyriad(*map(int, cap)))
        except OSError:
            lost = lost | {"cpu.max"}
        return frozenset(lost)


def _number(text: str) -> int | None:
    return None if text == "max" else int(text)


def _permyriad(quota: int, period: int) -> int:
    """Return the share of all processors: 100 % of one of eight is 1250."""
    import os

    return max(1, min(10_000, quota * 10_000 // period // (os.cpu_count() or 1)))
