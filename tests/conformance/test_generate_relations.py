"""Random stories: the same ones each time, about services that are there, and smaller ones made of them."""

from pathlib import Path

from generate_relations import smaller, story
from relations import RELATIONS, Story, unit_text

from farmhand.units.dialects import systemd

STORIES = [story(1, number) for number in range(200)]


def named(told: Story) -> set[str]:
    related = (line.partition("=") for lines in told.units.values() for line in lines)
    return {name for key, _, value in related if key in RELATIONS for name in value.split()}


def test_a_seed_and_a_number_are_one_story() -> None:
    assert [story(1, number) for number in range(200)] == STORIES
    assert len({str((told.units, told.do)) for told in STORIES}) > 190


def test_every_service_that_is_named_is_there() -> None:
    for told in STORIES:
        asked = {word for line in told.do for word in line.split()[1:] if not word.startswith("-")}
        assert named(told) | asked <= told.units.keys(), told


def test_nobody_is_ordered_before_oneself() -> None:
    for told in STORIES:
        pairs = [(name, line.partition("=")) for name, lines in told.units.items() for line in lines]
        assert all(other < name for name, (key, _, other) in pairs if key == "After"), told
        assert all(name < other for name, (key, _, other) in pairs if key == "Before"), told


def test_all_can_be_loaded_without_a_warning() -> None:
    for told in STORIES:
        for name, lines in told.units.items():
            assert not systemd.read(told.full(name), unit_text(told, lines, Path("/nowhere"))).warnings, told


def test_smaller_stories_have_one_thing_less_and_name_nobody_who_is_gone() -> None:
    for told in STORIES[:40]:
        for less in smaller(told):
            assert size(less) < size(told)
            assert named(less) <= less.units.keys()


def size(told: Story) -> int:
    return len(told.do) + len(told.units) + sum(map(len, told.units.values()))
