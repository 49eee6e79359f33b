"""Tables that fit."""

import pytest

from farmhand.manager.commands.report import facts, table

ROWS = [("node-1", "a task with a long name", "0c5cae9f"), ("node-10", "-", "8a514d1e")]


def test_a_table_is_as_wide_as_it_needs_to_be() -> None:
    assert table(("NAME", "DOING", "ID"), ROWS, None).splitlines() == [
        "NAME     DOING                    ID",
        "node-1   a task with a long name  0c5cae9f",
        "node-10  -                        8a514d1e",
    ]


@pytest.mark.parametrize("width", [30, 36, 41])
def test_a_table_is_no_wider_than_the_terminal(width: int) -> None:
    lines = table(("NAME", "DOING", "ID"), ROWS, width).splitlines()
    assert max(map(len, lines)) == width
    assert "…" in lines[1]
    assert lines[1].endswith("0c5cae9f")


def test_a_terminal_that_is_too_narrow_for_anything_is_not_obeyed() -> None:
    assert max(map(len, table(("NAME", "DOING", "ID"), ROWS, 5).splitlines())) == 7 + 2 + 8 + 2 + 8


def test_facts_that_say_nothing_are_left_out() -> None:
    assert facts({"Name": "node-1", "Pending": "", "Tags": [], "ID": 7}) == "Name  node-1\nID    7"
    assert facts({"Name": "n", "Next": ["today", "tomorrow"]}) == "Name  n\nNext  today\n      tomorrow"
