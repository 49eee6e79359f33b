"""A platform that has this process's orphans for the time of a test, and leaves the process as it was."""

import contextlib
from collections.abc import Iterator

from process_state import as_it_was

from farmhand.supervisor.platforms.linux import Linux


@contextlib.contextmanager
def adopting(*, cgroups: bool = False) -> Iterator[Linux]:
    platform = Linux(cgroups=cgroups)
    with as_it_was():
        platform.adopt_orphans()
        yield platform
