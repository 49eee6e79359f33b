"""`farmhand whatif`."""

import json

import pytest

from farmhand.supervisor import cli

FARM = """\
services:
  one:
    ExecStart: /bin/true
    Restart: always
    RestartSec: 2
  two:
    ExecStart: /bin/true
"""


@pytest.fixture
def farm(tmp_path):
    path = tmp_path / "farm.yaml"
    path.write_text(FARM)
    return str(path)


def test_it_is_told_as_a_table(farm, capsys):
    assert cli.main(["whatif", farm, "one", "--exit", "3", "--uptime", "500ms"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "one:",
        "       0s  running       start requested",
        f"     0.5s  auto-restart  starts again in 2s: Restart=always and it ended with exit code 3 ({farm}:4)",
        "     2.5s  running       restart 1",
        "in the end: active (running) after 2 starts",
    ]


def test_it_is_told_to_programs(farm, capsys):
    assert cli.main(["whatif", farm, "one.service", "--signal", "KILL", "--exit", "0", "--times", "9", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["moments"][1] == {
        "at": 1.0,
        "states": ["failed", "auto-restart"],
        "why": "Restart=always and it ended with signal SIGKILL",
        "restart": True,
        "after": 2.0,
        "directive": "Restart",
        "where": f"{farm}:4",
    }
    assert told["end"]["starts"] == 10


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["--exit", "1"], "there are several services; name one of one, two", id="which one"),
        pytest.param(["three", "--exit", "1"], "there is no service 'three'; name one of one, two", id="not there"),
        pytest.param(["one"], "no ending is given; say --exit CODE", id="no ending"),
        pytest.param(["one", "--timeout", "watchdog"], "WatchdogSec= sets no limit", id="no such deadline"),
    ],
)
def test_a_question_that_makes_no_sense(farm, capsys, arguments, problem):
    assert cli.main(["whatif", farm, *arguments]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--exit", "256"], ["--signal", "NO"], ["--timeout", "x"], ["--times", "0"]])
def test_a_bad_option(farm, option):
    with pytest.raises(SystemExit) as ended:
        cli.main(["whatif", farm, "one", *option])
    assert ended.value.code == 2


def test_a_bad_file(tmp_path, capsys):
    path = tmp_path / "bad.yaml"
    path.write_text("services: {one: {Restart: maybe, ExecStart: /bin/true}}")
    assert cli.main(["whatif", str(path), "--exit", "1"]) == 2
    assert 'Restart: "maybe"' in capsys.readouterr().err
