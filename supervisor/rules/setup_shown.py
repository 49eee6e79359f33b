"""What `show` says of how a service's processes are set up, and of what they may use: systemd's names and formats."""

import binascii
from collections.abc import Iterable, Mapping

from ...units.formats import format_boolean, format_span
from ...units.spec import ExecDirectory, Limit, Service
from .shares import PAGE, ranges, resolved
from .shell_words import shell_word, shell_words

_SLACK, _CORE_MASK = 50_000, 0x33  # what Linux gives a process by itself
_SECRET = "[unprintable]"
_NOT_SET = "[not set]"


# Their numbers: sched(7) and ioprio_set(2); no class at all comes to the second, as the kernel sees it.
_POLICIES = {"other": 0, "fifo": 1, "rr": 2, "batch": 3, "idle": 5}
_CLASSES = {"none": 2, "realtime": 1, "best-effort": 2, "idle": 3}


def scheduling_shown(service: Service, processors: Iterable[int]) -> dict[str, str]:
    """Return how its processes are scheduled. processors: those that they may use, none for any."""
    policy, class_ = service.cpu_scheduling_policy or "other", service.io_scheduling_class or "best-effort"
    lowest = 1 if policy in ("fifo", "rr") else 0
    priority, access = service.cpu_scheduling_priority, service.io_scheduling_priority
    return {
        "CPUSchedulingPolicy": str(_POLICIES.get(policy, policy)),
        "CPUSchedulingPriority": str(lowest if priority is None else priority),
        "CPUSchedulingResetOnFork": format_boolean(service.cpu_scheduling_reset_on_fork),
        "CPUAffinity": ranges(processors, " "),
        "CPUAffinityFromNUMA": format_boolean(service.cpu_affinity == "numa"),
        "IOSchedulingClass": str(_CLASSES.get(class_, class_)),
        "IOSchedulingPriority": str(4 if access is None else access),
    }


def setup_shown(service: Service, limits: Mapping[str, Limit]) -> dict[str, str]:
    """Return the properties of systemd.exec(5); credentials are nobody's business. limits: where it sets none."""
    return {
        **_directories(service),
        "LoadCredential": _SECRET,
        "SetCredential": _SECRET,
        "RuntimeDirectoryPreserve": service.runtime_directory_preserve,
        "SupplementaryGroups": shell_words(service.supplementary_groups),
        "DynamicUser": format_boolean(service.dynamic_user),
        "RootDirectory": service.root_directory or "",
        "RootDirectoryStartOnly": format_boolean(service.root_directory_start_only),
        "ExecSearchPath": shell_words(service.exec_search_path),
        "NoNewPrivileges": format_boolean(service.no_new_privileges),
        "TimerSlackNSec": str(_SLACK if service.timer_slack_nsec is None else service.timer_slack_nsec),
        "CoredumpFilter": f"{_CORE_MASK if service.coredump_filter is None else service.coredump_filter:#x}",
        "Personality": service.personality or "",
        "IgnoreSIGPIPE": format_boolean(service.ignore_sigpipe),
        "OOMScoreAdjust": str(service.oom_score_adjust or 0),
        "StandardInputData": _base64(service.standard_input_data),
        "TTYPath": service.tty_path or "",
        "TTYReset": format_boolean(service.tty_reset),
        "TTYVHangup": format_boolean(service.tty_vhangup),
        **{
            key: text
            for name, limit in {**limits, **service.limits}.items()
            for key, text in _limits(name, limit).items()
        },
    }


def shares_shown(service: Service, *, memory: int, tasks: int) -> dict[str, str]:
    """Return the properties of systemd.resource-control(5); percentages as parts of what the machine has."""
    amounts = {
        "MemoryMin": service.memory_min,
        "MemoryLow": service.memory_low,
        "MemoryHigh": service.memory_high,
        "MemoryMax": service.memory_max,
        "MemorySwapMax": service.memory_swap_max,
    }
    weight, quota, period = service.cpu_weight, service.cpu_quota, service.cpu_quota_period_sec
    return {
        "CPUAccounting": format_boolean(service.cpu_accounting),
        "CPUWeight": _NOT_SET if weight is None else str(weight or "idle"),
        "CPUQuotaPerSecUSec": "infinity" if quota is None else format_span(quota),
        "CPUQuotaPeriodUSec": "infinity" if period is None else format_span(period),
        "AllowedCPUs": ranges(service.allowed_cpus or (), " "),
        "AllowedMemoryNodes": ranges(service.allowed_memory_nodes or (), " "),
        "MemoryAccounting": format_boolean(service.memory_accounting),
        **{name: _amount(text, memory, PAGE) for name, text in amounts.items()},
        "TasksAccounting": format_boolean(service.tasks_accounting),
        "TasksMax": _amount(service.tasks_max, tasks, 1),
        "IOAccounting": format_boolean(service.io_accounting),
        "IOWeight": _NOT_SET if service.io_weight is None else str(service.io_weight),
    }


def _base64(text: str) -> str:
    return binascii.b2a_base64(text.encode("utf-8", "surrogateescape"), newline=False).decode()


def _amount(text: str, whole: int, unit: int) -> str:
    return resolved(text, whole, unit).replace("max", "infinity")


def _directories(service: Service) -> dict[str, str]:
    shown = {}
    for name in ("Runtime", "State", "Cache", "Logs", "Configuration"):
        items: tuple[ExecDirectory, ...] = getattr(service, f"{name.lower()}_directory")
        mode: int = getattr(service, f"{name.lower()}_directory_mode")
        shown[f"{name}Directory"] = " ".join(shell_word(item.path) for item in items)
        shown[f"{name}DirectoryMode"] = f"{mode:04o}"
    return shown


def _limits(name: str, limit: Limit) -> dict[str, str]:
    hard, soft = ("infinity" if value is None else str(value) for value in (limit.hard, limit.soft))
    return {f"Limit{name}": hard, f"Limit{name}Soft": soft}
