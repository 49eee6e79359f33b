"""Command lines of Windows: taken apart as the C library and CommandLineToArgvW do."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units import windows_service

WORDS = st.lists(st.text(alphabet='ab \t"\\é%$', max_size=6), max_size=4)
# From Microsoft's pages on the parsing of arguments in C and C++.
PUBLISHED = [
    ('"a b c" d e', ["a b c", "d", "e"]),
    ('"ab\\"c" "\\\\" d', ['ab"c', "\\", "d"]),
    ('a\\\\\\b d"e f"g h', ["a\\\\\\b", "de fg", "h"]),
    ('a\\\\\\"b c d', ['a\\"b', "c", "d"]),
    ('a\\\\\\\\"b c" d e', ["a\\\\b c", "d", "e"]),
]


@pytest.mark.parametrize(("line", "words"), PUBLISHED)
def test_a_line_is_taken_apart_as_published(line: str, words: list[str]) -> None:
    assert windows_service.words(line) == words


@given(WORDS)
def test_words_survive(words: list[str]) -> None:
    line = windows_service.command_line("C:\\Program Files\\x.exe", words)
    assert windows_service.words(line) == ["C:\\Program Files\\x.exe", *words]


@given(WORDS)
def test_what_python_writes_is_read(words: list[str]) -> None:
    assert windows_service.words(subprocess.list2cmdline(words)) == words


@pytest.mark.parametrize(("nice", "name"), [(19, "idle"), (15, "idle"), (5, "belownormal"), (0, "normal")])
def test_niceness_is_a_class(nice: int, name: str) -> None:
    assert windows_service.priority(nice) == name


@pytest.mark.parametrize(
    ("account", "password"),
    [("LocalSystem", False), ("NT SERVICE\\x", False), ("FARM\\g$", False), ("FARM\\render", True), (".\\me", True)],
)
def test_only_accounts_of_somebody_have_a_password(account: str, password: bool) -> None:
    assert windows_service.has_password(account) is password
