"""Each hardening profile, run by a real systemd: the manager serves, workers render a frame with Blender, restart from
the page's API, and can do no more than their profile lets them.

All that they need is put into /srv of that systemd, an empty folder, so that people's homes can be hidden.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import needs
import pytest
from farm import BIN, ROOT, ask, environment, free_port
from farm import run as run_ours
from polling import until
from sandbox import Sandbox, Settings, boot

SUPPORT = Path(__file__).parent.parent / "support"
USER = "daemon"  # is everywhere, and is not root
SECRET = "e90f6608fe" * 6
ODD = """/srv/100% "odd" it's a\\b ü"""  # as folders can be called

# A Python of the version that our packages are for, which is in nobody's home.
_PYTHONS = (os.path.realpath(sys.executable), f"/usr/bin/python3.{sys.version_info.minor}")
PYTHON = next((path for path in _PYTHONS if os.path.exists(path) and not path.startswith(("/home/", "/root/"))), "")

pytestmark = [needs.systemd(), pytest.mark.skipif(not PYTHON, reason="there is no Python but in somebody's home")]

# What a process comes to that tries it.
TRIES = """
                                gpu           cpu           compat        manager
write elsewhere                 EROFS         EROFS         yes           EROFS
look into homes                 EACCES        EACCES        yes           EACCES
make a namespace                EPERM         EPERM         yes           EPERM
open a socket of another kind   EAFNOSUPPORT  EAFNOSUPPORT  EAFNOSUPPORT  EAFNOSUPPORT
ask by netlink                  yes           yes           yes           EAFNOSUPPORT
run what it wrote               yes           yes           yes           EPERM
be of another kind              EPERM         EPERM         EPERM         EPERM
read /proc/meminfo              yes           yes           yes           ENOENT
read the kernel's log           EPERM         EPERM         EPERM         EPERM
bind a thread                   yes           yes           yes           EPERM
make a setuid program           EPERM         EPERM         EPERM         EPERM
use /dev/fuse                   yes           ENOENT        yes           ENOENT
read random numbers             yes           yes           yes           yes
write to /tmp                   yes           yes           yes           yes
"""
# A scene that is made after all of it was tried, by Blender's own Python, and told beside the frames.
SCENE = """
import json, sys
from pathlib import Path
sys.path.insert(0, "/srv/jobs")
import probe
folder = Path(sys.argv[sys.argv.index("--") + 1]).parent
folder.mkdir(parents=True, exist_ok=True)
(folder / "tries.json").write_text(json.dumps(probe.probe("/srv/elsewhere", folder.name)))
import make_scene
"""
# Of all services.
OUTPUT = """[Service]
StandardOutput=append:/srv/%N.log
"""
# Programs that know no login are let in, and so is a worker that nobody has seen before.
OPEN = """
open_networks: {networks: [127.0.0.0/8], allow: operate}
registration: open
"""
# Whoever runs a command beside the manager is kept from the same.
PROBE = """[Service]
WorkingDirectory=/var/lib/farmhand-manager
ExecStartPost=/bin/sh -c '/srv/venv/bin/python /srv/jobs/probe.py /srv/elsewhere {mark} >tries'
"""


def expected(profile: str) -> dict[str, str]:
    header, *rows = TRIES.strip("\n").splitlines()
    cells = {row[: header.index("gpu")].strip(): row[header.index("gpu") :].split() for row in rows}
    return {what: row[header.split().index(profile)] for what, row in cells.items()}


@dataclass(frozen=True)
class Bench:
    """A manager under its profile. mark: part of the names of files in /tmp."""

    systemd: Sandbox
    port: int
    mark: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def inside(self, path: str) -> Path:
        return self.systemd.root / path.lstrip("/")

    def install(self, unit: str, *options: str) -> None:
        """Write a unit as `farmhand-units` prints it."""
        self.systemd.units.joinpath(unit).write_text(render(*options))
        self.systemd.systemctl("daemon-reload")

    def worker(self, name: str) -> dict[str, Any] | None:
        found = ask(f"{self.url}/api/v3/worker-mgt/workers")["workers"]
        return next((worker for worker in found if worker["name"] == name), None)

    def is_awake(self, name: str) -> bool:
        return (self.worker(name) or {}).get("status") == "awake"

    def show(self, unit: str) -> dict[str, str]:
        names = ("ActiveState", "SubState", "Result", "NRestarts", "MainPID", "StatusText", "ExecMainStatus")
        return self.systemd.show(unit, *names)

    def start(self, unit: str) -> None:
        done = self.systemd.systemctl("start", unit)
        assert done.returncode == 0, f"{done.stderr}{self.log(unit)}"

    def log(self, unit: str) -> str:
        return self.inside(f"/srv/{unit.removesuffix('.service')}.log").read_text()

    def has_left_in_tmp(self, name: str) -> bool:
        """Say whether a file of /tmp is there for others to see."""
        path = self.inside(f"/tmp/{name}")
        found = path.exists()
        path.unlink(missing_ok=True)
        return found


