import os
import subprocess
import sys

import pytest

from farmhand.supervisor import aside
from farmhand.units.spec import Command, Service


def test_the_reader_of_a_service_file_loads_nothing_that_only_others_need(tmp_path):
    (tmp_path / "a.service").write_text("[Service]\nExecStart=/bin/true\n")
    script = "import sys; from farmhand.supervisor import cli; cli.plan_run(['run', sys.argv[1]]); print(*sys.modules)"
    path = str(tmp_path / "a.service")
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {script}", path]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "farmhand.units.directives" in loaded
    heavy = {"dataclasses", "inspect", "json", "pathlib", "platform", "psutil", "shutil", "socket", "typing", "yaml"}
    assert not heavy & set(loaded)


def test_what_the_work_gives_comes_back_from_another_process():
    service = Service("a", exec_start=(Command(("/bin/true",)),), environment={"A": "1"})
    found, pid = aside.begin(lambda: (service, os.getpid()))()
    assert found == service
    assert pid != os.getpid()


def leave(code):
    raise SystemExit(code)


@pytest.mark.parametrize(
    ("work", "code"),
    [
        pytest.param(lambda: leave(3), 3, id="its exit code"),
        pytest.param(lambda: leave(0), 0, id="its exit code, even if that is 0"),
        pytest.param(lambda: 1 / 0, 1, id="1 for an error"),
        pytest.param(lambda: os.kill(os.getpid(), 9), 137, id="as a shell would for a signal"),
    ],
)
def test_where_the_work_leaves_so_does_who_waits(work, code):
    with pytest.raises(SystemExit) as left:
        aside.begin(work)()
    assert left.value.code == code
