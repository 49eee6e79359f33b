"""A platform for each test, and this process as it was before afterwards."""

import ctypes
import itertools
import os
import select
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from farmhand.supervisor.platforms import Order, cgroup
from farmhand.supervisor.platforms.linux import Linux
from farmhand.supervisor.platforms.posix import Posix

PR_SET_CHILD_SUBREAPER = 36
PLATFORMS = {
    "linux": lambda: Linux(cgroups=False),
    "linux with control groups": lambda: Linux(cgroups=True),
    "posix": Posix,
}
DEADLINE = 10.0
marks = itertools.count()


class Shell:
    """The platform under test, with the waiting that its users do in their loops."""

    def __init__(self, platform, folder: Path, make) -> None:
        self.platform = platform
        self._make = make
        self.folder = folder
        self.trees = []

    def successor(self):
        """Return a platform that knows of nothing, as the next owner's would."""
        platform = self._make()
        platform.adopt_orphans()
        return platform

    def spawn(self, *argv: str, env=None, bare_env=None, mark=None, **order):
        mark = mark or f"test-{os.getpid()}-{next(marks)}"
        env = {**os.environ, **(env or {})} if bare_env is None else bare_env
        usual = {"program": argv[0], "argv": argv, "env": env, "mark": mark, "stdout": 1, "stderr": 2}
        tree = self.platform.spawn(Order(**{**usual, **order}))
        self.trees.append(tree)
        return tree

    def sh(self, script: str, **order):
        return self.spawn("/bin/sh", "-c", script, **order)

    def python(self, script: str, *arguments: str, **order):
        return self.spawn(sys.executable, "-c", script, *arguments, **order)

    def exit_of(self, tree):
        """Wait for the main process as the loop does: for the descriptors, and for nothing else."""
        end = time.monotonic() + DEADLINE
        while (exit := tree.poll()) is None:
            self._wait([tree.fileno(), self.platform.fileno()], end)
            self.platform.reap_strangers()
        return exit

    def until_empty(self, tree) -> None:
        end = time.monotonic() + DEADLINE
        while tree.members():
            # A main process that is not polled stays readable.
            main = [tree.fileno()] if tree.poll() is None else []
            self._wait([*main, self.platform.fileno()], end, self.platform.look_again)
            tree.poll()
            self.platform.reap_strangers()

    def until(self, condition):
        """Poll for what the system does not announce."""
        end = time.monotonic() + DEADLINE
        while not (outcome := condition()):
            assert time.monotonic() < end, "deadline passed"
            time.sleep(0.005)
        return outcome

    def alive(self, pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def exists(self, pid: int) -> bool:
        return psutil.pid_exists(pid)

    def pid_in(self, name: str) -> int:
        """Wait until a file in the test's folder holds a process id, and return it."""
        path = self.folder / name
        return int(self.until(lambda: path.exists() and path.read_text().strip()))

    def _wait(self, descriptors, end: float, look_again: float | None = None) -> None:
        assert time.monotonic() < end, "nothing told of it before the deadline"
        select.select(descriptors, [], [], look_again or end - time.monotonic())


@pytest.fixture(params=PLATFORMS)
def shell(request, tmp_path):
    if "groups" in request.param and cgroup.base() is None:
        pytest.skip("no control group can be made here (needs cgroup v2, writable)")
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # as under nohup and in a shell's background
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    reader, writer = os.pipe()  # as from a careless parent
    os.set_inheritable(writer, True)
    platform = PLATFORMS[request.param]()
    platform.adopt_orphans()
    shell = Shell(platform, tmp_path, PLATFORMS[request.param])
    yield shell
    for tree in shell.trees:
        if tree.fileno() != -1:
            tree.kill()
            shell.until_empty(tree)
            tree.close()
    os.close(reader)
    os.close(writer)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        if handler is not None and number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, handler)
