"""Whether there are descriptors to spare: some are kept for what the supervisor itself has to do, come what may."""

import os

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

# To look at processes, hear a few clients, write logs and records, become the next program; and start again what ran.
_KEPT, _KEPT_FOR_RESTARTS = 48, 24


def has_spare_files(*, restart: bool = False) -> bool:
    """Say whether files may be opened for a service, or for one client more. restart: of one that ran before."""
    if resource is None:
        return True
    try:
        lowest = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    os.close(lowest)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft == resource.RLIM_INFINITY or lowest < soft - (_KEPT_FOR_RESTARTS if restart else _KEPT)
