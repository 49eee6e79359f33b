"""The table of Flamenco's protocol names every call of it, and tests that are there."""

import re
from pathlib import Path

import pytest

from farmhand.manager.web.api.contract import described
from farmhand.worker.wire import API

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "flamenco.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| What"))]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_holds_something_is_there(file: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_held_by_something(row: str) -> None:
    assert re.search(r"\| (`[\w/]+\.py::\w+`(, )?)+ \|$", row)


def test_every_call_of_flamencos_is_in_the_table() -> None:
    listed = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", PAGE))
    assert listed == {f"{method} {path.removeprefix(API)}" for method, path, *_ in described() if path.startswith(API)}
