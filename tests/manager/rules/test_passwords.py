"""What names and passwords are taken."""

import pytest

from farmhand.manager.rules.passwords import folded, refuse_name, refuse_password


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("eleven char", "fewer than 12"),
        ("x" * 201, "more than 200"),
        ("abcabcabcabcabc", "same few characters"),
        ("kim-fjord-01", "little more than your name"),
        ("kim-fjordkim-fjord", "little more than your name"),
        ("nine horses and a battery", None),
        ("пароль из трёх слов", None),
        ("kim-fjord likes horses", None),
    ],
)
def test_passwords(password, problem):
    found = refuse_password(password, "Kim-Fjord")
    assert (found is None) if problem is None else (problem in found)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\u202eb", "a\u200bb", "x" * 61])
def test_names_that_mislead_are_refused(name):
    assert refuse_name(name) is not None


@pytest.mark.parametrize("name", ["kim", "Kim Fjord", "Émilie", "李雷", "<b>"])
def test_names_of_people_are_taken(name):
    assert refuse_name(name) is None


def test_names_are_compared_as_they_look():
    assert folded("  KIM ") == folded("kim") == folded("\uff4b\uff49\uff4d")
