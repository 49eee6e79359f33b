"""Supervisors to measure side by side, each with the same services: so many of one command, restarted at once."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import sandbox

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Running:
    """A supervisor that was started. pid: its process; stop: has it end its services, without waiting for that."""

    pid: int
    stop: Callable[[], object]


# folder, command, number of services -> a supervisor that runs them until the end of the context
Rival = Callable[[Path, Sequence[str], int], AbstractContextManager[Running]]


def _names(count: int) -> list[str]:
    return [f"s{number:04}" for number in range(count)]


@contextlib.contextmanager
def _process(*command: str) -> Iterator[Running]:
    env = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }  # compiled once, as usual
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=env, start_new_session=True, **quiet)
    try:
        yield Running(process.pid, lambda: process.send_signal(signal.SIGTERM))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def farmhand(folder: Path, command: Sequence[str], count: int) -> AbstractContextManager[Running]:
    settings = f"{{ExecStart: {' '.join(command)}, Restart: always, RestartSec: 0, StartLimitIntervalSec: 0}}"
    services = "".join(f"  {name}: {settings}\n" for name in _names(count))
    (folder / "farm.yaml").write_text(f"services:\n{services}")
    log = ["--log-dir", str(folder / "log"), "--control", str(folder / "control")]
    return _process(str(BIN / "farmhand"), "run", *log, str(folder / "farm.yaml"))


@contextlib.contextmanager
def systemd(folder: Path, command: Sequence[str], count: int) -> Iterator[Running]:
    wants = folder / "bare.target.wants"
    wants.mkdir()
    text = (
        "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n"
        f"[Service]\nExecStart={' '.join(command)}\nRestart=always\nRestartSec=0\n"
    )
    for name in _names(count):
        (folder / f"{name}.service").write_text(text)
        (wants / f"{name}.service").symlink_to(folder / f"{name}.service")
    with sandbox.boot(folder, folder / "boot.log") as booted:
        yield Running(booted.pid, lambda: booted.systemctl("stop", "--no-block", "s*.service"))


def supervisord(program: Path) -> Rival:
    """Take the one that is installed at this path."""

    def run(folder: Path, command: Sequence[str], count: int) -> AbstractContextManager[Running]:
        head = f"[supervisord]\nlogfile={folder}/log\npidfile={folder}/pid\nchildlogdir={folder}\n"
        head += "minfds=20000\nminprocs=2000\n"
        body = f"command={' '.join(command)}\nautorestart=true\nstartsecs=0\n"
        body += "stdout_logfile=NONE\nredirect_stderr=true\n"
        programs = "".join(f"[program:{name}]\n{body}" for name in _names(count))
        (folder / "supervisord.conf").write_text(head + programs)
        return _process(str(program), "-n", "-c", str(folder / "supervisord.conf"))

    return run


def floor(program: Path) -> Rival:
    """Take the loop of tests/bench/floor.c that was compiled to this path."""
    return lambda folder, command, count: _process(str(program), str(count), *command)


def can_boot_systemd() -> bool:
    return os.geteuid() == 0 and os.path.exists("/lib/systemd/systemd")
