"""`farmhand run`: reads service files, and gives the loop what surrounds it: logs, control socket, the first lines."""

import contextlib
import fnmatch
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..units import machine
from ..units.check import absent
from ..units.dialects import systemd
from ..units.directives import without_effect
from ..units.errors import BadConfig
from ..units.files import read_text
from ..units.light import dataclass, field
from ..units.quoting import expand_text
from ..units.spec import Service
from . import environment, loop
from .control import Handle
from .control_server import CannotListen, ControlServer
from .logs import Logs, Prefixer
from .obey import REQUESTS
from .platforms import native
from .waiting import Waiter

BAD_INPUT = 2
_FILES_EACH = 8  # descriptors that one service needs at most: its log, its processes, its notify socket
_FILES_OWN = 64
_LONGEST_LINE = 300  # of a service's own output on the console
_PASSED_BY = ("null", "inherit", "file", "append", "truncate")  # StandardOutput= that does not go to our log


@dataclass(frozen=True)
class Wishes:
    """What `farmhand run` was told. shown: patterns of the services whose output is shown here as well."""

    files: Sequence[Path]
    control: Path
    log_folder: Path | None = None
    shown: Sequence[str] = ()


@dataclass
class Plan:
    """What the files say together."""

    services: dict[str, Service] = field(default_factory=dict)
    default_environment: dict[str, str] = field(default_factory=dict)
    log_directory: str | None = None


def run(wishes: Wishes) -> int:
    """Serve until told to stop; returns the exit code."""
    try:
        plan = read(wishes.files)
        common = environment.base(os.environ, plan.default_environment)
        logs = _logs(wishes, plan, common)
    except BadConfig as problem:
        _say(str(problem))
        return BAD_INPUT
    with contextlib.ExitStack() as opened:
        opened.callback(logs.close)

        def attach(waiter: Waiter, handle: Handle) -> None:
            server = ControlServer(wishes.control, handle)
            opened.callback(server.close)
            waiter.watch(server.fileno(), REQUESTS, server.serve)
            waiter.watch(logs.fileno(), REQUESTS, logs.pump)
            _introduce(wishes, plan, logs)

        _allow_files(len(plan.services))
        shell = loop.Shell(
            environment=common,
            journal=logs.journal,
            log_path=lambda name: log_path(plan.services[name], logs),
            last_line=lambda name: logs.last_line(name)[:_LONGEST_LINE],
            attach=attach,
            log=_say,
        )
        try:
            return loop.run(plan.services.values(), shell)
        except CannotListen as problem:
            _say(str(problem))
            return BAD_INPUT


def read(files: Sequence[Path]) -> Plan:
    """Read all files; raises BadConfig. A service may be in one of them only."""
    plan, here = Plan(), machine.here()
    for file in files:
        services = _read_unit(file, here) if file.suffix == ".service" else _read_farm(file, here, plan)
        for service in services:
            if service.name in plan.services:
                raise BadConfig(str(file), 0, service.name, "another file has this service too", "rename one of them")
            plan.services[service.name] = service
    for notice in absent(list(plan.services.values())):
        _say(str(notice))
    return plan


def _read_unit(file: Path, here: Mapping[str, str]) -> tuple[Service, ...]:
    reading = systemd.read(str(file), read_text(file), here)
    for warning in reading.warnings:
        _say(str(warning))
    return (reading.service,)


def _read_farm(file: Path, here: Mapping[str, str], plan: Plan) -> tuple[Service, ...]:
    from ..units.dialects import farmhand  # only where YAML is read: its parser takes memory

    farm = farmhand.read(str(file), read_text(file), here)
    plan.default_environment |= farm.settings.default_environment
    plan.log_directory = farm.settings.log_directory or plan.log_directory
    return farm.services


def _logs(wishes: Wishes, plan: Plan, common: Mapping[str, str]) -> Logs:
    """Open the folder of logs; raises BadConfig."""
    folder = wishes.log_folder
    if folder is None and plan.log_directory is not None:
        folder = Path(expand_text(plan.log_directory, common))
    if folder is None:
        folder = Path(machine.here()["S"], "farmhand", "log")
    prefixer = Prefixer(sys.stdout.buffer)

    def echo(name: str, part: bytes) -> None:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in wishes.shown):
            with contextlib.suppress(OSError):
                prefixer(name, part)

    try:
        return Logs(folder.absolute(), echo=echo if wishes.shown else None)
    except OSError as error:
        problem = f"the services' output cannot be kept there: {error.strerror}"
        raise BadConfig(str(folder), 0, "", problem, "choose another folder with --log-dir or LogDirectory") from None


def log_path(service: Service, logs: Logs) -> str | None:
    """Say which file a service's output ends up in, None for none."""
    kind, _, path = service.standard_output.partition(":")
    if kind in _PASSED_BY:
        return path or None
    return str(logs.path(service.name))


def _introduce(wishes: Wishes, plan: Plan, logs: Logs) -> None:
    """Tell people what runs, where its output is, and how to end it."""
    _say(f"running {', '.join(plan.services)} (process {os.getpid()})")
    _say(f"output is in {logs.folder}; 'farmhand logs NAME' shows it")
    _say(f"Ctrl-C or 'farmhand shutdown' stops everything; commands come in by {wishes.control}")
    for service in plan.services.values():
        if kept := sorted({line.key for line in without_effect(service)}):
            _say(f"{service.name}: ignoring {', '.join(f'{key}=' for key in kept)}; 'farmhand check' says more")
        if lacking := sorted(native().lacks & service.origin.keys()):
            _say(f"{service.name}: ignoring {', '.join(f'{key}=' for key in lacking)}: this system has nothing like it")


def _allow_files(services: int) -> None:
    """Ask for as many descriptors as the services need, and no more: their processes inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _FILES_OWN + _FILES_EACH * services
    if soft != resource.RLIM_INFINITY and soft < needed:
        reachable = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be listening any more
        print(f"farmhand: {line}", file=sys.stderr, flush=True)
