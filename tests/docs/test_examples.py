"""What the pages quote is so: calls that are let in, lines that are where they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUOTED = re.compile(r"(\w+=)(?:on-failure)?[^(\n]*\(config/farm\.yaml:(\d+)\)")


def calls():
    for page in PAGES:
        found = [line for line in page.read_text().splitlines() if re.match(r"\s+curl .*/api/", line)]
        yield from (pytest.param(line, id=f"{page.name}-{number}") for number, line in enumerate(found))


@pytest.mark.parametrize("line", list(calls()))
def test_a_call_says_who_calls(line):
    assert '-H "Authorization: Bearer $FARMHAND_TOKEN"' in line


def test_the_lines_of_the_farm_are_those_that_the_tutorial_quotes():
    farm = (ROOT / "config" / "farm.yaml").read_text().splitlines()
    quoted = QUOTED.findall((ROOT / "docs" / "tutorial.md").read_text())
    assert len(quoted) == 3
    for directive, line in quoted:
        assert farm[int(line) - 1].strip().startswith(f"{directive.rstrip('=')}:"), line
