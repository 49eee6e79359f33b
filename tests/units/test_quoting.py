"""Words, escapes and variables, as a real systemd 252 was seen to treat them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.units.errors import BadValue
from farmhand.units.quoting import quote, unescape, words
from farmhand.units.spec import Command
from farmhand.units.variables import expand, expand_text, literal

WORDS = [
    (r"a   b", ["a", "b"]),
    (r"'a b' c", ["a b", "c"]),
    (r'"a"b', ["ab"]),
    (r"a'b c'd", ["ab cd"]),
    (r'"a""b"', ["ab"]),
    (r"x '' y", ["x", "", "y"]),
    (r'"a \" b"', ['a " b']),
    (r"'a\nb'", ["a\nb"]),
    (r"a\sb", ["a b"]),
    (r"\a \r \v \\", ["\a", "\r", "\v", "\\"]),
    (r"\x41 \101 \u00e4 \U0001f600", ["A", "A", "ä", "😀"]),
    (r"\xc3\xa4", ["ä"]),
    (r"\xe4", ["\udce4"]),
]

ODD_ESCAPES = [
    r"\q",
    r"\x4",
    r"\1",
    r"\x00",
    r"\000",
    r"a\ b",
    r"\;",
    r"\U0000d800",
    r"\777",
    r"\U0010FFFF",
    r"\U0000fdd0",
]


@pytest.mark.parametrize(("text", "expected"), WORDS)
def test_words(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


@pytest.mark.parametrize("text", ODD_ESCAPES)
def test_an_unknown_escape_is_kept_and_told(text: str) -> None:
    told: list[str] = []
    assert list(words(text, warn=lambda problem, hint: told.append(problem))) == [text]
    assert len(told) == 1


@pytest.mark.parametrize("text", ['"a', "a'b c"])
def test_an_open_quote_is_refused_unless_relaxed(text: str) -> None:
    with pytest.raises(BadValue, match="not closed"):
        list(words(text))
    assert list(words(text, relax=True)) == [text.replace('"', "").replace("'", "")]


def test_without_escapes_a_backslash_protects_the_next_character() -> None:
    assert list(words(r"a\ b \"c", escapes="protect")) == ["a b", '"c']


VARIABLES = {
    "ONE": "single",
    "TWO": "one two",
    "EMPTY": "",
    "QUOTED": "'a b' c",
    "DOLLAR": "$ONE",
    "SPACES": "  lead trail  ",
    "TAB": "a\tb",
}

EXPANSIONS = [
    ("$TWO", ["one", "two"]),
    ("${TWO}", ["one two"]),
    ("$EMPTY", []),
    ("${EMPTY}", [""]),
    ("$UNSET", []),
    ("${UNSET}", [""]),
    ("$QUOTED", ["a b", "c"]),
    ("${QUOTED}", ["'a b' c"]),
    ("$DOLLAR", ["$ONE"]),
    ("$SPACES", ["lead", "trail"]),
    ("${SPACES}", ["  lead trail  "]),
    ("a$ONE", ["a$ONE"]),
    ("${ONE}$TWO", ["single$TWO"]),
    ("a${ONE}", ["asingle"]),
    ("$ONE-b", []),
    ("$ONE/x", []),
    ("$$", ["$"]),
    ("$$ONE", ["$ONE"]),
    ("a$$b", ["a$b"]),
    ("a$", ["a$"]),
    ("$", []),
    ("$1", []),
    ("${1}", [""]),
    ("$(ONE)", []),
    ("${ONE}}", ["single}"]),
    ("${ONE:-x}", ["${ONE:-x}"]),
    ("${UNSET:+alt}", ["${UNSET:+alt}"]),
    ("${OPEN", ["${OPEN"]),
    ("--opt=${TWO}", ["--opt=one two"]),
    ("${TAB}", ["a\tb"]),
    ("\\${ONE}", ["\\single"]),
]


@pytest.mark.parametrize(("word", "expected"), EXPANSIONS)
def test_variables(word: str, expected: list[str]) -> None:
    assert expand(Command(("prog", word)), VARIABLES) == ["prog", *expected]


def test_a_colon_leaves_variables_alone() -> None:
    assert expand(Command(("prog", "$ONE", "${ONE}"), literal=True), VARIABLES) == ["prog", "$ONE", "${ONE}"]


def test_argv0_takes_the_place_of_the_program() -> None:
    assert expand(Command(("/bin/sh", "x"), argv0="${ONE}"), VARIABLES) == ["single", "x"]


def test_a_text_is_expanded_as_one() -> None:
    assert expand_text("${TWO}/log $TWO", VARIABLES) == "one two/log $TWO"


ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(ANY_TEXT)
def test_what_is_quoted_reads_back(word: str) -> None:
    assert list(words(quote(word))) == [word]


@given(st.lists(ANY_TEXT))
def test_quoted_words_stay_apart(many: list[str]) -> None:
    assert list(words(" ".join(map(quote, many)))) == many


@given(ANY_TEXT)
def test_quoted_words_are_one_line(word: str) -> None:
    assert not {"\n", "\r"} & set(quote(word))


@given(st.binary().filter(lambda raw: b"\0" not in raw))
def test_bytes_that_are_no_utf8_read_back(raw: bytes) -> None:
    word = raw.decode("utf-8", "surrogateescape")
    assert list(words(quote(word))) == [word]


@given(ANY_TEXT.filter(bool), st.dictionaries(ANY_TEXT, ANY_TEXT))
def test_a_literal_word_is_never_expanded(word: str, env: dict[str, str]) -> None:
    assert expand(Command(("prog", literal(word))), env) == ["prog", word]


def test_a_nul_cannot_be_quoted() -> None:
    with pytest.raises(BadValue, match="NUL"):
        quote("a\0b")


def test_unescape_says_where_to_go_on() -> None:
    assert unescape(r"\x41b", 1) == ("A", 4)
