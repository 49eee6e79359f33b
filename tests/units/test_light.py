"""The light dataclasses beside the standard ones: whoever uses them is to see no difference."""

import copy
import dataclasses
import enum
import pickle
from types import SimpleNamespace
from typing import get_args

import pytest

from farmhand.units import light


def _classes(module):
    """The same two classes, made by the one module or the other."""

    @module.dataclass(frozen=True)
    class Point:
        x: int
        y: int = 2
        names: list = module.field(default_factory=list)
        where: str = module.field(default="", compare=False)

        @property
        def total(self):
            return self.x + self.y

    @module.dataclass(eq=False)
    class Box:
        content: object = None

    return SimpleNamespace(Point=Point, Box=Box)


BOTH = {"standard": _classes(dataclasses), "light": _classes(light)}
Point = BOTH["light"].Point  # where pickle looks for it
Point.__qualname__ = "Point"


@pytest.fixture(params=BOTH)
def made(request):
    return BOTH[request.param]


def test_fields_are_filled_in_order_by_name_and_by_default(made):
    point = made.Point(1, where="here")
    assert (point.x, point.y, point.names, point.where, point.total) == (1, 2, [], "here", 3)
    assert made.Point(1).names is not point.names


@pytest.mark.parametrize(("values", "given"), [((), {}), ((1, 2, [], "", 5), {}), ((1,), {"z": 1}), ((1,), {"x": 1})])
def test_wrong_arguments_are_refused(made, values, given):
    with pytest.raises(TypeError):
        made.Point(*values, **given)


def test_equal_are_those_of_one_class_with_equal_fields_but_for_what_is_not_compared(made):
    assert made.Point(1, 2, where="a") == made.Point(1, 2, where="b")
    assert made.Point(1) != made.Point(2)
    assert made.Point(1) != "a point"
    assert made.Box(1) != made.Box(1)
    assert len({made.Box(1), made.Box(1)}) == 2


def test_equal_ones_have_the_same_hash(made):
    assert hash(made.Point(1, 2, (), "a")) == hash(made.Point(1, 2, (), "b"))


def test_a_frozen_one_is_not_changed(made):
    with pytest.raises(AttributeError, match="x"):
        made.Point(1).x = 2
    with pytest.raises(AttributeError, match="x"):
        del made.Point(1).x


def test_no_field_is_made_by_mistake_in_writing():
    with pytest.raises(AttributeError):
        BOTH["light"].Box().contents = 1


def test_it_is_shown_with_its_fields(made):
    assert repr(made.Box(1)).endswith("Box(content=1)")


@pytest.mark.parametrize("replace", [light.replace, dataclasses.replace])
def test_replace_changes_what_is_named(replace):
    point = replace(Point(1, where="here"), y=5)
    assert (point.x, point.y, point.where) == (1, 5, "here")
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_the_standard_module_knows_the_fields():
    assert [field.name for field in dataclasses.fields(Point)] == ["x", "y", "names", "where"]
    assert dataclasses.asdict(Point(1)) == {"x": 1, "y": 2, "names": [], "where": ""}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda point: pickle.loads(pickle.dumps(point))])
def test_it_is_copied_and_pickled(again):
    assert again(Point(1, where="here")).where == "here"


def test_the_words_of_a_literal_are_known():
    assert get_args(light.Literal["a", "b"]) == ("a", "b")
    assert get_args(light.Literal["a"]) == ("a",)


def _colours(module):
    class Colour(module.Enum):
        """The same by either module."""

        RED = "red"
        GREEN = "green"

        @property
        def loud(self):
            return self.value.upper()

    return Colour


COLOURS = {"standard": _colours(enum), "light": _colours(light)}
Colour = COLOURS["light"]  # where pickle looks for it
Colour.__qualname__ = "Colour"


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_members_are_found_by_name_and_by_value_and_in_order(colour):
    assert [*colour] == [colour.RED, colour.GREEN]
    assert len(colour) == 2
    assert colour["RED"] is colour("red") is colour.RED
    assert (colour.RED.name, colour.RED.value, colour.RED.loud) == ("RED", "red", "RED")
    assert isinstance(colour.RED, colour)
    assert {colour.RED: 1}[colour("red")] == 1
    assert repr(colour.RED) == "<Colour.RED: 'red'>"


@pytest.mark.parametrize("colour", COLOURS.values(), ids=COLOURS)
def test_what_is_no_member_is_refused(colour):
    with pytest.raises(ValueError, match=r"'blue' is not a valid .*Colour"):
        colour("blue")
    with pytest.raises(KeyError):
        colour["BLUE"]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda member: pickle.loads(pickle.dumps(member))])
def test_a_member_stays_the_only_one_of_its_kind(again):
    assert again(Colour.RED) is Colour.RED


def test_what_is_as_by_default_is_not_pickled():
    data = pickle.dumps(Point(1, where="here"))
    assert b"where" in data
    assert b"names" not in data
    assert pickle.loads(data) == Point(1, where="here")
