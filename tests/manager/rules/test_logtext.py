"""Bytes of a log -> lines that a page can show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules.logtext import ENDLESS, LONGEST, STYLES, Line, read_line, read_lines


def text(line: Line) -> str:
    return "".join(span.text for span in line)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", ""),
        (b"Fra:1 Mem:18M", "Fra:1 Mem:18M"),
        (b"windows\r", "windows"),
        (b"frame=  1\rframe=  2\rframe=  3\r", "frame=  3"),
        (b"\r\r", ""),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "caf\ufffd"),
        (b"a\x00b\x07c\x7f", "a\ufffdb\ufffdc\ufffd"),
        (b"a\tb", "a\tb"),
        ("\u202eexe.png".encode(), "\ufffdexe.png"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
        (b"\x1b]0;a title\x07after", "after"),
        (b"\x1b[2J\x1b[Hcleared", "cleared"),
        (b"\x1b[31", "\ufffd[31"),
        (b"\x1b]no end", "\ufffd]no end"),
    ],
)
def test_what_a_line_shows(data: bytes, shown: str) -> None:
    assert text(read_line(data)) == shown


@pytest.mark.parametrize(
    ("data", "spans"),
    [
        (b"\x1b[31mError\x1b[0m: no", [("error", "Error"), ("", ": no")]),
        (b"\x1b[1;32mok", [("ok", "ok")]),
        (b"\x1b[93mbright", [("warn", "bright")]),
        (b"\x1b[1mbold\x1b[22m not", [("bold", "bold"), ("", " not")]),
        (b"\x1b[2mfaint", [("faint", "faint")]),
        (b"\x1b[31ma\x1b[mb", [("error", "a"), ("", "b")]),
        (b"\x1b[38;5;31ma", [("", "a")]),
        (b"\x1b[38;2;31;32;33ma", [("", "a")]),
        (b"\x1b[7;41;99999999999999999999ma", [("", "a")]),
    ],
)
def test_colours_become_the_few_styles_that_there_are(data: bytes, spans: list[tuple[str, str]]) -> None:
    assert [(span.style, span.text) for span in read_line(data)] == spans


def test_what_is_too_long_is_cut_and_says_by_how_much() -> None:
    shown = text(read_line(b"x" * (LONGEST + 1234)))
    assert shown == f"{'x' * LONGEST} … 1,234 more characters"


def test_a_line_without_an_end_is_kept_open() -> None:
    lines = read_lines(b"one\ntwo\nthr")
    assert [text(line) for line in lines.ended] == ["one", "two"]
    assert (text(lines.open), lines.rest) == ("thr", 3)


def test_a_line_that_never_ends_is_taken_for_one_that_has() -> None:
    lines = read_lines(b"begin\n" + b"50 %\r" * ENDLESS)
    assert [text(line) for line in lines.ended] == ["begin", "50 %"]
    assert (lines.open, lines.rest) == ((), 0)


@given(st.binary(max_size=400) | st.text("\x1b[];0m13\r\n<é\u202e", max_size=60).map(str.encode))
def test_whatever_comes_is_text_in_known_styles(data: bytes) -> None:
    lines = read_lines(data)
    for line in (*lines.ended, lines.open):
        assert {span.style for span in line} <= STYLES
        assert all(char.isprintable() or char in "\t\u2028\u2029" or ord(char) > 0xA0 for char in text(line))
        assert all(span.text for span in line)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_reading_in_two_looks_shows_the_same_as_in_one(data: bytes, cut: int) -> None:
    first = read_lines(data[:cut])
    again = read_lines(data[len(data[:cut]) - first.rest :])
    whole = read_lines(data)
    assert (*first.ended, *again.ended) == whole.ended
    assert (again.open, again.rest) == (whole.open, whole.rest)
