"""Machines of a network of their own: network namespaces that are joined by a cable. For root on Linux."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import needs
import pytest
from polling import until

BIN = Path(sys.executable).parent

missing = [program for program in ("ip", "nsenter", "unshare") if shutil.which(program) is None]
needed = [needs.as_root, pytest.mark.skipif(bool(missing), reason=f"a network needs {', '.join(missing)}")]


@dataclass(frozen=True)
class Machine:
    """One network namespace. holder: a process in it, which keeps it alive; address: its end of the cable."""

    holder: int
    address: str

    def words(self, *words: object) -> list[str]:
        """Return a command as it is run there."""
        return ["nsenter", "-t", str(self.holder), "-n", "--", *map(str, words)]

    def run(self, *words: object, seconds: float = 30) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=seconds, check=False)

    @contextlib.contextmanager
    def running(self, *words: object, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command there for as long as the block lasts; it is asked to end as a service is."""
        process = subprocess.Popen(self.words(*words), **more)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            finally:
                process.kill()


@contextlib.contextmanager
def machine() -> Iterator[int]:
    """Make a namespace whose loopback is up; yield the id of a process in it."""
    with subprocess.Popen(["unshare", "--net", "sleep", "infinity"]) as holder:
        try:
            until(lambda: _own_network(holder.pid), "a network namespace")
            subprocess.run(["nsenter", "-t", str(holder.pid), "-n", "ip", "link", "set", "lo", "up"], check=True)
            yield holder.pid
        finally:
            holder.kill()


def _own_network(pid: int) -> bool:
    return Path(f"/proc/{pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


@contextlib.contextmanager
def lan() -> Iterator[tuple[Machine, Machine]]:
    """Join two machines by a cable: 10.77.0.1 and 10.77.0.2."""
    with machine() as first, machine() as second:
        machines = Machine(first, "10.77.0.1"), Machine(second, "10.77.0.2")
        cable = ("ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", second)
        assert machines[0].run(*cable).returncode == 0
        for each in machines:
            for change in (("addr", "add", f"{each.address}/24", "dev", "cable"), ("link", "set", "cable", "up")):
                assert each.run("ip", *change).returncode == 0
        yield machines
