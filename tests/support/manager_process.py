"""A manager as a process of its own, and what it takes."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from farm import BIN, ask, free_port
from polling import until

TICK = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def manager(data: Path, database: str) -> Iterator[tuple[str, int]]:
    """Run a manager; yield its address and its process id."""
    port = free_port()
    words = [str(BIN / "farmhand-manager"), "run", "--without-login"]
    words += ["--listen", f"127.0.0.1:{port}", "--data", str(data)]
    words += ["--database", database] if database else []
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), "the manager to answer", seconds=60)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def answers(url: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(ask(f"{url}/api/v3/version"))
    return False


def processor_time(pid: int) -> float:
    """Return the milliseconds of all processors that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICK


def memory(pid: int) -> float:
    """Return the MiB that a process has, what it shares included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
