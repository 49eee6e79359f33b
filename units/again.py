"""Which endings of a service's main process start it again, for service managers that are told so in advance.

It is what supervisor/rules decides when it happens; a test holds the two together. No clock, no I/O.
"""

from .spec import Service
from .statuses import SIGNALS

CODES = tuple(range(256))
SIGNAL_NAMES = tuple(f"SIG{name}" for name in SIGNALS)
# systemd.service(5), SuccessExitStatus=; a daemon that has no handler for these was asked to go, and went.
CLEAN_SIGNALS = frozenset({"SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"})


def starts_again(service: Service, ending: int | str) -> bool:
    """Say whether an exit code, or a signal by its name, has it started again; systemd.service(5), Restart=."""
    if ending in service.restart_prevent_exit_status:
        return False
    if ending in service.restart_force_exit_status:
        return True
    clean = ending == 0 or ending in CLEAN_SIGNALS or ending in service.success_exit_status
    by_signal = isinstance(ending, str)
    return {
        "no": False,
        "always": True,
        "on-success": clean,
        "on-failure": not clean,
        "on-abnormal": by_signal and not clean,
        "on-abort": by_signal and not clean,
        "on-watchdog": False,
    }[service.restart]


def stays_down(service: Service) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Give the exit codes and the signals after which it is not started again."""
    return (
        tuple(code for code in CODES if not starts_again(service, code)),
        tuple(name for name in SIGNAL_NAMES if not starts_again(service, name)),
    )
