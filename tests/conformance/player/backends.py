"""The supervisors that scenarios are played under: Farmhand, and the real systemd in namespaces of its own."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sandbox

from .stage import Stage

BACKEND = Path(__file__).resolve().parents[1] / "backend.py"
PRIVATE = ("/tmp", "/var/tmp", "/var/lib", "/var/cache")  # empty for every boot, and so are /run and /var/log
# What systemd's namespaces have, for any supervisor, beside its folders: a console that is nobody's, and no processes
# but its own to look among.
ROOM = """
[ ! -e /dev/console ] || mount --bind "$CONSOLE" /dev/console
"$@"
"""
_BOOT, _SHUTDOWN = 30.0, 3.0  # seconds
_WAKE_UP = 0.01  # seconds
MOST = 1 << 20  # bytes of an answer


class NoSupervisor(Exception):
    """The supervisor ended, or does not answer; the text has what it said."""


class Supervisor(Protocol):
    """One that runs, and is asked in systemctl's words."""

    async def ask(self, words: Sequence[str], unit: str) -> int:
        """Give a command, as "kill", "--signal=TERM", and return its exit code once it is done."""
        ...

    async def show(self, unit: str, properties: Sequence[str]) -> dict[str, str]: ...


Boot = Callable[[Stage], AbstractAsyncContextManager[Supervisor]]


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Socketed:
    """A supervisor that is asked over a socket: a JSON list of words in, [exit code, text] out."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def request(self, *words: str) -> tuple[int, str]:
        reader, writer = await self._connect()
        try:
            writer.write(json.dumps(words).encode() + b"\n")
            code, text = json.loads(await reader.read())
        finally:
            writer.close()
        return code, text

    async def ask(self, words: Sequence[str], unit: str) -> int:
        return (await self.request(*words, unit))[0]

    async def show(self, unit: str, properties: Sequence[str]) -> dict[str, str]:
        _, text = await self.request("show", f"--property={','.join(properties)}", unit)
        return _properties(text)


def _properties(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def socketed(*command: str) -> Boot:
    """Return how to boot a supervisor by `COMMAND daemon --unit-dir DIR --control SOCKET`, which logs to its output."""

    @asynccontextmanager
    async def boot(stage: Stage) -> AsyncIterator[Supervisor]:
        words = [*command, "daemon", "--unit-dir", str(stage.units), "--control", str(stage.control)]
        with _console() as console, stage.log.open("wb") as log:
            daemon = subprocess.Popen(
                [*_room(), *words],
                env={**os.environ, "CONSOLE": console.name, **sandbox.hiding(PRIVATE)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            supervisor = Socketed(lambda: asyncio.open_unix_connection(stage.control, limit=MOST))
            try:
                async with running(supervisor, daemon, stage.log):
                    yield supervisor
            finally:
                _end(daemon)

    return boot


def _room() -> tuple[str, ...]:
    """Return what to put before a command so that it has ROOM; nothing where it may not: not root, or a container."""
    unshare = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")
    with contextlib.suppress(FileNotFoundError):
        if subprocess.run([*unshare, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return (*unshare, "sh", "-e", "-c", sandbox.HIDE + ROOM, "room")
    return ()


@dataclass(frozen=True)
class _Console:
    """A terminal: its name, and the other end of it."""

    name: str
    end: int


@contextlib.contextmanager
def _console() -> Iterator[_Console]:
    end, terminal = os.openpty()
    tty.setraw(terminal)
    try:
        yield _Console(os.ttyname(terminal), end)
    finally:
        os.close(terminal)
        os.close(end)


@asynccontextmanager
async def running(supervisor: Socketed, daemon: subprocess.Popen[Any], log: Path) -> AsyncIterator[None]:
    """Wait until a supervisor answers; tell it to end when it is no longer needed."""
    await _ready(supervisor, daemon, log)
    yield
    with contextlib.suppress(OSError, ValueError, TimeoutError):
        await asyncio.wait_for(supervisor.request("shutdown"), _SHUTDOWN)


async def _ready(supervisor: Socketed, daemon: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + _BOOT
    while daemon.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if (await supervisor.request("ping"))[0] == 0:
                return
        await asyncio.sleep(0.01)
    raise NoSupervisor(f"the supervisor does not answer; it said: {log.read_text(errors='replace')}")


def _end(daemon: subprocess.Popen[bytes]) -> None:
    """End a supervisor: leave it a moment, ask, insist."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        try:
            daemon.wait(_SHUTDOWN)
            return
        except subprocess.TimeoutExpired:
            daemon.send_signal(number)
    daemon.wait()


FARMHAND = socketed(sys.executable, str(BACKEND))


class _Systemd:
    """A systemd in its namespaces, asked by its own systemctl."""

    def __init__(self, pid: int) -> None:
        self._enter = (
            "nsenter",
            "-t",
            str(pid),
            "-m",
            "-p",
            "-C",
            "-u",
            "-i",
            "systemctl",
            "--no-pager",
            "--no-ask-password",
        )

    async def _run(self, *words: str) -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._enter,
            *words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            text, _ = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        return process.returncode or 0, text

    async def ask(self, words: Sequence[str], unit: str) -> int:
        return (await self._run(*words, unit))[0]

    async def show(self, unit: str, properties: Sequence[str]) -> dict[str, str]:
        _, text = await self._run("show", f"--property={','.join(properties)}", unit)
        return _properties(text.decode(errors="replace"))


@asynccontextmanager
async def SYSTEMD(stage: Stage) -> AsyncIterator[Supervisor]:
    """Boot the machine's systemd as PID 1 of namespaces of its own; needs root."""
    with contextlib.ExitStack() as opened:
        console = opened.enter_context(_console())  # PID 1 logs to nothing but a terminal
        log = opened.enter_context(stage.log.open("wb"))
        copier = subprocess.Popen(["cat"], stdin=console.end, stdout=log)
        opened.callback(copier.wait)
        opened.callback(copier.kill)
        settings = sandbox.Settings(console=console.name, private=PRIVATE)
        booted = opened.enter_context(sandbox.boot(stage.units, stage.folder / "boot.log", settings))
        waking = asyncio.create_task(_keep_awake(booted.pid))
        try:
            yield _Systemd(booted.pid)
        finally:
            waking.cancel()


async def _keep_awake(pid: int) -> None:
    """Have PID 1 look at its timers all the time: to save wake-ups it lets them elapse up to 250 ms late."""
    with contextlib.suppress(ProcessLookupError):
        while True:
            os.kill(pid, signal.SIGCHLD)
            await asyncio.sleep(_WAKE_UP)
