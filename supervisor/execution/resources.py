"""Gives a service its share of the machine, through the platform's control groups; systemd.resource-control(5)."""

import functools
import os

from ...units.spec import Service
from ..platforms import Platform
from ..rules.shares import FILES, control_files


def give(service: Service, platform: Platform) -> tuple[str, ...]:
    """See to the service's control group before a process of it starts; return the directives that are not in force."""
    wanted = control_files(service, memory=memory(), tasks=tasks())
    lost = platform.share(service.name, wanted) if wanted else frozenset[str]()
    return tuple(sorted({FILES[file] for file in lost}))


def memory() -> int:
    """Return the bytes of memory that the machine has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


@functools.cache
def tasks() -> int:
    """Return how many processes and threads may run on the machine at most, 0 where nobody says."""
    try:
        with open("/proc/sys/kernel/threads-max") as file:
            return int(file.read())
    except OSError:
        return 0
