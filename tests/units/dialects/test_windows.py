"""The script that makes a service of Windows: its words, and what it has of the service's values."""

import re
import shlex
from dataclasses import replace

import pytest
from hostile import TEXTS, evaluated, outcome
from hypothesis import given

from farmhand.supervisor import cli
from farmhand.units import definition, windows_service
from farmhand.units.compare import answers
from farmhand.units.dialect import Target
from farmhand.units.dialects import windows
from farmhand.units.errors import BadValue
from farmhand.units.meaning import losses
from farmhand.units.render import best_way, render
from farmhand.units.spec import Command, Service, StatusSet
from farmhand.units.variables import literal

HERE = Target()
WORKER = Service(
    "worker",
    description="Renders",
    documentation=("https://example.org/",),
    exec_start=(Command(("C:\\Program Files\\w.exe", "--name", "a b")),),
    restart="on-failure",
    restart_sec=3.0,
    restart_prevent_exit_status=StatusSet(frozenset({78})),
)


def lines(service: Service) -> list[str]:
    return windows.write(windows.means(service, HERE), HERE).text.splitlines()


def test_a_program_that_speaks_to_windows_is_made_a_service() -> None:
    assert lines(replace(WORKER, environment={"A": "it's"}, requires=("W32Time",), user="LocalService")) == [
        "# Renders",
        "# https://example.org/",
        "# To be run by an administrator.",
        "$ErrorActionPreference = 'Stop'",
        "New-Service -Name worker -BinaryPathName '\"C:\\Program Files\\w.exe\" --name \"a b\"' -DisplayName 'Renders'"
        " -Description 'Renders' -StartupType Automatic -DependsOn 'W32Time' | Out-Null",
        "& sc.exe config worker obj= 'NT AUTHORITY\\LocalService'; if ($LASTEXITCODE) { exit $LASTEXITCODE }",
        "Set-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\worker' -Name Environment -Type MultiString"
        " -Value 'A=it''s'",
        "& sc.exe failure worker reset= 86400 actions= restart/3000/restart/3000/restart/3000;"
        " if ($LASTEXITCODE) { exit $LASTEXITCODE }",
        "& sc.exe failureflag worker 1; if ($LASTEXITCODE) { exit $LASTEXITCODE }",
        "Start-Service worker",
    ]


def test_a_password_is_asked_for() -> None:
    told = "\n".join(lines(replace(WORKER, user="FARM\\render")))
    assert "-Credential (Get-Credential -UserName 'FARM\\render'" in told
    assert "obj=" not in told


def test_what_windows_cannot_do_is_told() -> None:
    lost = {loss.key for loss in losses(WORKER, windows.means(WORKER, HERE), "Windows")}
    stops = {"KillMode", "SendSIGKILL", "TimeoutStopSec"}
    assert lost == {"StartLimitIntervalSec", "RestartPreventExitStatus", "RestartForceExitStatus", *stops}
    assert [loss.key for loss in windows.write(windows.means(WORKER, HERE), HERE).losses] == ["Type"]


@pytest.mark.parametrize(
    ("event", "words"),
    [("exit 0", "down"), ("exit 78", "again, 3s"), ("hang at start", "again, 33s"), ("hang at stop", "stays up")],
)
def test_what_happens_is_foreseen(event: str, words: str) -> None:
    assert answers(windows.means(WORKER, HERE))[event].words == words


def test_supervised_farmhand_makes_the_service_itself() -> None:
    made = definition.made(replace(WORKER, name="worker@1"))
    assert best_way(windows.DIALECT, made, HERE) == "supervised"
    rendered = render(windows.DIALECT, made, replace(HERE, farmhand="C:\\Program Files\\f\\farmhand.exe"))
    install, start = re.findall(r"^& '(.*?)' (.*); if \(\$LASTEXITCODE\)", rendered.text, re.MULTILINE)
    assert install[0] == start[0] == "C:\\Program Files\\f\\farmhand.exe"
    words = shlex.split(install[1])
    arguments = cli.parser("service").parse_args(words)
    assert (arguments.what, arguments.name, arguments.words) == ("install", "worker-1", [rendered.beside[0].path])
    assert cli.parser("service").parse_args(shlex.split(start[1])).name == "worker-1"
    assert [str(loss) for loss in rendered.losses if loss.key == "name"] == ['name: Windows calls it "worker-1"']


def test_a_name_of_nothing_that_windows_takes_is_refused() -> None:
    with pytest.raises(BadValue, match="cannot be that of a service"):
        lines(replace(WORKER, name="@"))


PLACES = {
    "ExecStart": lambda text: {"exec_start": (Command(("w.exe", literal(text), "end")),)},
    "Environment": lambda text: {"environment": {"X": text}},
    "User": lambda text: {"user": f"NT {text}"},
    "Requires": lambda text: {"requires": (f"x{text}",), "after": (f"x{text}",)},
    "Description": lambda text: {"description": f"x{text}"},
}
QUOTED = "'(?:[^']|'')*'"
EXPRESSION = rf"({QUOTED}|\((?:{QUOTED}|\[char\]0x[0-9a-f]{{4}}| \+ )*\))"
WRITTEN = {
    "ExecStart": "-BinaryPathName ",
    "Environment": "-Value ",
    "User": "obj= ",
    "Requires": "-DependsOn ",
    "Description": "-DisplayName ",
}


@pytest.mark.parametrize("place", PLACES)
@given(text=TEXTS)
def test_every_value_survives_or_is_refused_with_its_name(place: str, text: str) -> None:
    told, refused = outcome(lines, replace(WORKER, documentation=(), **PLACES[place](text)))
    if refused:
        assert place in refused
        return
    found = re.search(WRITTEN[place] + EXPRESSION, "\n".join(told[told.index("$ErrorActionPreference = 'Stop'") :]))
    assert found
    value = evaluated(found[1])
    if place == "ExecStart":
        assert windows_service.words(value) == ["w.exe", text, "end"]
    else:
        assert value.removeprefix({"Environment": "X=", "User": "NT "}.get(place, "x")) == text
