"""Random scenarios: the same ones each time, fit to be read, and made small as far as the difference lasts."""

import itertools

import generate
import generate_near
import generate_texts
import pytest
from player import Scenario
from shrink import shrink, size, told

from farmhand.units.dialects import systemd
from farmhand.units.errors import BadConfig

NUMBERS = range(200)
GENERATORS = [generate.scenario, generate_texts.scenario, generate_near.scenario]


@pytest.mark.parametrize("make", GENERATORS, ids=["life", "text", "near"])
def test_a_seed_and_a_number_are_one_scenario(make):
    assert [make(1, number) for number in NUMBERS] == [make(1, number) for number in NUMBERS]
    assert len({str(make(seed, number)) for seed in (1, 2) for number in NUMBERS}) == 2 * len(NUMBERS)


def test_most_lives_are_those_of_services_that_can_be_loaded():
    assert sum(loads(generate.scenario(1, number)) for number in NUMBERS) > 0.9 * len(NUMBERS)


def loads(scenario: Scenario) -> bool:
    try:
        systemd.read("a.service", scenario.unit_text.replace("@child@", "/child").replace("@bin@", "/child"))
    except BadConfig:
        return False
    return True


def test_no_command_comes_at_the_moment_of_another_nor_of_the_last_look():
    for number in NUMBERS:
        scenario = generate.scenario(1, number)
        moments = sorted([*(at for at, _ in scenario.commands), scenario.until])
        assert all(later - earlier >= 30 for earlier, later in itertools.pairwise(moments)), number


def test_only_what_the_difference_needs_is_left():
    scenario = next(found for number in NUMBERS if "SendSIGHUP=yes" in (found := generate.scenario(1, number)).unit)

    def differing(scenarios):
        return {each.id: frozenset({"ends"}) for each in scenarios if "SendSIGHUP=yes" in each.unit}

    (small,) = shrink([scenario], differing).values()
    assert [line for line in small.unit if "=" in line][1:] == [
        line for line in small.unit if line.startswith("ExecStart=") or line == "SendSIGHUP=yes"
    ]
    assert (dict(small.script), list(small.commands)) == ({}, [(0, "start")])
    assert size(small) < size(scenario)
    assert "SendSIGHUP=yes" in told(small)


def test_what_differs_no_more_is_left_as_it_was():
    scenario = generate.scenario(1, 1)
    assert shrink([scenario], lambda scenarios: {}) == {}


def test_no_two_that_are_played_side_by_side_are_of_one_name():
    """Nor if the name matters: an instance stays the instance that it is, as long as it is one."""
    scenario = next(found for number in NUMBERS if "@" in (found := generate_texts.scenario(1, number)).unit_name)

    def differing(scenarios):
        names = [each.unit_name for each in scenarios]
        assert len({*names}) == len(names)
        assert {name.partition("@")[2] for name in names} <= {"", scenario.unit_name.partition("@")[2]}
        return {each.id: frozenset({"ends"}) for each in scenarios}

    assert shrink([scenario], differing)
