"""`farmhand service`, as it is typed; nothing is installed on the machine that the tests run on."""

import os
import plistlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
import zipapp
from pathlib import Path

import pytest

import farmhand.supervisor
from farmhand.supervisor import cli
from farmhand.supervisor.service import command

FARMHAND = Path(sys.executable).with_name("farmhand")


@pytest.fixture
def farm(tmp_path):
    (tmp_path / "farm.yaml").write_text("services:\n  one:\n    ExecStart: sleep 1000\n    TimeoutStopSec: 3min\n")
    return tmp_path


@pytest.fixture
def typed(farm):
    """Type `farmhand service …` in the farm's folder; return exit code, output and errors."""

    def run(*words, **environ):
        answer = subprocess.run(
            [FARMHAND, "service", *words],
            cwd=farm,
            env={**os.environ, "HOME": str(farm), **environ},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return answer.returncode, answer.stdout, answer.stderr

    return run


def test_print_shows_the_unit_and_installs_nothing(typed, farm):
    code, unit, told = typed("install", "--user", "--print", "farm.yaml")
    assert (code, told.strip()) == (0, f"{farm}/.config/systemd/user/farmhand.service")
    lines = dict(line.partition("=")[::2] for line in unit.splitlines())
    python, _, words = lines["ExecStart"].partition(" ")
    assert (Path(python).parent, words) == (Path(FARMHAND).parent, f"-P -m farmhand.supervisor run {farm}/farm.yaml")
    assert lines["TimeoutStopSec"] == "3min 10s"
    assert not (farm / ".config").exists()


def test_a_supervisor_in_one_file_is_installed_as_that(farm):
    content, packages = farm / "content", Path(next(iter(farmhand.supervisor.__path__))).parent
    for package in ("supervisor", "units"):
        shutil.copytree(packages / package, content / "farmhand" / package, ignore=shutil.ignore_patterns("*.pyc"))
    zipapp.create_archive(content, farm / "farmhand.pyz", main="farmhand.supervisor.__main__:main")
    words = ["farmhand.pyz", "service", "install", "--user", "--print", "farm.yaml"]
    shown = subprocess.run([sys.executable, *words], cwd=farm, capture_output=True, text=True, timeout=60)
    assert f"ExecStart={sys.executable} {farm}/farmhand.pyz run {farm}/farm.yaml" in shown.stdout.splitlines()


def test_other_systems_can_be_seen_from_here(typed):
    _, plist, _ = typed("install", "--print", "--platform", "macos", "--user", "--", "/farm.yaml")
    assert plistlib.loads(plist.encode())["ProgramArguments"][-2:] == ["run", "/farm.yaml"]
    _, service, _ = typed("install", "--print", "--platform", "windows", r"C:\farm.yaml")
    assert r"farmhand.log farmhand -- --control=\\.\pipe\farmhand C:\farm.yaml" in service
    _, task, _ = typed("install", "--print", "--platform", "windows", "--user", r"C:\farm.yaml")
    assert xml.fromstring(task).tag.endswith("Task")


def test_the_options_of_run_go_along_and_paths_are_made_whole(farm, monkeypatch):
    monkeypatch.chdir(farm)
    words = ["--log-dir=log", "--control=c.sock", "--leftovers=stop", "--exit-with=one", "--show-output=*", "farm.yaml"]
    given = cli.parser("run").parse_args(["run", *words])
    again = command.run_words(given, os.path.abspath)
    whole = [f"{farm}/{name}" for name in ("log", "c.sock", "farm.yaml")]
    expected = cli.parser("run").parse_args(
        ["run", *words[2:5], f"--log-dir={whole[0]}", f"--control={whole[1]}", whole[2]]
    )
    assert cli.parser("run").parse_args(["run", *again]) == expected


def test_names_of_units_stay_names(farm, monkeypatch):
    monkeypatch.chdir(farm)
    given = cli.parser("run").parse_args(["run", "--user", "one.service", "sub/two.service", "three.yaml"])
    again = command.run_words(given, os.path.abspath)
    assert again == ["--user", "one.service", f"{farm}/sub/two.service", f"{farm}/three.yaml"]


def test_every_option_of_run_is_known_here(farm):
    """An option that `run` learns later is to go along as well."""
    known = {"files", "scope", "control", "log_dir", "show_output", "leftovers", "exit_with", "verb"}
    assert vars(cli.parser("run").parse_args(["run", "x"])).keys() == known


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["install"], "the following arguments are required: FILE", id="no file"),
        pytest.param(["install", "none.yaml"], "none.yaml: there is no such file", id="a file that is not there"),
        pytest.param(["install", "--name", "a/b", "farm.yaml"], '"a/b" is no name; use letters', id="a bad name"),
        pytest.param(["install", "--", "farm.yaml", "--logdir=x"], "unrecognized arguments: --logdir", id="bad option"),
        pytest.param(["install", "--platform", "macos", "farm.yaml"], "this is linux; say --print", id="elsewhere"),
        pytest.param(["run", "x", "farm.yaml"], "only Windows needs that", id="what Windows starts"),
        pytest.param(["enable"], "invalid choice: 'enable'", id="no such command"),
    ],
)
def test_mistakes_are_told_and_end_with_2(typed, words, told):
    code, _, errors = typed(*words)
    assert code == 2
    assert told in errors


@pytest.mark.parametrize("verb", ["remove", "start", "stop", "status"])
def test_what_is_not_installed_is_unknown(typed, verb):
    code, _, errors = typed(verb, "--user")
    assert code == 4
    assert errors == "farmhand: service: farmhand is not installed for you; 'farmhand service install' does that\n"


def test_a_supervisor_loads_none_of_this(farm):
    script = (
        "import sys, farmhand.supervisor.daemon, farmhand.supervisor.cli as cli; cli.parser('run'); "
        "print([name for name in sys.modules if '.service' in name or name.startswith('subprocess')])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
