"""What is played on which platform, and in which words."""

import itertools
import math
from collections import Counter
from pathlib import Path

import pytest
from player import Scenario, one_in, read
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


def _families(scenarios):
    return Counter(scenario.family for scenario in scenarios)


@pytest.mark.parametrize("number", [1, 2, 7, 10, 2000])
def test_one_in_so_many_is_drawn_of_each_family(number):
    drawn = _families(one_in(number, SCENARIOS))
    assert drawn == {family: math.ceil(count / number) for family, count in _families(SCENARIOS).items()}


def test_the_same_are_drawn_whatever_their_order_and_company():
    drawn = one_in(10, SCENARIOS)
    assert drawn == [scenario for scenario in SCENARIOS if scenario in drawn]
    assert one_in(10, SCENARIOS[::-1]) == drawn[::-1]
    kills = [scenario for scenario in SCENARIOS if scenario.family == "kill"]
    assert one_in(10, kills) == [scenario for scenario in drawn if scenario.family == "kill"]


def test_a_larger_share_has_the_smaller_one_in_it():
    drawn = [{scenario.id for scenario in one_in(number, SCENARIOS)} for number in (40, 20, 10, 5)]
    assert all(less < more for less, more in itertools.pairwise(drawn))


def test_neighbours_are_not_drawn_in_step():
    """As a stride of two would do it with pairs of scenarios."""
    pairs = [Scenario(f"a/{number:03}/{half}", [], [], 0) for number in range(50) for half in ("left", "right")]
    assert {scenario.id.rpartition("/")[2] for scenario in one_in(2, pairs)} == {"left", "right"}


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
