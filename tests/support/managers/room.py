"""A room for service managers that are not installed: namespaces and a root folder of their own, the machine's files.

What they are told to do in /etc, /run and /var stays there; /tmp and all programs are the machine's. `fetch` gets them.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sandbox
from polling import until

HERE = Path(__file__).parent
MANAGERS = HERE.parents[2] / "build/managers"
PATH = f"/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:{MANAGERS}/bin"


def missing() -> list[str]:
    """Name what this machine would need for a room."""
    there = {
        "root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "unshare": shutil.which("unshare") is not None,
        "tests/support/managers/fetch to be run": (MANAGERS / "usr/bin/runsv").exists(),
    }
    return [what for what, found in there.items() if not found]


needed = pytest.mark.skipif(bool(missing()), reason=f"a room for service managers needs {', '.join(missing())}")


@dataclass(frozen=True)
class Room:
    """pid: of its first process, as the machine counts. started: what goes on there until its end."""

    pid: int
    started: list[subprocess.Popen[bytes]]

    def start(self, *words: str, log: Path) -> None:
        """Start a program there that may go on until the room is gone."""
        with log.open("ab") as out:
            program = subprocess.Popen(self._enter(words), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.started.append(program)

    def run(self, *words: str, text: str = "", seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a program there to its end; text: what it reads."""
        return subprocess.run(
            self._enter(words), input=text, capture_output=True, text=True, timeout=seconds, check=False
        )

    def path(self, path: str) -> Path:
        """Return where a file of the room is to be found from outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def put(self, path: str, text: str, mode: int) -> None:
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)

    def _enter(self, words: tuple[str, ...]) -> list[str]:
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "-i", "-r", "-w"]
        return [*enter, "env", "-i", f"PATH={PATH}", "LANG=C.UTF-8", *words]


@contextlib.contextmanager
def opened(log: Path) -> Iterator[Room]:
    """Make a room; all that runs in it is gone at the end."""
    with log.open("wb") as out:
        unshare = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "bash", HERE / "room.sh"],
            env={"PATH": PATH, "MANAGERS": str(MANAGERS)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    started: list[subprocess.Popen[bytes]] = []
    try:
        room = Room(until(lambda: sandbox.first_child(unshare.pid), "a process in the new namespaces"), started)
        until(room.path("/run/ready").exists, f"the room of {log}", seconds=30)
        yield room
    finally:
        os.killpg(unshare.pid, signal.SIGKILL)
        for program in (unshare, *started):
            program.wait()
