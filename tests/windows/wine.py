"""Windows' Python under Wine, with a Windows of its own in one folder; `install.py` makes it.

Every run is in a job of its own (`guard.py`): when it ends, or is ended for taking too long, nobody of it is left.
"""

import contextlib
import math
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUARD = Path(__file__).with_name("guard.py")
_LOOK = 0.2  # seconds after which it is looked whether a silent process has ended
FOLDER = Path(os.environ.get("FARMHAND_WINE") or ROOT / "build/windows").absolute()


@dataclass(frozen=True)
class WindowsPython:
    """`folder` has `python`, the files of Windows' Python, and `prefix`, the Windows that it runs in."""

    folder: Path = FOLDER

    @property
    def program(self) -> Path:
        return self.folder / "python/python.exe"

    @property
    def packages(self) -> Path:
        return self.folder / "python/lib/site-packages"

    @property
    def drive_c(self) -> Path:
        return self.folder / "prefix/drive_c"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment without what is about its own Python, and with what Wine has to know."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return kept | {
            "WINEPREFIX": f"{self.folder}/prefix",
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",  # nobody is asked whether to install Mono and Gecko
            "PYTHONPYCACHEPREFIX": as_windows_has_it(self.folder / "bytecode"),
            "PYTHONUTF8": "1",
            **(more or {}),
        }

    @contextmanager
    def started(self, *words: object, env: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
        """Run a file, or a module after "-m", for the time of the block; what it writes comes through a pipe.

        A file of this system as its output is none that Windows' Python can begin with.
        """
        process = subprocess.Popen(
            ["wine", self.program, as_windows_has_it(GUARD), *map(str, words)],
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def clear(self) -> None:
        """End all that runs there, what Wine has started for itself included."""
        subprocess.run(["/usr/lib/wine/wineserver", "--kill"], env=self.environment(), check=False)

    def run(self, *words: object, env: Mapping[str, str] | None = None, seconds: float = 120) -> tuple[int, str]:
        """Run it to its end and return exit code (its lowest eight bits) and output; raises TimeoutExpired."""
        with self.started(*words, env=env) as process:
            output = b"".join(_written(process, time.monotonic() + seconds))
        return process.returncode, output.decode(errors="replace")

    def check(self, *words: object, env: Mapping[str, str] | None = None, seconds: float = 120) -> str:
        """Return the output of a run that ends with 0."""
        code, output = self.run(*words, env=env, seconds=seconds)
        assert code == 0, f"{words} ended with {code}\n{output}"
        return output


def as_windows_has_it(path: Path) -> str:
    r"""Return the name that a file of this system has under Wine: Z:\home\me\file."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def _written(process: "subprocess.Popen[str]", deadline: float = math.inf) -> Iterator[bytes]:
    """Yield what a process writes until it has ended; raises TimeoutExpired.

    The end of its pipe is not waited for: what Wine starts for itself may have it open for much longer.
    """
    assert process.stdout is not None
    output = process.stdout.fileno()
    os.set_blocking(output, False)
    ended = False
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while not ended:
            selector.select(_LOOK)
            ended = process.poll() is not None
            yield from _there(output)
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, deadline)


def _there(output: int) -> Iterator[bytes]:
    """Yield what can be read at once."""
    with contextlib.suppress(BlockingIOError):
        while written := os.read(output, 1 << 16):
            yield written


def show(process: "subprocess.Popen[str]") -> int:
    """Write what a process writes; return its exit code."""
    for written in _written(process):
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    return process.returncode
