"""`farmhand check --platform`: what a file would mean elsewhere, as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

FARMHAND = Path(sys.executable).with_name("farmhand")
WORKER = """[Unit]
Description=Render worker
ConditionSecurity=apparmor

[Service]
ExecStart=/usr/bin/worker --restart-exit-code 47
Restart=on-failure
RestartForceExitStatus=47
User=render
Nice=19
MemoryMax=4G
KillMode=mixed
PrivateTmp=yes
"""
ON_LINUX = """\
worker.service: 1 service: worker
worker.service:13: PrivateTmp: not in force on Linux: sandboxing is systemd's own trade
"""
ON_MACOS = """\
worker.service: 1 service: worker
worker.service:3: ConditionSecurity: not in force on macOS: it asks about Linux: it counts as met
worker.service:11: MemoryMax: not in force on macOS: macOS has no control groups, nor anything like them
worker.service:12: KillMode: near on macOS: a process is lost that leaves session and environment before it is seen
worker.service:13: PrivateTmp: not in force on macOS: sandboxing is systemd's own trade
"""
ON_WINDOWS = """\
worker.service: 1 service: worker
worker.service:3: ConditionSecurity: not in force on Windows: it asks about Linux: it counts as met
worker.service:9: User: refused on Windows: services run as Farmhand does; install Farmhand under that account
worker.service:10: Nice: near on Windows: it is a class: 15 idle, 1 below normal, 0 normal, -10 above normal, -20 high
worker.service:11: MemoryMax: near on Windows: above it memory is refused, and nobody is killed for it
worker.service:12: KillMode: near on Windows: CTRL_C reaches all that share the main process' console, not it alone
worker.service:13: PrivateTmp: not in force on Windows: sandboxing is systemd's own trade
"""


def check(folder: Path, platform: str, text: str) -> tuple[int, str, str]:
    (folder / "worker.service").write_text(text)
    command = [FARMHAND, "check", "--platform", platform, "worker.service"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("platform", "told"), [("linux", ON_LINUX), ("macos", ON_MACOS), ("windows", ON_WINDOWS)])
def test_each_line_that_is_not_the_same_there_is_told_with_its_place(tmp_path: Path, platform: str, told: str) -> None:
    assert check(tmp_path, platform, WORKER) == (1, told, "")


def test_what_is_done_in_another_way_is_no_failure(tmp_path: Path) -> None:
    code, told, _ = check(tmp_path, "windows", "[Service]\nExecStart=/bin/x\nNice=19\n")
    assert (code, told.count("near on Windows")) == (0, 1)


def test_a_file_that_cannot_be_read_is_a_failure_of_its_own(tmp_path: Path) -> None:
    code, told, problem = check(tmp_path, "windows", "[Service]\nExecStart=x/\nUser=render\n")
    assert (code, told) == (2, "")
    assert problem.startswith("worker.service:2: ExecStart: ")


def test_the_services_of_this_repository_lose_nothing_on_windows() -> None:
    farm = Path(__file__).parents[2] / "config" / "farm.yaml"
    done = subprocess.run([FARMHAND, "check", "--platform", "windows", farm], capture_output=True, check=False)
    assert done.returncode == 0
