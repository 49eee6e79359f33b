"""What is asked of the Service Control Manager; that it does so is tried on Windows."""

import pytest

from farmhand.supervisor.service import windows
from farmhand.supervisor.service.wanted import Named
from farmhand.units import windows_service

PYTHON = r"C:\Program Files\Python\python.exe"


@pytest.fixture
def machines(wanted):
    return lambda **changes: wanted(**{"named": Named("farm"), "program": (PYTHON, "-P", "-m", "farmhand"), **changes})


def test_the_program_is_always_quoted(machines):
    line = windows.command(machines(run=(r"C:\my farm.yaml",)))
    words = r'--log=%PROGRAMDATA%\farmhand\farm.log farm -- --control=\\.\pipe\farm "C:\my farm.yaml"'
    assert line == f'"{PYTHON}" -P -m farmhand service run {words}'
    assert windows.command(machines(program=("python.exe",))).startswith('"python.exe" service run ')


def test_it_is_spoken_to_where_somebody_wants_it(machines):
    line = windows.command(machines(run=(r"--control=\\.\pipe\mine", "x.yaml"), control=r"\\.\pipe\mine"))
    assert line.count("--control") == 1


@pytest.mark.parametrize(
    ("given", "account", "somebodys", "password"),
    [
        pytest.param(None, r"NT SERVICE\farm", False, False, id="its own, unless somebody says otherwise"),
        pytest.param("LocalSystem", None, False, False, id="the system"),
        pytest.param("localservice", r"NT AUTHORITY\LocalService", False, False, id="local service"),
        pytest.param("NetworkService", r"NT AUTHORITY\NetworkService", False, False, id="network service"),
        pytest.param(r"NT SERVICE\other", r"NT SERVICE\other", False, False, id="another virtual one"),
        pytest.param(r"FARM\render$", r"FARM\render$", True, False, id="a managed one"),
        pytest.param(r"FARM\render", r"FARM\render", True, True, id="a user of the domain"),
    ],
)
def test_whose_process_it_is(machines, given, account, somebodys, password):
    assert windows.account(machines(account=given)) == account
    assert (given is not None and windows_service.is_somebodys(given)) is somebodys
    assert (given is not None and windows_service.has_password(given)) is password


def test_a_shutdown_of_the_machine_never_waits_for_ever(machines):
    shown = windows.render(machines(stop=float("inf"))).text
    assert "for 3600 s at most" in shown


def test_what_is_shown_names_everything(machines):
    shown = windows.render(machines()).text
    rows = dict(line.split(":", 1) for line in shown.splitlines())
    assert rows["Account"].strip() == r"NT SERVICE\farm"
    assert rows["Command"].strip() == windows.command(machines())
    assert "1 s, 10 s, 60 s" in rows["Recovery"]
