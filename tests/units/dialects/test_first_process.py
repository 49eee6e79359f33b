"""Farmhand as the first process of a container, on the file and by the command that are written for one.

Namespaces take the engine's place: nothing here was tried under Docker itself.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from polling import until

from farmhand.units.definition import made
from farmhand.units.dialect import Target
from farmhand.units.dialects.table import DIALECTS
from farmhand.units.render import render
from farmhand.units.spec import Command, Service, StatusSet

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="namespaces of its own need Linux and root"
)
FARMHAND = Path(sys.executable).with_name("farmhand")
# It ends with the code that it was given for its first run, and stays for its second.
RUN = """
echo run >>"$1/runs"
[ "$(wc -l <"$1/runs")" = 1 ] && exit 47
exec sleep 1000
"""
INSIDE = 'for place in /run /var/log; do mount -t tmpfs none "$place"; done; exec "$@"'


@pytest.fixture
def container(tmp_path: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """Run what a Dockerfile says in namespaces; give the folder and the first process, as it is seen from outside."""
    service = Service(
        "w",
        exec_start=(Command(("/bin/sh", "-c", RUN.replace("$", "$$"), "sh", str(tmp_path))),),
        restart="on-failure",
        restart_force_exit_status=StatusSet(frozenset({47})),
        restart_prevent_exit_status=StatusSet(frozenset({78})),
    )
    target = Target(farmhand=str(FARMHAND), config_folder=f"{tmp_path}/", image="x")
    rendered = render(DIALECTS["container"], made(service), target)
    (config,) = (file for file in rendered.beside if file.path.endswith("w.yaml"))
    (tmp_path / "w.yaml").write_text(config.text)
    (dockerfile,) = (file for file in rendered.beside if file.path.endswith("Dockerfile"))
    entry = json.loads(re.findall("^ENTRYPOINT (.*)$", dockerfile.text, re.MULTILINE)[0])
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "sh", "-c", INSIDE, "sh"]
    with (tmp_path / "output").open("wb") as out:
        process = subprocess.Popen([*unshare, *entry], cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    yield tmp_path, until(lambda: next(iter(psutil.Process(process.pid).children()), None), "the first process")
    process.kill()
    process.wait()


def test_it_starts_again_by_exit_code_and_is_asked_for_its_health(container: tuple[Path, psutil.Process]) -> None:
    folder, first = container
    until(lambda: (folder / "runs").exists() and (folder / "runs").read_text().count("run") == 2, "a second run")
    enter = ["nsenter", "-t", str(first.pid), "--pid", "--mount"]
    healthy = [*enter, FARMHAND, "is-active", "--quiet", "w"]
    until(lambda: subprocess.run(healthy, check=False, timeout=20).returncode == 0, "the service to be active")


def test_it_ends_all_when_the_engine_asks_it_to(container: tuple[Path, psutil.Process]) -> None:
    folder, first = container
    until(lambda: (folder / "runs").exists() and (folder / "runs").read_text().count("run") == 2, "a second run")
    all_of_it = [first, *first.children(recursive=True)]
    first.send_signal(signal.SIGTERM)
    assert psutil.wait_procs(all_of_it, timeout=20)[1] == []
