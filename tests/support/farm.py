"""A whole farm of real processes: the supervisor, and under it the manager and the workers of config/farm.yaml."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polling import until

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(url: str, body: object = None) -> Any:
    """GET, or POST a body, as JSON, with the token in FARMHAND_TOKEN if there is one; None for an empty answer."""
    data = None if body is None else json.dumps(body).encode()
    token = os.environ.get("FARMHAND_TOKEN")
    known = {"Authorization": f"Bearer {token}"} if token else {}
    call = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json", **known})
    with urllib.request.urlopen(call, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def run(environment: Mapping[str, str], command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of our commands."""
    argv = [str(BIN / command), *words]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)


@dataclass(frozen=True)
class Farm:
    """A running farm. `output` is what the supervisor has printed."""

    port: int
    data: Path
    process: subprocess.Popen[bytes]
    output: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def api(self, path: str, body: object = None) -> Any:
        """GET, or POST a body, as JSON; None for an empty answer."""
        return ask(self.url + path, body)

    def text(self, path: str) -> str:
        """GET what is no JSON; "" for nothing."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return str(answer.read(), "utf-8")

    def answers(self) -> bool:
        try:
            return bool(self.api("/api/v3/version"))
        except OSError:
            return False

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of our commands beside the farm: `farm.run("farmhand", "status")`."""
        return run(self.environment, command, *words)

    def workers(self) -> dict[str, dict[str, Any]]:
        """Return the manager's workers by name; none while it does not answer."""
        try:
            found = self.api("/api/v3/worker-mgt/workers")["workers"]
        except OSError:
            return {}
        return {worker["name"]: worker for worker in found}

    def statuses(self) -> dict[str, str]:
        return {name: worker["status"] for name, worker in self.workers().items()}

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Return properties of a service, as `farmhand show` prints them."""
        done = self.run("farmhand", "show", unit, f"--property={','.join(names)}")
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def environment(port: int, data: Path) -> dict[str, str]:
    """Return what our commands need to find this farm and no other."""
    return {
        **os.environ,
        "FARMHAND_PORT": str(port),
        "FARMHAND_DATA": str(data),
        "FARMHAND_CONTROL": str(data / "control.sock"),
        "FARMHAND_MANAGER": f"http://127.0.0.1:{port}/",
    }


@contextlib.contextmanager
def started(data: Path, *words: str, port: int) -> Iterator[Farm]:
    """Start a command that serves at a port; end it as Ctrl-C does."""
    data.mkdir(parents=True, exist_ok=True)
    output = data / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            words,
            env=environment(port, data),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield Farm(port, data, process, output, environment(port, data))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=40)
        finally:
            process.kill()


def without_login(data: Path, config: Path) -> Path:
    """Write a farm's configuration into its folder, changed so that nobody has to sign in."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "farm.yaml"
    file.write_text(config.read_text().replace("farmhand-manager run ", "farmhand-manager run --without-login "))
    return file


@contextlib.contextmanager
def running(data: Path, config: Path = ROOT / "config" / "farm.yaml", *, workers: int = 3) -> Iterator[Farm]:
    """Run a farm under the supervisor, with its workers awake, where nobody has to sign in."""
    with started(data, str(BIN / "farmhand"), "run", str(without_login(data, config)), port=free_port()) as farm:
        await_start(farm, lambda: list(farm.statuses().values()) == ["awake"] * workers)
        yield farm


@contextlib.contextmanager
def manager_alone(data: Path) -> Iterator[Farm]:
    """Run a manager without a supervisor and without workers, where nobody has to sign in."""
    port = free_port()
    words = ("run", "--without-login", "--listen", f"127.0.0.1:{port}", "--data", str(data))
    with started(data, str(BIN / "farmhand-manager"), *words, port=port) as farm:
        await_start(farm, farm.answers)
        yield farm


def await_start(farm: Farm, ready: Callable[[], bool]) -> None:
    until(lambda: ready() or farm.process.poll() is not None, "the farm to start", seconds=30, pause=0.05)
    assert farm.process.poll() is None, farm.output.read_text()
