"""A real worker process for tests: started with the options of its command line, always ended."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from polling import until

PROGRAM = Path(sys.executable).with_name("farmhand-worker")


class Worker:
    """A running worker. `log` is what it wrote to standard error so far."""

    def __init__(self, manager_url, folder, *options, env=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "log").open("ab")
        base = {name: value for name, value in os.environ.items() if not name.startswith("FLAMENCO_")}
        self.process = subprocess.Popen(
            [PROGRAM, "--manager", manager_url, "--data", folder / "data", *options],
            cwd=folder,
            env={**base, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def exit_code(self, seconds=10):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running; its log:\n{self.log}") from None

    def end(self):
        """Kill it with its task: without a supervisor above it, nobody else would."""
        tree = _below(self.process.pid) if self.process.poll() is None else []
        self.process.kill()
        self.process.wait()
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._log.close()


def _below(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


@contextmanager
def worker(manager_url, folder, *options, env=None):
    """Run a worker for as long as the block lasts. Its folder is kept: the next one there is the same worker."""
    started = Worker(manager_url, folder, *options, env=env)
    try:
        yield started
    finally:
        started.end()


def wait_until(condition, seconds=10, what="the condition"):
    """Wait until a condition is true; return the seconds that it took."""
    started = time.monotonic()
    until(condition, what, seconds=seconds)
    return time.monotonic() - started
