"""Texts of PowerShell scripts: ASCII, and what they were when they are read again."""

import re

import pytest
from hostile import TEXTS, evaluated
from hypothesis import given

from farmhand.units import powershell
from farmhand.units.errors import BadValue


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "''"),
        ("it's $x `n %y%", "'it''s $x `n %y%'"),
        ("a\u2019b", "('' + 'a' + [char]0x2019 + 'b')"),
        ("\U0001f916", "('' + [char]0xd83e + [char]0xdd16)"),
    ],
)
def test_a_text_is_written_in_ascii(text: str, written: str) -> None:
    assert powershell.literal(text, "x") == written


@pytest.mark.parametrize("text", ["a\0b", "\udcff"])
def test_what_windows_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="Environment: Windows cannot hold"):
        powershell.literal(text, "Environment")


@given(TEXTS)
def test_any_text_survives_or_is_refused(text: str) -> None:
    try:
        written = powershell.literal(text, "Description")
    except BadValue as bad:
        assert re.search("[\0\ud800-\udfff]", text)
        assert bad.problem.startswith("Description: ")  # noqa: PT017
    else:
        assert written.isascii()
        assert written.isprintable()
        assert evaluated(written) == text


@given(TEXTS)
def test_a_comment_is_nothing_else(text: str) -> None:
    lines = powershell.comment(text)
    assert all(line.startswith("#") and line.isascii() and line.isprintable() for line in lines)
