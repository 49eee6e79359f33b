"""EnvironmentFile=, as a real systemd 252 read it."""

import pytest

from farmhand.units.environment_file import parse

FILES = [
    ("A=1\nB=2\n", {"A": "1", "B": "2"}),
    ("A=1", {"A": "1"}),
    ("  A=1\n\tB=2\n", {"A": "1", "B": "2"}),
    ("A='one two'\n", {"A": "one two"}),
    ("A=one two   \n", {"A": "one two"}),
    ("A=1 # not a comment\n", {"A": "1 # not a comment"}),
    ('A="1" # x\n', {"A": "1# x"}),
    ("A=a\\\nb\n", {"A": "ab"}),
    ('A="a\\\nb"\n', {"A": "ab"}),
    ("A='a\\\nb'\n", {"A": "a\\\nb"}),
    ("A='two\nlines'\n", {"A": "two\nlines"}),
    ('A="a"b\n', {"A": "ab"}),
    ("A=a'b c'd\n", {"A": "a'b c'd"}),
    ('A="a" "b"\n', {"A": "ab"}),
    ("A='esc \\' quote'\n", {"A": "esc \\quote'"}),
    ("A=back\\\\slash\n", {"A": "back\\slash"}),
    ("A=\\x41\n", {"A": "x41"}),
    ("A=$B\nB=x\n", {"A": "$B", "B": "x"}),
    ('A="$HOME"\n', {"A": "$HOME"}),
    ('A="\\$HOME \\q"\n', {"A": "$HOME \\q"}),
    ("export A=1\nB=2\n", {"B": "2"}),
    ('A=""\nB=\n', {"A": "", "B": ""}),
    ("1A=x\nB=2\n", {"B": "2"}),
    ("A=1\nA=2\n", {"A": "2"}),
    ('A="unterminated\nB=2\n', {"A": "unterminated\nB=2\n"}),
    ("# c \\\nA=1\nB=2\n", {"B": "2"}),
    ("; A=1\n\n\nB=2\n", {"B": "2"}),
    ("A=%%\n", {"A": "%%"}),
    ("A=1;B=2\n", {"A": "1;B=2"}),
    ("A=\tx\n", {"A": "x"}),
    ("A=x\\", {"A": "x"}),
    ("# c \\", {}),
    ("A='x", {"A": "x"}),
    ("A='x'B=1\nC=2", {"A": "xB=1", "C": "2"}),
    ("A = x\n", {"A": "x"}),
    ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ("junk\nA=1\n", {"A": "1"}),
    ("=\"open\nA='1'\n", {"A": "1"}),
    ("\n", {}),
]


@pytest.mark.parametrize(("text", "variables"), FILES)
def test_files(text: str, variables: dict[str, str]) -> None:
    assert parse(text, lambda problem, hint: None) == variables


def test_what_is_left_out_is_told() -> None:
    told: list[str] = []
    assert parse("A-B=x\nC=1\n", lambda problem, hint: told.append(problem)) == {"C": "1"}
    assert told == ['"A-B" is not the name of a variable']
