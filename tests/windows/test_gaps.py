"""The list of what Wine does not do is the list of tests that may fail under it."""

import ast
from pathlib import Path

import pytest
from gaps import GAPS

TESTS = Path(__file__).parents[1]


def marked(path: Path) -> dict[str, str]:
    """Return the tests of a file that are gaps: name -> the gap's name."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text())):
        for mark in getattr(node, "decorator_list", []):
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "gap":
                assert isinstance(mark.args[0], ast.Constant)
                found[node.name] = mark.args[0].value
    return found


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_is_one_test(name):
    gap = GAPS[name]
    assert marked(TESTS / gap.file)[gap.test] == name


def test_there_are_no_other_gaps():
    found = {gap for path in (TESTS / "supervisor").rglob("test_*.py") for gap in marked(path).values()}
    assert found == GAPS.keys()
