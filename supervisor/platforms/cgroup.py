"""A control group for each tree, where this process may make one; cgroups(7), version 2.

The kernel then keeps the members together whatever they do, and ends them all at one word (cgroup.kill, Linux 5.14).
Without one, `linux.py` finds them by ancestry, session and mark.
"""

import contextlib
import os
from collections.abc import Mapping

from ...units.light import dataclass

_OURS = "farmhand-supervisor"  # the group that this process goes into, for a group that shares out has no members
_UNIT = ".service"
_TREE = "farmhand-tree-"


@dataclass(frozen=True)
class Leaf:
    """The control group of one tree; those of trees that its members own are below it.

    It is in the group of its service, where that has one: there the service's limits are.
    """

    path: str

    def members(self) -> set[int]:
        if b"populated 0" in _read(f"{self.path}/cgroup.events"):
            return set()
        return {pid for group in self._groups() for pid in _pids(group)}

    def kill(self) -> None:
        _write(f"{self.path}/cgroup.kill", "1")

    def remove(self) -> None:
        """Remove the group; the kernel refuses while it has members."""
        parent = os.path.dirname(self.path)
        around = [parent] if parent.endswith(_UNIT) else []
        for group in (*self._groups(), *around):
            with contextlib.suppress(OSError):
                os.rmdir(group)

    def _groups(self) -> list[str]:
        return [folder for folder, _, _ in os.walk(self.path, topdown=False)]


def base() -> str | None:
    """Return the folder of the group that this process is in, None if no groups can be made below it."""
    mounts = os.fsdecode(_read("/proc/self/mountinfo")).splitlines()
    groups = os.fsdecode(_read("/proc/self/cgroup")).splitlines()
    own = next((line.removeprefix("0::/") for line in groups if line.startswith("0::/")), None)
    mount = next((line.split() for line in mounts if " - cgroup2 " in line), None)
    if own is None or mount is None:
        return None
    # mountinfo: id, parent, device, root of the mount within its file system, mount point, options …
    folder = os.path.normpath(f"{mount[4]}/{os.path.relpath(f'/{own.removesuffix(_OURS)}', mount[3])}")
    return folder if os.access(folder, os.W_OK) else None


def offered(base: str | None) -> frozenset[str]:
    """Return the controllers that groups below `base` may have."""
    if base is None or not os.access(f"{base}/cgroup.subtree_control", os.W_OK):
        return frozenset()
    return frozenset(_read(f"{base}/cgroup.controllers").decode().split())


def share(base: str | None, unit: str, files: Mapping[str, str]) -> frozenset[str]:
    """Make a service's group if there is none, and write its control files; return those that were not to be had."""
    if base is None:
        return frozenset(files)
    _enable(base, {file.partition(".")[0] for file in files})
    group = f"{base}/{unit}{_UNIT}"
    with contextlib.suppress(OSError):
        os.mkdir(group)
    return frozenset(file for file, text in files.items() if not _write(f"{group}/{file}", text))


def home(base: str, unit: str) -> str:
    """Return where the groups of a service's trees are made: in its own group, if it has one."""
    group = f"{base}/{unit}{_UNIT}"
    return group if unit and os.path.isdir(group) else base


def _enable(base: str, controllers: set[str]) -> None:
    """Let the groups below `base` have these controllers, as far as that is allowed.

    The kernel refuses it while `base` has members, so this process leaves it; cgroups(7), "no internal processes".
    """
    there = set(_read(f"{base}/cgroup.controllers").decode().split())
    missing = (controllers & there) - set(_read(f"{base}/cgroup.subtree_control").decode().split())
    if missing and not _switch_on(base, missing):
        with contextlib.suppress(OSError):
            os.mkdir(f"{base}/{_OURS}")
        _write(f"{base}/{_OURS}/cgroup.procs", str(os.getpid()))
        _switch_on(base, missing)


def _switch_on(base: str, controllers: set[str]) -> bool:
    refused = [name for name in sorted(controllers) if not _write(f"{base}/cgroup.subtree_control", f"+{name}")]
    return not refused


def sweep(base: str) -> None:
    """Remove the groups that nobody is in any more: an owner that was killed could not.

    One that another owner has just made may be among them: its tree is then known by its mark alone.
    """
    homes = [base, *(f"{base}/{name}" for name in os.listdir(base) if name.endswith(_UNIT))]
    for home in homes:
        for name in os.listdir(home) if os.path.isdir(home) else ():
            if name.startswith(_TREE):
                Leaf(f"{home}/{name}").remove()


def make(base: str, name: str, pid: int) -> Leaf | None:
    """Move a process that has no children yet into a new group below `base`; None where the system refuses."""
    leaf = Leaf(f"{base}/{_TREE}{name}")
    try:
        os.mkdir(leaf.path)
    except OSError:
        return None
    if os.path.exists(f"{leaf.path}/cgroup.kill") and _write(f"{leaf.path}/cgroup.procs", str(pid)):
        return leaf
    leaf.remove()
    return None


def _pids(group: str) -> list[int]:
    return list(map(int, _read(f"{group}/cgroup.procs").split()))


def _read(path: str) -> bytes:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return b"".join(iter(lambda: os.read(file, 1 << 16), b""))
    except OSError:
        return b""
    finally:
        os.close(file)


def _write(path: str, text: str) -> bool:
    """Write to one of the kernel's files; False if it is not there or the kernel says no."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.write(file, text.encode()) > 0
    except OSError:
        return False
    finally:
        os.close(file)
