"""Specifiers, as a real systemd 252 replaced them."""

import pytest

from farmhand.units import specifiers
from farmhand.units.errors import BadValue

OF_NAMES = [
    ("plain-name-x", "plain-name-x.service|plain-name-x|plain-name-x|plain/name/x|||x|x|/plain/name/x"),
    ("tpl-a@inst", "tpl-a@inst.service|tpl-a@inst|tpl-a|tpl/a|inst|inst|a|a|/inst"),
    ("tpl-d@slash-path", "tpl-d@slash-path.service|tpl-d@slash-path|tpl-d|tpl/d|slash-path|slash/path|d|d|/slash/path"),
]


@pytest.mark.parametrize(("name", "expected"), OF_NAMES)
def test_what_follows_from_the_name(name: str, expected: str) -> None:
    assert specifiers.replace("%n|%N|%p|%P|%i|%I|%j|%J|%f", specifiers.of_name(name)) == expected


def test_escapes_in_names_are_undone() -> None:
    assert specifiers.unescape_name(r"a\x2db-c") == "a-b/c"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%H", "rig"),
        ("%%H", "%H"),
        ("%%%H", "%rig"),
        ("%%%%", "%%"),
        ("100%", "100%"),
        ("a%-b", "a%-b"),
        ("50% x", "50% x"),
    ],
)
def test_replace(text: str, expected: str) -> None:
    assert specifiers.replace(text, {"H": "rig"}) == expected


def test_an_unknown_letter_is_refused() -> None:
    with pytest.raises(BadValue, match='"%z" is not a specifier'):
        specifiers.replace("%z", {})


def test_a_value_is_not_replaced_again() -> None:
    assert specifiers.replace("%h", {"h": "%H", "H": "rig"}) == "%H"


@pytest.mark.parametrize("text", ["%h/%%x 100%", "%S"])
def test_what_depends_on_the_machine_can_stay_as_it_is_written(text: str) -> None:
    assert specifiers.replace(text, {**specifiers.of_name("a@b"), **specifiers.AS_WRITTEN}) == text
