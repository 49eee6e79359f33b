"""Each kind of check gives the answer that systemd gives on this machine, and says what it cannot tell."""

import getpass
import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from farmhand.supervisor.conditions import TESTS, Checks
from farmhand.supervisor.unit import Unit
from farmhand.units.checks import ON_PATHS, ON_WORDS
from farmhand.units.dialects import systemd
from farmhand.units.spec import Check, Service


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    (tmp_path / "nothing").touch()
    (tmp_path / "program").write_text("#!/bin/sh\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "link").symlink_to("full")
    (tmp_path / "broken").symlink_to("gone")
    return tmp_path


_NAMES = ("empty", "hidden", "full", "full/file", "nothing", "program", "link", "broken", "gone", "full/f*", "full/x*")
_PATHS = [*(f"@/{name}" for name in _NAMES), "/", "/proc", "/etc", "/dev/null"]
_RELEASE = platform.release()
_VALUES = {
    **{name: _PATHS for name in ON_PATHS if name != "NeedsUpdate"},
    "NeedsUpdate": ["/etc", "/var", "/nowhere"],
    "Environment": ["HOME", "HOME=/root", "HOME=x", "NOWHERE", "NOWHERE=", "HOM"],
    "User": ["root", "0", "nobody", "65534", "@system", getpass.getuser(), str(os.getuid()), "no-such-user", "1234567"],
    "Group": ["root", "0", "nogroup", str(os.getgid()), "no-such-group", "1234567"],
    "Host": [platform.node(), platform.node().upper(), "*", "x*", "0" * 32, "0123456789abcdef0123456789abcdef"],
    "Architecture": ["native", "x86-64", "arm64", "x86", "toaster", "amd64"],
    "Virtualization": ["yes", "no", "vm", "container", "private-users", "docker", "kvm", "none", "toaster"],
    "KernelVersion": [
        *(_RELEASE, f"={_RELEASE}", f"!={_RELEASE}", f">={_RELEASE}", f">{_RELEASE}", f"<{_RELEASE}", "*", "3.*"),
        *(">=2.6", ">= 2.6", "<2.6", ">2.6 <99", ">2.6 <3", ">", "<=99.9", "=5", "4.*", ">=4 !=5.0.0"),
    ],
    "KernelCommandLine": ["quiet", "no-such-word", "no=such", "systemd", "init"],
    "ACPower": ["yes", "no", "true", "maybe"],
    "Memory": ["1", ">=1G", "<1K", "> 1M", "1E", "=5", "lots", ">=100T", "!=0"],
    "CPUs": ["1", ">=1", "> 1000", "<=1000", "0", "=0", "many", "!=0"],
    "ControlGroupController": ["v1", "v2", "pids", "cpu pids", "no-such", "no-such pids", "memory", "io"],
    "FirstBoot": ["yes", "no", "maybe"],
    "OSRelease": ["ID=debian", "ID=toaster", "ID!=toaster", "ID>=a", "NOWHERE=", "ID", "ID>=a ID=debian", "ID=x y"],
    "Security": ["selinux", "apparmor", "smack", "ima", "tomoyo", "uefi-secureboot", "tpm2", "toaster"],
    "Capability": ["CAP_SYS_ADMIN", "cap_chown", "chown", "CAP_SYS_RESOURCE", "CAP_TOASTER", "CAP_BPF"],
    "Credential": ["no-such", "a/b", ""],
}  # fmt: skip
_ANALYZE = shutil.which("systemd-analyze")


def text(folder, name, value):
    return f"Condition{name}={value.replace('@', str(folder))}"


def ours(folder, name, value):
    """Start a unit with the condition as its file says it: whether it would be started."""
    line = text(folder, name, value)
    service = systemd.read("a.service", f"[Unit]\n{line}\n[Service]\nExecStart=/bin/true\n").service
    return Checks(os.environ, lambda line: None).check(Unit(service)).conditions_met


def theirs(line):
    done = subprocess.run([_ANALYZE, "condition", line], capture_output=True, check=False)
    return done.returncode == 0


def test_every_kind_of_check_has_its_answer():
    assert {*ON_PATHS, *ON_WORDS} == {*TESTS, "Environment"}
    assert {*_VALUES} == {*ON_PATHS, *ON_WORDS}


@pytest.mark.skipif(_ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", _VALUES)
def test_the_answers_are_those_of_systemd(folder, name):
    values = [value for value in _VALUES[name] if value]
    lines = [text(folder, name, value) for value in values]
    with ThreadPoolExecutor(4) as pool:
        expected = dict(zip(values, pool.map(theirs, lines), strict=True))
    assert {value: ours(folder, name, value) for value in values} == expected


def test_what_the_machine_cannot_tell_counts_as_met_and_is_said():
    said = []
    service = Service("a", conditions=(Check("ConditionSecurity", "audit", where="a.service:3"),))
    assert Checks({}, said.append).check(Unit(service)).conditions_met
    assert said == ["a: ignoring ConditionSecurity=audit (a.service:3): this machine cannot tell"]


def test_what_keeps_a_service_from_starting_is_said_with_its_place(tmp_path: Path):
    said = []
    service = Service("a", asserts=(Check("AssertPathExists", str(tmp_path / "gone"), where="farm.yaml:7"),))
    checked = Checks({}, said.append).check(Unit(service))
    assert (checked.conditions_met, checked.asserts_met) == (True, False)
    assert said == [f"a: its start failed: AssertPathExists={tmp_path}/gone (farm.yaml:7) does not hold"]
