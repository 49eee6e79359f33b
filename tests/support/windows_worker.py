"""A worker in Windows' Python under Wine, for a manager on this machine: what `worker_process.py` is on this system."""

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wine import ROOT, WindowsPython, as_windows_has_it

# Seconds to start in, where every core is busy with other tests.
STARTS = 40
_SOON = 10


def packages(folder: Path) -> Path:
    """Copy this checkout's packages, as Windows' Python finds them with PYTHONPATH; return that folder."""
    for name in ("units", "supervisor", "worker"):
        shutil.copytree(ROOT / name, folder / "farmhand" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def installed() -> WindowsPython:
    """Return the Windows' Python of this machine; skip where there is none."""
    windows = WindowsPython()
    if shutil.which("wine") is None or not windows.program.exists():
        pytest.skip("there is no Windows' Python; make test-windows makes one")
    return windows


class Worker:
    """A running worker. `log` is what it has written so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        return "".join(self._lines)

    def exit_code(self, seconds: float = 30) -> int:
        """Wait for the end; return the lowest eight bits of the exit code: more does not come through."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running; its log:\n{self.log}") from None
        self._reader.join(seconds)
        return code

    def end(self) -> None:
        """End it, and with it what has its output open: what Wine has started for itself outlives it at times."""
        self.process.kill()
        self._reader.join(_SOON)
        if self._reader.is_alive():
            WindowsPython().clear()
            self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self._lines.extend(self.process.stdout)


@contextlib.contextmanager
def worker(windows: WindowsPython, path: Path, manager_url: str, folder: Path, *options: str) -> Iterator[Worker]:
    """Run a worker for as long as the block lasts. Its folder is kept: the next one there is the same worker.

    path: what `packages` returned.
    """
    data = as_windows_has_it(folder / "data")
    words = ("-m", "farmhand.worker", "--manager", manager_url, "--data", data, "--name", "windows", *options)
    with windows.started(*words, env={"PYTHONPATH": as_windows_has_it(path)}) as process:
        started = Worker(process)
        try:
            yield started
        finally:
            started.end()
