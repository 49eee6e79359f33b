"""What is played on which platform, and in which words."""

from pathlib import Path

import pytest
from player import Scenario, read
from player.platforms import PLATFORMS
from player.verdict import table

HERE = Path(__file__).parent
SCENARIOS = read(*HERE.glob("corpus/*.jsonl"), *HERE.glob("found/*.jsonl"))
CORPUS = {scenario.id: scenario for scenario in SCENARIOS}
WINDOWS = PLATFORMS["windows"]


def test_native_leaves_nothing_out():
    assert PLATFORMS["native"].playable(SCENARIOS) == (SCENARIOS, {})


def test_what_posix_leaves_out_is_there():
    played, left_out = PLATFORMS["posix"].playable(SCENARIOS)
    named = [line.strip("- ") for line in (HERE / "left_out_posix.yaml").read_text().splitlines() if "  - " in line]
    assert set(named) == CORPUS.keys() - {scenario.id for scenario in played}
    assert len(named) == sum(left_out.values())


@pytest.mark.parametrize(
    "family", ["restart", "status", "types", "limits", "kill", "timeout", "remain", "hooks", "manual"]
)
def test_most_of_each_lifecycle_family_is_played_on_windows(family):
    played, _ = WINDOWS.playable([scenario for scenario in SCENARIOS if scenario.family == family])
    assert len(played) > sum(scenario.family == family for scenario in SCENARIOS) / 2


def test_signals_have_windows_words():
    unit = ["[Service]", "ExecStart=/nonexistent/x", "Environment=A=USR1", "SuccessExitStatus=1 SIGUSR1 KILL"]
    expect = {
        "signals": {"main": [["TERM", "CONT"]], "kid": [["CONT"]]},
        "signal_ms": {"main": [[250, 260]], "kid": [[10]]},
        "handed": {
            "stoppost": [
                {"EXIT_CODE": "dumped", "EXIT_STATUS": "ABRT"},
                {"EXIT_CODE": "killed", "EXIT_STATUS": "USR1"},
                {"EXIT_CODE": "exited", "EXIT_STATUS": "15"},
            ]
        },
        "failures": ["core-dump"],
        "final": {"ExecMainCode": "3", "ExecMainStatus": "6", "Result": "core-dump"},
    }
    there = WINDOWS.translated(Scenario("a/b", unit, [], 0, expect=expect))
    assert there.unit[1:] == ["ExecStart=Z:/nonexistent/x", "Environment=A=USR1", "SuccessExitStatus=1 SIGFPE KILL"]
    assert there.expect == {
        "signals": {"main": [["TERM"]]},
        "signal_ms": {"main": [[250]]},
        "handed": {
            "stoppost": [
                {"EXIT_CODE": "killed", "EXIT_STATUS": "ABRT"},
                {"EXIT_CODE": "killed", "EXIT_STATUS": "FPE"},
                {"EXIT_CODE": "exited", "EXIT_STATUS": "15"},
            ]
        },
        "failures": ["signal"],
        "final": {"ExecMainCode": "2", "ExecMainStatus": "6", "Result": "signal"},
    }


@pytest.mark.parametrize(
    ("number", "there"), [("15", "2"), ("1", "2"), ("13", "2"), ("10", "8"), ("14", "7"), ("9", "9"), ("11", "11")]
)
def test_a_killed_process_has_the_number_of_windows_signal(number, there):
    expect = {"final": {"ExecMainCode": "2", "ExecMainStatus": number}}
    translated = WINDOWS.translated(Scenario("a/b", [], [], 0, expect=expect))
    assert translated.expect["final"]["ExecMainStatus"] == there


def test_agreement_is_told_by_family_and_platform():
    whole = {
        "agree": 3,
        "scenarios": 4,
        "families": {"kill": {"agree": 1, "scenarios": 2}, "a": {"agree": 2, "scenarios": 2}},
    }
    part = {"agree": 2, "scenarios": 2, "families": {"kill": {"agree": 2, "scenarios": 2}}}
    assert [line.split() for line in table({"native": whole, "posix": part}).splitlines()] == [
        ["family", "native", "posix"],
        ["a", "2", "of", "2", "-"],
        ["kill", "1", "of", "2", "2", "of", "2"],
        ["all", "3", "of", "4", "2", "of", "2"],
    ]
