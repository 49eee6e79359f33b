"""The lines of unit files, as a real systemd 252 took them."""

import pytest

from farmhand.units.errors import BadConfig
from farmhand.units.unit_file import assignments

SECTIONS = ("Unit", "Service")


def take(text: str) -> list[tuple[str, str, str, int]]:
    lines = assignments("x.service", text, SECTIONS, lambda *told: None)
    return [(line.section, line.key, line.value, line.line) for line in lines]


def told_of(text: str) -> list[tuple[int, str]]:
    told: list[tuple[int, str]] = []
    list(assignments("x.service", text, SECTIONS, lambda line, key, problem, hint: told.append((line, key))))
    return told


TAKEN = [
    ("[Service]\nA=1\n", [("Service", "A", "1", 2)]),
    ("[Service]   \n  A =  1 \t\n", [("Service", "A", "1", 2)]),
    ("[Service]\r\nA=1\r\n", [("Service", "A", "1", 2)]),
    ("\ufeff[Service]\nA=1", [("Service", "A", "1", 2)]),
    ("[Service]\nA=b=c\n", [("Service", "A", "b=c", 2)]),
    ("[Service]\nA=a \\\n  b \\\n  c\nB=2\n", [("Service", "A", "a    b    c", 4), ("Service", "B", "2", 5)]),
    ("[Service]\nA=a\\\nb\n", [("Service", "A", "a b", 3)]),
    ("[Service]\nA=a \\\n# comment\n; another\n  b\n", [("Service", "A", "a    b", 5)]),
    ("[Service]\nA=a \\\n\nB=2\n", [("Service", "A", "a", 3), ("Service", "B", "2", 4)]),
    ("[Service]\nA=a \\\\\nB=2\n", [("Service", "A", "a \\\\", 2), ("Service", "B", "2", 3)]),
    ("[Service]\n# comment \\\nA=1\n", [("Service", "A", "1", 3)]),
    ("[Service]\nA=1\\", [("Service", "A", "1", 2)]),
    ("[Service]\n   # indented\n ; too\n\nA=1 # no comment\n", [("Service", "A", "1 # no comment", 5)]),
    ("[Unit]\nA=1\n[Service]\nB=2\n[Unit]\n", [("Unit", "A", "1", 2), ("Service", "B", "2", 4)]),
    ("[X-Mine]\nA=1\n[Service]\nB=2\n", [("Service", "B", "2", 4)]),
    ("[Service]\nA=\n", [("Service", "A", "", 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), TAKEN)
def test_lines(text: str, lines: list[tuple[str, str, str, int]]) -> None:
    assert take(text) == lines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\n[Service]\nB=2\n", [(1, "A")]),
        ("[Service]\nnonsense\n=5\n", [(2, "nonsense"), (3, "=5")]),
        ("[service]\nA=1\n", [(1, "[service]")]),
        ("[ Service ]\nA=1\n", [(1, "[ Service ]")]),
        ("[X-Mine]\nA=1\n", []),
        (".include /etc/passwd\n", [(1, ".include /etc/passwd")]),
    ],
)
def test_what_is_ignored_is_told(text: str, told: list[tuple[int, str]]) -> None:
    assert told_of(text) == told
    assert not [line for line in take(text) if line[1] == "A"]


@pytest.mark.parametrize("text", ["[Service] junk\nA=1\n", "[Service\nA=1\n"])
def test_a_broken_header_ends_everything(text: str) -> None:
    with pytest.raises(BadConfig, match=r"x\.service:1: .*broken") as caught:
        take(text)
    assert caught.value.load_state == "error"
