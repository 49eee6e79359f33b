"""How the checks of a start combine, and how versions compare."""

import pytest

from farmhand.supervisor.rules.comparisons import compare_versions, operator
from farmhand.supervisor.rules.conditions import Checked, Finding, combine, examine, verdict
from farmhand.units.spec import Check, Service

FINDINGS = {"y": Finding.YES, "n": Finding.NO, "w": Finding.WRONG, "u": Finding.UNKNOWN}


def checks(text):
    """Make checks of words such as "|!n": one for each, that is found to be so or not."""
    return tuple(Check("ConditionX", word.lstrip("|!"), "!" in word, "|" in word) for word in text.split())


def find(check):
    return FINDINGS[check.value]


# systemd, src/shared/condition.c, condition_test_list. w: the value makes no sense; u: the machine cannot tell.
@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("", True),
        ("y", True),
        ("n", False),
        ("!n", True),
        ("!y", False),
        ("y n", False),
        ("y y", True),
        ("|n", False),
        ("|y", True),
        ("|n |y", True),
        ("|y |n", True),
        ("|n |n", False),
        ("|n |!n", True),
        ("|y n", False),
        ("y |n", False),
        ("w", False),
        ("!w", False),
        ("|w |y", True),
        ("u", True),
        ("!u", True),
        ("u n", False),
    ],
)
def test_combine(text, met):
    assert combine(checks(text), find)[0] is met


@pytest.mark.parametrize(("text", "failed"), [("n !y", 1), ("n y", 0), ("|n |n", 1), ("n |n", 0)])
def test_the_check_that_decided_is_named(text, failed):
    assert combine(checks(text), find)[1] is not None
    assert combine(checks(text), find)[1] == checks(text)[failed]


def test_nothing_is_looked_at_after_the_first_that_is_not_met_from_the_last_line_up():
    seen = []
    combine(checks("y n y"), lambda check: (seen.append(check.value), find(check))[1])
    assert seen == ["y", "n"]


@pytest.mark.parametrize(
    ("conditions", "asserts", "last", "checked", "told"),
    [
        ("y", "y", None, (True, True), None),
        ("n", "n", None, (False, False), "it was not started: ConditionX=n does not hold"),
        ("n", "y", Checked(), (False, True), "it was not started: ConditionX=n does not hold"),
        ("y", "!y", None, (True, False), "its start failed: ConditionX=!y does not hold"),
    ],
)
def test_conditions_come_before_assertions(conditions, asserts, last, checked, told):
    service = Service("a", conditions=checks(conditions), asserts=checks(asserts))
    found = examine(service, find, last)
    assert (found.conditions_met, found.asserts_met, verdict(found)) == (*checked, told)


# From systemd's own rule: tildes before all, then the end, then "-", "^", "."; numbers before letters.
@pytest.mark.parametrize(
    ("smaller", "greater"),
    [
        ("5.9", "5.10"),
        ("5.10", "5.10.1"),
        ("6.1.0-1", "6.1.0-13"),
        ("5.10~rc1", "5.10"),
        ("5.10", "5.10-rc1"),
        ("5.10-1", "5.10^1"),
        ("5.10^1", "5.10.1"),
        ("5.a", "5.1"),
        ("a", "b"),
        ("01", "2"),
        ("4.9.0", "6.1.0-9-amd64"),
    ],
)
def test_versions(smaller, greater):
    assert compare_versions(smaller, greater) < 0
    assert compare_versions(greater, smaller) > 0
    assert compare_versions(smaller, smaller) == 0


@pytest.mark.parametrize(
    ("text", "split"),
    [(">=5", (">=", "5")), ("> 5", (">", "5")), ("=5", ("=", "5")), ("!=5", ("!=", "5")), ("5.*", (None, "5.*"))],
)
def test_operators(text, split):
    assert operator(text) == split
