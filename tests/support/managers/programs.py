"""The real service managers, each ready to run definitions: started, told to start services and to stop one."""

import contextlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import sandbox
from polling import until

from farmhand.units.dialect import Commands
from farmhand.units.rendered import File

from . import room

FARMHAND = Path(sys.executable).parent / "farmhand"


@dataclass(frozen=True)
class Running:
    """A service manager that runs services. stop: has it stop one, without waiting.

    state: gives systemd's ActiveState= of one, where there is such a thing. run: a command where the manager is.
    """

    version: str
    stop: Callable[[str], object]
    state: Callable[[str], str] | None = None
    run: Callable[..., subprocess.CompletedProcess[str]] | None = None


@dataclass(frozen=True)
class Job:
    """One service: the files of its definition, and how the manager is told of them."""

    name: str
    files: Sequence[File]
    commands: Commands


# jobs, a folder for logs -> the manager with all of them started, until the end of the context
Program = Callable[[Sequence[Job], Path], AbstractContextManager[Running]]


@dataclass(frozen=True)
class _InRoom:
    """A manager that runs in a room. scan: its process; ready: succeeds once it listens; stop: with {} for a name."""

    package: str
    stop: str
    ready: str
    scan: str = "sleep infinity"
    before: str = "true"
    told: bool = True  # of what is there already when it starts

    @contextlib.contextmanager
    def __call__(self, jobs: Sequence[Job], folder: Path) -> Iterator[Running]:
        with room.opened(folder / "room.log") as place:
            for file in (file for job in jobs for file in job.files):
                place.put(file.path, file.text, file.mode)
            _script(place, self.before)
            place.start(*self.scan.split(), log=folder / "manager.log")
            until(lambda: place.run("sh", "-c", self.ready).returncode == 0, f"{self.package} to be ready")
            lines = [" && ".join(map(shlex.join, job.commands.install)) for job in jobs if self.told]
            _script(place, "xargs -d '\\n' -P 8 -I LINE sh -c LINE <<'EOF'", *lines, "EOF")
            stop = lambda name: _later(place, folder, self.stop.format(name))  # noqa: E731
            yield Running(_version(self.package), stop, run=place.run)


def _later(place: room.Room, folder: Path, command: str) -> None:
    place.start("sh", "-c", command, log=folder / "stops.log")


def _script(place: room.Room, *lines: str) -> None:
    ran = place.run("sh", "-e", text="\n".join(lines), seconds=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _version(package: str) -> str:
    versions = dict(line.split() for line in (room.MANAGERS / "versions").read_text().splitlines())
    return versions[package]


@contextlib.contextmanager
def _systemd(jobs: Sequence[Job], folder: Path) -> Iterator[Running]:
    units = folder / "units"
    units.mkdir()
    for file in (file for job in jobs for file in job.files):
        place = units / Path(file.path).name if file.path.endswith(".service") else Path(file.path)
        place.write_text(file.text)
    with sandbox.boot(units, folder / "boot.log", sandbox.Settings(private=("/var/lib",))) as booted:
        started = booted.systemctl("start", "--no-block", *(f"{job.name}.service" for job in jobs))
        assert started.returncode == 0, started.stderr
        version = booted.systemctl("show", "--property=Version", "--value").stdout.split(".")[0].strip()
        yield Running(
            version,
            lambda name: booted.systemctl("stop", "--no-block", f"{name}.service"),
            lambda name: booted.show(f"{name}.service", "ActiveState")["ActiveState"],
        )


@contextlib.contextmanager
def _farmhand(jobs: Sequence[Job], folder: Path) -> Iterator[Running]:
    with room.opened(folder / "room.log") as place:
        files = [file for job in jobs for file in job.files]
        for file in files:
            place.put(file.path, file.text, file.mode)
        place.start(str(FARMHAND), "run", *(file.path for file in files), log=folder / "manager.log")
        yield Running(
            version("farmhand"),
            lambda name: _later(place, folder, f"{FARMHAND} stop --no-block {name}"),
            lambda name: place.run(str(FARMHAND), "show", "--property=ActiveState", name).stdout.strip().split("=")[-1],
        )


PROGRAMS: Mapping[str, Program] = {
    "systemd": _systemd,
    "farmhand": _farmhand,
    "runit": _InRoom("runit", stop="sv down {}", scan="runsvdir /etc/service", ready="true"),
    "s6": _InRoom(
        "s6",
        stop="s6-svc -d /run/service/{}",
        scan="s6-svscan /run/service",
        ready="s6-svscanctl -a /run/service",
    ),
    "openrc": _InRoom("openrc", stop="rc-service {} stop", ready="true", before="touch /run/openrc/softlevel"),
    "supervisord": _InRoom(
        "supervisor",
        stop="supervisorctl stop {}",
        scan="supervisord -n",
        ready="supervisorctl pid",
        told=False,
        before=f"cp {room.MANAGERS}/etc/supervisor/supervisord.conf /etc/supervisor",
    ),
}
