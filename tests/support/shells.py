"""The platforms of this machine as tests use them: with the waiting that their users do in their loops."""

import contextlib
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import child
import psutil
import pytest
from process_state import as_it_was

from farmhand.supervisor.platforms import Order

DEADLINE = 30.0
READABLE = 1
marks = itertools.count()

if sys.platform == "win32":
    from farmhand.supervisor.platforms.windows.trees import Windows

    PLATFORMS = {"windows": Windows}
    MODULES = {"windows": "windows.trees"}
else:
    from portable import nothing_but_posix

    from farmhand.supervisor.platforms import cgroup
    from farmhand.supervisor.platforms.linux import Linux
    from farmhand.supervisor.platforms.posix import Posix

    PLATFORMS = {
        "linux": lambda: Linux(cgroups=False),
        "linux with control groups": lambda: Linux(cgroups=True),
        "posix": Posix,
    }
    MODULES = {"linux": "linux", "posix": "posix"}


class Shell:
    """The platform under test. A child's working directory is the folder of the test."""

    def __init__(self, make: Callable, folder: Path) -> None:
        self._make = make
        self.platform = self.successor()
        self.selector = self.platform.selector()
        self.folder = folder
        self.trees = []

    def successor(self):
        """Return a platform that knows of nothing, as the next owner's would."""
        platform = self._make()
        platform.adopt_orphans()
        return platform

    @property
    def native(self) -> str:
        """What to import to have this platform in another process."""
        name = self.platform.name
        return f"from farmhand.supervisor.platforms.{MODULES[name]} import {name.upper()} as platform"

    def spawn(self, *argv: str, env: Mapping[str, str] | None = None, bare_env=None, mark=None, **order):
        mark = mark or f"test-{os.getpid()}-{next(marks)}"
        env = {**os.environ, **(env or {})} if bare_env is None else bare_env
        usual = {"program": argv[0], "argv": argv, "env": env, "mark": mark, "stdout": 1, "stderr": 2}
        tree = self.platform.spawn(Order(**{**usual, **order}))
        self.trees.append(tree)
        return tree

    def child(self, script: str, **order):
        """Start a process that runs a script with the words of `child.py`."""
        return self.spawn(*child.command(script), **{"cwd": str(self.folder), **order})

    def sh(self, script: str, **order):
        return self.spawn("/bin/sh", "-c", script, **order)

    def python(self, script: str, *arguments: str, **order):
        return self.spawn(sys.executable, "-c", script, *arguments, **order)

    def output_of(self, *argv: str, **order) -> str:
        """Run a program to its end and return what it wrote."""
        path = self.folder / "output"
        with path.open("wb") as file:
            self.exit_of(self.spawn(*argv, stdout=file.fileno(), **order))
        return path.read_text()

    def exit_of(self, tree):
        """Wait for the main process as the loop does: for what the platform tells, and for nothing else."""
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

    def end(self, tree) -> None:
        tree.kill()
        self.until_empty(tree)

    def readable(self, descriptor: int, seconds: float = 0.0) -> bool:
        return descriptor in self.ready([descriptor], seconds)

    def ready(self, descriptors, seconds: float | None) -> list[int]:
        """Return those of them that are readable, after this time at most; a wait may end for nothing before."""
        end = None if seconds is None else time.monotonic() + seconds
        for descriptor in descriptors:
            self.selector.register(descriptor, READABLE)
        try:
            while not (ready := self.selector.select(end and max(0, end - time.monotonic()))):
                if end is not None and time.monotonic() >= end:
                    break
            return [key.fd for key, _ in ready]
        finally:
            for descriptor in descriptors:
                self.selector.unregister(descriptor)

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
        return int(self.text_in(name))

    def text_in(self, name: str) -> str:
        """Wait until there is something in a file of the test's folder, and return it."""
        path = self.folder / name
        return self.until(lambda: path.exists() and path.read_text().strip())

    def _wait(self, descriptors, end: float, look_again: float | None = None) -> None:
        assert time.monotonic() < end, "nothing told of it before the deadline"
        self.ready(descriptors, look_again or end - time.monotonic())


@contextlib.contextmanager
def careless_parent() -> Iterator[None]:
    """Be as under nohup and in a shell's background, with a descriptor that is inheritable."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    with as_it_was():
        if sys.platform != "win32":
            signal.signal(signal.SIGQUIT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        yield
    os.close(reader)
    os.close(writer)


@contextlib.contextmanager
def shell_of(name: str, folder: Path) -> Iterator[Shell]:
    """Own trees of this platform for a while; none of them is left, whatever happens."""
    portable = nothing_but_posix if name == "posix" else contextlib.nullcontext
    with portable(), careless_parent():
        shell = Shell(PLATFORMS[name], folder)
        yield shell
        for tree in shell.trees:
            if tree.fileno() != -1:
                shell.end(tree)
                tree.close()
        shell.selector.close()


def fixture_of(names: Iterable[str]):
    """Make the fixture that gives each test a shell of each of these platforms."""

    @pytest.fixture(params=list(names))
    def shell(request, tmp_path):
        if "groups" in request.param and cgroup.base() is None:
            pytest.skip("no control group can be made here (needs cgroup v2, writable)")
        with shell_of(request.param, tmp_path) as shell:
            yield shell

    return shell
