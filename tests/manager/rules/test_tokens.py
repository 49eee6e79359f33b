import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules import tokens

BITS = st.integers(min_value=0, max_value=2**tokens.BITS - 1)


@given(BITS)
def test_a_token_is_known_as_one(bits: int) -> None:
    assert re.fullmatch(tokens.PATTERN, tokens.write(bits))
    assert tokens.is_token(tokens.write(bits))


@given(BITS, st.integers(min_value=3, max_value=51), st.sampled_from("0aZ9"))
def test_one_wrong_letter_is_noticed(bits: int, place: int, letter: str) -> None:
    made = tokens.write(bits)
    slipped = made[:place] + letter + made[place + 1 :]
    assert tokens.is_token(slipped) is (slipped == made)


@given(BITS, BITS)
def test_other_bits_make_another_token(one: int, other: int) -> None:
    assert (tokens.write(one) == tokens.write(other)) is (one == other)


def test_more_bits_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        tokens.write(2**tokens.BITS)


@pytest.mark.parametrize("text", ["", "fh_", "fh_" + "0" * 48, "gh" + tokens.write(7)[2:], f" {tokens.write(7)}"])
def test_anything_else_is_none(text: str) -> None:
    assert not tokens.is_token(text)


@pytest.mark.parametrize(
    ("used_at", "noted"), [(None, False), (1_000_000 - 59_999, True), (1_000_000 - 60_000, False), (1_000_001, False)]
)
def test_its_use_is_written_down_once_a_minute(used_at: int | None, noted: bool) -> None:
    assert tokens.is_noted(used_at, 1_000_000) is noted
