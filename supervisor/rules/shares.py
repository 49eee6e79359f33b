"""What a service may use of the machine, as the control files say it; systemd.resource-control(5), cgroups(7)."""

from collections.abc import Iterable, Mapping

from ...units.spec import Service

_PERIOD, _FINEST, _LONGEST = 100_000, 1_000, 1_000_000  # microseconds: CPUQuotaPeriodSec=, what the kernel takes

# Which of the kernel's controllers a directive needs.
CONTROLLERS: Mapping[str, str] = {
    **dict.fromkeys(("CPUAccounting", "CPUWeight", "CPUQuota", "CPUQuotaPeriodSec"), "cpu"),
    **dict.fromkeys(("AllowedCPUs", "AllowedMemoryNodes"), "cpuset"),
    **dict.fromkeys(("MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax"), "memory"),
    **dict.fromkeys(("TasksAccounting", "TasksMax"), "pids"),
    "MemoryAccounting": "memory",
    "IOWeight": "io",
}
_MEMORY = {
    "memory.min": "memory_min",
    "memory.low": "memory_low",
    "memory.high": "memory_high",
    "memory.max": "memory_max",
    "memory.swap.max": "memory_swap_max",
}
# The control files, and the directives that they are for.
FILES: Mapping[str, str] = {
    "cpu.weight": "CPUWeight",
    "cpu.idle": "CPUWeight",
    "cpu.max": "CPUQuota",
    "cpuset.cpus": "AllowedCPUs",
    "cpuset.mems": "AllowedMemoryNodes",
    "memory.min": "MemoryMin",
    "memory.low": "MemoryLow",
    "memory.high": "MemoryHigh",
    "memory.max": "MemoryMax",
    "memory.swap.max": "MemorySwapMax",
    "pids.max": "TasksMax",
    "io.weight": "IOWeight",
}
PAGE = 4096
_UNLIMITED = {"memory_min": "0", "memory_low": "0"}


def control_files(service: Service, *, memory: int, tasks: int) -> dict[str, str]:
    """Return the files of the service's control group that are to be written, and what goes into them.

    memory: bytes that the machine has. tasks: the most that may run on it. Percentages are parts of these.
    """
    written: dict[str, str] = {}
    if service.cpu_weight is not None:
        written.update({"cpu.weight": str(service.cpu_weight)} if service.cpu_weight else {"cpu.idle": "1"})
    if service.cpu_quota is not None:
        written["cpu.max"] = _quota(service.cpu_quota, service.cpu_quota_period_sec)
    if service.allowed_cpus:
        written["cpuset.cpus"] = ranges(service.allowed_cpus, ",")
    if service.allowed_memory_nodes:
        written["cpuset.mems"] = ranges(service.allowed_memory_nodes, ",")
    for file, field in _MEMORY.items():
        if (text := getattr(service, field)) != _UNLIMITED.get(field, "infinity"):
            written[file] = resolved(text, memory, PAGE)
    if service.tasks_max != "infinity":
        written["pids.max"] = resolved(service.tasks_max, tasks, 1)
    if service.io_weight is not None:
        written["io.weight"] = f"default {service.io_weight}"
    return written


def resolved(amount: str, whole: int, unit: int) -> str:
    """Return an amount as the kernel takes it: "50%" is half of the whole, in whole units; "infinity" is "max".

    So is any part of a whole that nobody knows: 0.
    """
    from ...units.shares import parse_permyriad  # few services need it, and it takes memory

    part = parse_permyriad(amount)
    if part is None:
        return amount.replace("infinity", "max")
    return str(whole // unit * part // 10_000 * unit) if whole else "max"


def _quota(share: float, period: float | None) -> str:
    """Write processor time in each period, which the kernel wants neither too short nor too long.

    systemd, src/core/cgroup.c, cgroup_cpu_adjust_period.
    """
    wanted = _PERIOD if period is None else round(period * 1e6)
    period_us = min(max(wanted, _FINEST, round(_FINEST / share)), _LONGEST)
    return f"{max(round(share * period_us), _FINEST)} {period_us}"


def ranges(numbers: Iterable[int], between: str) -> str:
    """Write "0-1,3", for a comma between them."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return between.join("-".join(map(str, part)) for part in parts)
