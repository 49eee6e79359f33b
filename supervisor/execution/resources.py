"""Gives a service its share of the machine, through the platform's control groups; systemd.resource-control(5)."""

import contextlib
import functools
import os
from collections.abc import Collection

from ...units.errors import BadValue
from ...units.spec import Service
from ..platforms import Platform
from ..rules.shares import FILES, control_files

_NODES = "/sys/devices/system/node"
_GROUPS = "/sys/fs/cgroup"
# Property, the file that counts it (its first number), and how many of the property's units that is.
_COUNTERS = (
    ("MemoryCurrent", "memory.current", 1),
    ("TasksCurrent", "pids.current", 1),
    ("CPUUsageNSec", "cpu.stat", 1000),
)


def give(service: Service, platform: Platform) -> tuple[str, ...]:
    """See to the service's control group before a process of it starts; return the directives that are not in force."""
    wanted = control_files(service, memory=memory(), tasks=tasks())
    lost = platform.share(service.name, wanted) if wanted else frozenset[str]()
    return tuple(sorted({FILES[file] for file in lost}))


@functools.cache
def memory() -> int:
    """Return the bytes of memory that the machine has."""
    if not hasattr(os, "sysconf"):
        import psutil  # where the system itself has no such question

        return psutil.virtual_memory().total
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


def cpus_of(service: Service) -> frozenset[int] | None:
    """Return the processors that a service may use, None for any; those of its NUMA nodes with CPUAffinity=numa.

    None of them, which the system refuses, if it names no node or one that there is not; systemd.exec(5), CPUAffinity=.
    """
    if service.cpu_affinity != "numa":
        return service.cpu_affinity
    try:
        return frozenset[int]().union(*map(_processors, _nodes(service)))
    except (OSError, BadValue):
        return frozenset()


def _nodes(service: Service) -> frozenset[int]:
    from ...units.grammar import parse_cpus  # few services need it, and it takes memory

    nodes = frozenset[int]()
    for line in service.kept:
        if line.key == "NUMAMask":
            text = _read(f"{_NODES}/online") if line.value == "all" else line.value
            nodes = nodes | parse_cpus(text) if text else frozenset()
    return nodes


def _processors(node: int) -> frozenset[int]:
    from ...units.grammar import parse_cpus

    return parse_cpus(_read(f"{_NODES}/node{node}/cpulist"))


def _read(path: str) -> str:
    with open(path) as file:
        return file.read().strip()


def group_of(folders: Collection[str]) -> str:
    """Return the control group of a service's trees as a path in their hierarchy, "" for none."""
    if not folders:
        return ""
    path = os.path.relpath(os.path.commonpath(folders), _GROUPS)
    return "/" + path.removeprefix("unified/")  # where version 1 is mounted as well, version 2 has its place below


def used(folders: Collection[str]) -> dict[str, int]:
    """Return what control groups count, by the name of the property; nothing where nobody counts."""
    found: dict[str, int] = {}
    around = {folder: os.path.dirname(folder) for folder in folders}  # a service that has limits has a group for all
    for folder in {above if above.endswith(".service") else folder for folder, above in around.items()}:
        for name, file, factor in _COUNTERS:
            with contextlib.suppress(OSError, StopIteration):
                number = next(word for word in _read(f"{folder}/{file}").split() if word.isdecimal())
                found[name] = found.get(name, 0) + int(number) * factor
    return found
