"""Limits of processes, and how many files may be open: getrlimit(2). Windows has none of them."""

import contextlib
import os

from ...units.light import TYPE_CHECKING
from ...units.spec import Limit

if TYPE_CHECKING:
    import resource
else:
    try:
        import resource
    except ImportError:
        resource = None

_FILES_SOFT, _FILES_HARD, _UNBOUNDED = 1024, 512 * 1024, 1 << 63


def open_files() -> tuple[int, int] | None:
    """Return how many files this process may have open, soft and hard; None where nobody counts."""
    return None if resource is None else resource.getrlimit(resource.RLIMIT_NOFILE)


def allow_files(needed: int) -> None:
    """Have this process allowed so many open files, as far as may be."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        reachable = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))


def files_of_service(own: tuple[int, int]) -> tuple[int, int]:
    """Return how many files a service may have open, soft and hard, given what this process was started with.

    No more at first than select(2) can wait for; root's own may ask for many; systemd-system.conf(5),
    DefaultLimitNOFILE=.
    """
    soft, hard = (_UNBOUNDED if limit == resource.RLIM_INFINITY else limit for limit in own)
    wanted = max(hard, _FILES_HARD) if os.geteuid() == 0 else hard
    return min(soft, _FILES_SOFT), own[1] if wanted == hard else wanted


def limits_of_service(own: tuple[int, int]) -> dict[str, Limit]:
    """Return the limits of a process that sets none. own: that of open files which this process was started with."""
    from ...units.grammar import LIMITS  # to be shown alone
    from .setup import limit_number

    found: dict[str, Limit] = {}
    for name in LIMITS:
        with contextlib.suppress(AttributeError):  # another system has fewer
            soft, hard = files_of_service(own) if name == "NOFILE" else resource.getrlimit(limit_number(name))
            found[name] = Limit(*(None if limit == resource.RLIM_INFINITY else limit for limit in (soft, hard)))
    return found
