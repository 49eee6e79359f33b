"""Managers that share a PostgreSQL database, behind the nginx of docs/how-to/several-managers.md."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from farm import BIN, ROOT, ask, free_port
from polling import until
from postgres import fresh_database

from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.tokens import Scope
from farmhand.manager.storage import people, tokens
from farmhand.manager.storage.store import Store

GUIDE = ROOT / "docs" / "how-to" / "several-managers.md"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
needed = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed")

AROUND = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {site}
}}
"""


def site(port: int, *managers: int) -> str:
    """Return the guide's configuration, with the addresses of this machine."""
    [text] = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    servers = re.findall(r"server 10\S+", text)
    assert len(servers) == len(managers)
    for server, manager in zip(servers, managers, strict=True):
        text = text.replace(server, f"server 127.0.0.1:{manager}")
    return text.replace("listen 80;", f"listen 127.0.0.1:{port};")


@dataclass
class Manager:
    """One manager's process, and its own address."""

    port: int
    words: list[str]
    environment: dict[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.begin()
        self.await_answer()

    def await_answer(self) -> None:
        until(self._answers, f"the manager at {self.port} to answer", seconds=60, pause=0.05)

    def begin(self) -> None:
        with self.output.open("ab") as out:
            self.process = subprocess.Popen(
                self.words, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output.read_text()
        with contextlib.suppress(OSError):
            return bool(ask(f"{self.url}/api/v3/version"))
        return False

    def kill(self) -> None:
        """Kill -9 it."""
        self._end(signal.SIGKILL)

    def end(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=30)


@dataclass(frozen=True)
class Farm:
    """Two managers; url is the proxy's."""

    url: str
    managers: tuple[Manager, Manager]
    data: Path


@contextlib.contextmanager
def running(folder: Path, settings: str = "") -> Iterator[Farm]:
    """Run two managers and their proxy."""
    folder.mkdir(parents=True, exist_ok=True)
    front, *ports = (free_port() for _ in range(3))
    config = folder / "manager.yaml"
    with fresh_database() as database, contextlib.ExitStack() as ending:
        config.write_text(f"database: {database}\ntrusted_proxies: [127.0.0.1]\nregistration: open\n{settings}")
        first, second = (_manager(folder, port, config) for port in ports)
        for manager in (first, second):
            ending.callback(manager.end)
            manager.begin()
        for manager in (first, second):
            manager.await_answer()
        ending.enter_context(proxy(folder, front, *ports))
        ending.enter_context(pytest.MonkeyPatch.context()).setenv("FARMHAND_TOKEN", token(folder / "data", database))
        yield Farm(f"http://127.0.0.1:{front}", (first, second), folder / "data")


def token(data: Path, database: str) -> str:
    """Make an operator and a token of theirs."""
    store = Store(data, Settings(), url=database)
    try:
        kim = people.add(store, "kim", (Grant(Role.OPERATOR),), "test")
        return tokens.make(store, kim.id, "tests", Scope(Role.OPERATOR), 86_400_000, "test").text
    finally:
        store.close()


def _manager(folder: Path, port: int, config: Path) -> Manager:
    words = ["farmhand-manager", "run", "--listen", f"127.0.0.1:{port}", "--data", str(folder / "data")]
    return Manager(
        port, [str(BIN / words[0]), *words[1:], "--config", str(config)], dict(os.environ), folder / f"{port}.log"
    )


@contextlib.contextmanager
def proxy(folder: Path, port: int, *managers: int) -> Iterator[None]:
    config = folder / "nginx.conf"
    config.write_text(AROUND.format(folder=folder, site=site(port, *managers)))
    process = subprocess.Popen([NGINX, "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port), "nginx to listen", seconds=10)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError):
        return bool(ask(f"http://127.0.0.1:{port}/api/v3/version"))
    return False
