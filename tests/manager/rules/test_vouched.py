from typing import Any

import pytest

from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.vouched import Granted, Vouched, grants, texts, vouched

ROLES = {
    "admins": Granted(Role.ADMIN),
    "wranglers": Granted(Role.OPERATOR),
    "gpu-team": Granted(Role.OPERATOR, ("gpu", "night")),
}
TAGS = {"gpu": "1", "night": "2"}


@pytest.mark.parametrize(
    ("groups", "granted"),
    [
        pytest.param([], (), id="nobody is let in by default"),
        pytest.param(["artists", "Admins", "admins "], (), id="a group is meant to the letter"),
        pytest.param(["wranglers", "admins"], (Grant(Role.OPERATOR), Grant(Role.ADMIN)), id="all groups count"),
        pytest.param(
            ["gpu-team"], (Grant(Role.OPERATOR, "1", "gpu"), Grant(Role.OPERATOR, "2", "night")), id="limited to tags"
        ),
    ],
)
def test_groups_have_roles(groups: list[str], granted: tuple[Grant, ...]) -> None:
    assert grants(groups, ROLES, TAGS) == granted


def test_a_tag_that_is_not_there_limits_to_nothing() -> None:
    assert grants(["gpu-team"], ROLES, {}) == ()


def test_everybody_may_have_a_role() -> None:
    assert grants([], {**ROLES, "*": Granted(Role.VIEWER)}, TAGS) == (Grant(Role.VIEWER),)


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({"groups": ["a", "b"]}, ("a", "b")),
        ({"groups": "a"}, ("a",)),
        ({"groups": None}, ()),
        ({"groups": ["a", 7, None, "", {"b": "c"}]}, ("a",)),
        ({"groups": {"a": True}}, ()),
        ({}, ()),
    ],
)
def test_groups_are_read_as_providers_write_them(claims: dict[str, Any], found: tuple[str, ...]) -> None:
    assert texts(claims, "groups") == found


def test_a_claim_may_lie_in_another_or_have_dots_in_its_name() -> None:
    assert texts({"realm_access": {"roles": ["a"]}}, "realm_access.roles") == ("a",)
    assert texts({"https://farm.example/roles": ["a"]}, "https://farm.example/roles") == ("a",)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": " kim ", "name": "Kim Lee"}, "kim"),
        ({"name": "Kim Lee", "email": "kim@example.org"}, "Kim Lee"),
        ({"email": "kim@example.org"}, "kim@example.org"),
        ({}, "248289"),
    ],
)
def test_people_have_the_name_that_is_told(claims: dict[str, str], name: str) -> None:
    assert vouched("https://id", {"sub": "248289", **claims}, "preferred_username", "groups") == Vouched(
        "https://id", "248289", name
    )
