"""A PostgreSQL server of the tests' own: one for a process that runs tests, and a database of its own for each test."""

import atexit
import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from farm import free_port
from polling import until

from farmhand.manager.config import Settings
from farmhand.manager.storage.store import Store

# As Debian installs it; on other systems where the PATH says.
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
BIN = DEBIAN[-1] if DEBIAN else Path(shutil.which("initdb") or "initdb").parent

# It refuses to run as root.
UNPRIVILEGED = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}

SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "500", "shared_buffers": "64MB"}

_numbers = itertools.count(1)


class Server:
    """A server that listens at a socket in its folder, and at a port of this machine.

    Where no PostgreSQL is installed, the test that wants one is skipped.
    """

    def __init__(self) -> None:
        if not (BIN / "initdb").exists():
            pytest.skip("postgresql is not installed")
        self.folder = Path(tempfile.mkdtemp(prefix="farmhand-postgres-"))
        self.port = free_port()
        if UNPRIVILEGED:
            shutil.chown(self.folder, "nobody", "nogroup")
        self.data = self.folder / "data"
        self._run("initdb", "-D", str(self.data), "-U", "farmhand", "-A", "trust", "-N", "--locale=C", "-E", "UTF8")
        self.start()

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [BIN / program, *words], cwd=self.folder, capture_output=True, text=True, check=False, **UNPRIVILEGED
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {**SETTINGS, "port": self.port, "unix_socket_directories": self.folder}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", str(self.data), *words],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                **UNPRIVILEGED,
            )
        until(self._answers, "PostgreSQL to start", seconds=30)

    def stop(self) -> None:
        """Stop it at once, as a machine does that loses its power."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres")).close()
            return True
        return False

    def url(self, database: str) -> str:
        return f"postgresql://farmhand@127.0.0.1:{self.port}/{database}"

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def copy(self, database: str, name: str) -> None:
        """Make a database that is a copy of one, file by file; from version 15 on that has to be asked for."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            strategy = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {database} {strategy}")


def _end_with_parent() -> None:
    """Have the kernel stop the server when the thread that runs the tests is gone, however it ends."""
    assert threading.current_thread() is threading.main_thread()
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


@cache
def server() -> Server:
    """Return the server of this process, with a database in which nothing has happened to be copied."""
    started = Server()
    atexit.register(started.remove)
    started.do("CREATE DATABASE fresh")
    with tempfile.TemporaryDirectory() as folder:
        Store(Path(folder), Settings(), url=started.url("fresh")).close()
    return started


@contextlib.contextmanager
def fresh_database() -> Iterator[str]:
    """Make a database with our tables, and yield its URL."""
    here, name = server(), f"test{next(_numbers)}"
    here.copy("fresh", name)
    try:
        yield here.url(name)
    finally:
        here.do(f"DROP DATABASE {name} WITH (FORCE)")
