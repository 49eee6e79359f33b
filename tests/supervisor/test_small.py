"""The supervisor stays small: docs/decisions/0017."""

import os
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from farmhand.supervisor import cli

# Runs one service to its end and says what has been loaded until then, and how many KiB are in memory.
SCRIPT = """
import sys
sys.path[:] = {path!r}
from farmhand.supervisor.__main__ import main
from farmhand.supervisor.platforms import clib
def tell():
    with open("/proc/self/smaps_rollup") as file:
        size = next(line.split()[1] for line in file if line.startswith("Rss:"))
    print(size, *sys.modules, file=open(sys.argv[1], "w"))
give_back = clib.give_back
clib.give_back = lambda: (give_back(), tell())
sys.exit(main(sys.argv[2:]))
"""

# What the supervisor does without, until it is asked for something or a service needs it.
TOO_MUCH = {
    *("argparse", "ast", "asyncio", "copy", "ctypes", "dataclasses", "datetime", "dis", "enum", "fnmatch", "glob"),
    *("inspect", "ipaddress", "json", "logging", "pathlib", "pickle", "psutil", "re", "shutil", "signal", "socket"),
    *("struct", "subprocess", "tempfile", "threading", "tokenize", "typing", "urllib", "yaml"),
    *(f"farmhand.supervisor.{name}" for name in ("cli", "conditions", "control.answers", "control.desk")),
    *(f"farmhand.supervisor.{name}" for name in ("control.server", "platforms.notify", "succession.reexec")),
    *(f"farmhand.units.{name}" for name in ("directives", "grammar", "kinds", "known", "named", "quoting")),
}
_MOST_KIB = 7 * 1024  # above a bare interpreter: 5.1 MiB were measured
_MOST_BYTES = 3000  # of a service as it was read: 2426 were measured

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="files are read aside only where processes can fork")


def python(script: str, *arguments: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the KiB and the modules of a supervisor that runs a service."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "a.service").write_text("[Service]\nExecStart=/bin/sleep 0.1\n")
    control = ["--control", str(folder / "control"), "--log-dir", str(folder / "log"), "--exit-with", "a"]
    script = SCRIPT.format(path=sys.path)
    python(script, str(folder / "first"), "run", *control, str(folder / "a.service"))  # which compiles what is new
    python(script, str(folder / "told"), "run", *control, str(folder / "a.service"))
    return (folder / "told").read_text().split()


def test_a_running_supervisor_has_loaded_nothing_that_only_others_need(running: list[str]) -> None:
    assert "farmhand.supervisor.loop" in running
    assert not TOO_MUCH & set(running)


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="this system does not tell")
def test_a_running_supervisor_takes_little_more_than_python_itself(running: list[str]) -> None:
    bare = python("print(next(line.split()[1] for line in open('/proc/self/smaps_rollup') if line.startswith('Rss:')))")
    assert int(running[0]) - int(bare) < _MOST_KIB


def test_a_service_that_was_read_takes_little(tmp_path: Path) -> None:
    count = 300
    settings = "{ExecStart: /bin/sleep 100, Restart: always, RestartSec: 0, Environment: A=1}"
    services = "".join(f"  s{number:04}: {settings}\n" for number in range(count))
    (tmp_path / "farm.yaml").write_text(f"services:\n{services}")
    data = pickle.dumps(cli.plan_run(["run", str(tmp_path / "farm.yaml")]))
    pickle.loads(data)  # what is made when the first of a kind is
    tracemalloc.start()
    try:
        kept = pickle.loads(data)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept[1].services) == count
    assert size / count < _MOST_BYTES