def render(*options: str) -> str:
    done = run_ours(environment(0, Path("/nowhere")), "farmhand-units", "render", "systemd", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def furnish(systemd: Sandbox) -> None:
    """Put a Python with our programs, and the jobs' files, into /srv."""
    srv, packages = systemd.root / "srv", f"lib/python3.{sys.version_info.minor}/site-packages"
    for folder in (f"venv/{packages}", "venv/bin", "jobs"):
        (srv / folder).mkdir(parents=True)
    for folder in ("frames", "cpu", "compat", "given", "hung", "away", "elsewhere", Path(ODD).name):
        (srv / folder).mkdir(mode=0o755)
        shutil.chown(srv / folder, USER)
    assert systemd.run("mount", "--bind", f"{sys.prefix}/{packages}", f"/srv/venv/{packages}").returncode == 0
    (srv / "venv" / "pyvenv.cfg").write_text(f"home = {os.path.dirname(PYTHON)}\n")
    (srv / "venv" / "bin" / "python").symlink_to(PYTHON)
    for program in ("farmhand-worker", "farmhand-manager"):
        _, _, script = (BIN / program).read_text().partition("\n")
        (srv / "venv" / "bin" / program).write_text(f"#!/srv/venv/bin/python\n{script}")
        (srv / "venv" / "bin" / program).chmod(0o755)
    for path in (SUPPORT / "probe.py", ROOT / "config" / "jobs" / "make_scene.py"):
        shutil.copy(path, srv / "jobs")
    (srv / "jobs" / "scene.py").write_text(SCENE)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A systemd with a manager under its profile."""
    folder = tmp_path_factory.mktemp("profiles")
    units = folder / "units"
    units.mkdir()
    with boot(units, folder / "systemd.log", Settings(private=("/srv", "/var/lib"))) as systemd:
        systemd.run("mount", "--make-rshared", "/")  # as it is where systemd began, and credentials need it
        furnish(systemd)
        bench = Bench(systemd, free_port(), f"farmhand-{os.getpid()}")
        for unit, text in {"service": OUTPUT, "farmhand-manager.service": PROBE.format(mark=bench.mark)}.items():
            (units / f"{unit}.d").mkdir()
            (units / f"{unit}.d" / f"{unit}.conf").write_text(text)
        listen = ("--listen", f"127.0.0.1:{bench.port}", "--program", "/srv/venv/bin/farmhand-manager")
        bench.inside("/srv/manager.yaml").write_text(OPEN)
        listen += ("--settings", "/srv/manager.yaml")
        bench.install("farmhand-manager.service", "--manager-unit", *listen, "--user", USER, "--group", USER)
        bench.start("farmhand-manager.service")
        try:
            yield bench
        finally:  # what it has in /tmp is the machine's
            systemd.systemctl("stop", "*.service")


def of_worker(bench: Bench, name: str, profile: str, *more: str) -> tuple[str, ...]:
    program = ("--program", "/srv/venv/bin/farmhand-worker", "--user", USER, "--group", USER)
    worker = ("--name", name, "--manager", bench.url, "--restart-exit-code", "47", "--profile", profile)
    return (*worker, *program, "--output-folder", "/srv/frames", *more)


@contextlib.contextmanager
def running(bench: Bench, name: str, profile: str, *more: str) -> Iterator[str]:
    """Run a worker under a profile; yield its unit."""
    unit = f"{name}.service"
    bench.install(unit, *of_worker(bench, name, profile, *more))
    bench.start(unit)
    try:
        until(lambda: bench.is_awake(name), "the worker to be awake", pause=0.05)
        yield unit
    finally:
        bench.systemd.systemctl("stop", unit)


def render_frame(bench: Bench, name: str) -> Path:
    """Have a frame rendered; return the folder that it is in."""
    settings = {"script": "/srv/jobs/scene.py", "frames": "1", "samples": 1, "fps": 0, "folder": f"/srv/frames/{name}"}
    job = {"name": name, "type": "blender-scene", "priority": 50, "submitter_platform": "linux", "settings": settings}
    made = f"{bench.url}/api/v3/jobs/{ask(f'{bench.url}/api/v3/jobs', job)['id']}"
    until(lambda: ask(made)["status"] not in ("queued", "active"), "the frame", seconds=60, pause=0.05)
    tasks = [ask(f"{bench.url}/api/v3/tasks/{task['id']}") for task in ask(f"{made}/tasks")["tasks"]]
    assert ask(made)["status"] == "completed", tasks
    return bench.inside(f"/srv/frames/{name}")


def restart(bench: Bench, unit: str, name: str) -> None:
    """Restart a worker as the page does, and see it come back through its exit code."""
    before = bench.show(unit)
    worker = bench.worker(name)
    assert worker is not None
    ask(f"{bench.url}/api/v3/worker-mgt/workers/{worker['id']}/setstatus", {"status": "restart", "is_lazy": False})
    until(lambda: bench.show(unit)["NRestarts"] == "1", "systemd to start it again", pause=0.05)
    until(lambda: bench.show(unit)["ActiveState"] == "active" and bench.is_awake(name), "it to be back", pause=0.05)
    after = bench.show(unit)
    assert (after["Result"], after["MainPID"] != before["MainPID"]) == ("success", True)


@needs.program("blender")
@pytest.mark.parametrize("profile", ["gpu", "cpu", "compat"])
def test_a_worker_renders_restarts_and_writes_where_it_may(bench: Bench, profile: str) -> None:
    own = () if profile == "gpu" else ("--data", f"/srv/{profile}")
    name = f"{bench.mark}-{profile}"
    with running(bench, profile, profile, *own) as unit:
        frames = render_frame(bench, name)
        assert (frames / "frame-0001.png").stat().st_size > 1000
        assert json.loads((frames / "tries.json").read_text()) == expected(profile)
        assert bench.has_left_in_tmp(name) is (profile == "compat")
        restart(bench, unit, profile)


def test_the_manager_serves_and_writes_where_it_may(bench: Bench) -> None:
    assert bench.show("farmhand-manager.service")["StatusText"].startswith("Workers page at ")
    assert json.loads(bench.inside("/var/lib/farmhand-manager/tries").read_text()) == expected("manager")
    assert not bench.has_left_in_tmp(bench.mark)
    assert bench.inside("/var/lib/farmhand-manager").stat().st_mode & 0o777 == 0o700
    assert bench.inside("/var/lib/farmhand-manager/farmhand.sqlite").stat().st_mode & 0o777 == 0o600


def test_what_a_worker_keeps_is_for_its_user_alone(bench: Bench) -> None:
    with running(bench, "own", "gpu"):
        kept = bench.inside("/var/lib/farmhand-worker")
        assert (kept.owner(), kept.stat().st_mode & 0o777) == (USER, 0o700)
        assert (kept / "flamenco-worker-credentials.yaml").stat().st_mode & 0o777 == 0o600


def test_credentials_are_in_no_argument_variable_or_unit(bench: Bench) -> None:
    asked = {"secret": SECRET, "platform": "linux", "supported_task_types": ["misc"], "name": "given"}
    known = ask(f"{bench.url}/api/v3/worker/register-worker", asked)["uuid"]
    bench.inside("/srv/credentials.yaml").write_text(f"worker_id: {known}\nworker_secret: {SECRET}\n")
    bench.inside("/srv/credentials.yaml").chmod(0o600)
    own = ("--data", "/srv/given", "--credentials", "/srv/credentials.yaml")
    with running(bench, "given", "cpu", *own) as unit:
        worker = bench.worker("given")
        assert worker is not None
        assert worker["id"] == known
        process = bench.inside(f"/proc/{bench.show(unit)['MainPID']}")
        told = [process.joinpath(name).read_text() for name in ("cmdline", "environ")]
        assert not [text for text in (*told, bench.systemd.units.joinpath(unit).read_text()) if SECRET in text]
        assert not bench.inside("/srv/given/flamenco-worker-credentials.yaml").exists()


def test_a_worker_that_hangs_is_started_again(bench: Bench) -> None:
    with running(bench, "hung", "cpu", "--data", "/srv/hung", "--output-folder", ODD) as unit:
        (bench.systemd.units / f"{unit}.d").mkdir()
        (bench.systemd.units / f"{unit}.d" / "watchdog.conf").write_text("[Service]\nWatchdogSec=3s\nRestartSec=0\n")
        bench.systemd.systemctl("daemon-reload")
        bench.systemd.systemctl("restart", unit)
        bench.systemd.systemctl("kill", "--signal=STOP", "--kill-whom=main", unit)
        until(lambda: bench.show(unit)["NRestarts"] == "1", "the watchdog to bite", pause=0.05)
        until(lambda: bench.show(unit)["ActiveState"] == "active", "the worker to be back", pause=0.05)


def test_a_manager_that_is_away_holds_up_no_start(bench: Bench) -> None:
    away = f"http://127.0.0.1:{free_port()}/"
    bench.install("away.service", *of_worker(bench, "away", "cpu", "--data", "/srv/away", "--manager", away))
    bench.start("away.service")
    shown = bench.show("away.service")
    bench.systemd.systemctl("stop", "away.service")
    assert (shown["ActiveState"], shown["SubState"]) == ("active", "running")
    assert shown["StatusText"].startswith(("registering", "signing on"))


def test_a_mistake_in_the_configuration_fails_the_start_and_is_not_tried_again(bench: Bench) -> None:
    bench.inside("/srv/wrong").mkdir()
    bench.inside("/srv/wrong/flamenco-worker.yaml").write_text("manager_ulr: x\n")
    bench.install("wrong.service", *of_worker(bench, "wrong", "cpu", "--data", "/srv/away", "--folder", "/srv/wrong"))
    assert bench.systemd.systemctl("start", "wrong.service").returncode == 1
    shown = bench.show("wrong.service")
    assert (shown["ActiveState"], shown["ExecMainStatus"], shown["NRestarts"]) == ("failed", "2", "0")
