import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.rules import tokens
from farmhand.manager.rules.access import Grant, Need, Role, may
from farmhand.manager.rules.tokens import Scope, within

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


ADMIN, OPERATOR, VIEWER = Role.ADMIN, Role.OPERATOR, Role.VIEWER
GPU, CPU = Grant(OPERATOR, "1", "gpu"), Grant(OPERATOR, "2", "cpu")
NAMES = {"1": "gpu", "2": "cpu"}


@pytest.mark.parametrize(
    ("owner", "scope", "may_do"),
    [
        pytest.param([Grant(ADMIN)], Scope(ADMIN), [Grant(ADMIN)], id="all that its owner may"),
        pytest.param([Grant(ADMIN)], Scope(VIEWER), [Grant(VIEWER)], id="less"),
        pytest.param([Grant(VIEWER)], Scope(ADMIN), [Grant(VIEWER)], id="its owner is no admin any more"),
        pytest.param([], Scope(ADMIN), [], id="its owner is nobody any more"),
        pytest.param([Grant(ADMIN)], Scope(OPERATOR, ("1",)), [GPU], id="an admin's token for one tag"),
        pytest.param([GPU, CPU], Scope(OPERATOR, ("1",)), [GPU, Grant(VIEWER)], id="one of its owner's tags"),
        pytest.param([CPU], Scope(OPERATOR, ("1",)), [Grant(VIEWER)], id="its owner has lost the tag"),
        pytest.param([GPU], Scope(OPERATOR), [GPU], id="its owner's limits are its own"),
        pytest.param([GPU], Scope(VIEWER), [Grant(VIEWER)], id="who only looks sees everything"),
        pytest.param([Grant(ADMIN)], Scope(OPERATOR, ("3",)), [Grant(VIEWER)], id="a tag that was deleted"),
    ],
)
def test_a_token_may_what_it_was_made_for_and_its_owner_may(
    owner: list[Grant], scope: Scope, may_do: list[Grant]
) -> None:
    assert list(within(owner, scope, NAMES)) == may_do


GRANTS = st.builds(Grant, st.just(OPERATOR), st.sampled_from([None, "1", "2"])) | st.builds(
    Grant, st.sampled_from(Role)
)
SCOPES = st.builds(Scope, st.just(OPERATOR), st.sampled_from([(), ("1",), ("1", "2")])) | st.builds(
    Scope, st.sampled_from(Role)
)


@given(
    st.lists(GRANTS, max_size=3),
    SCOPES,
    st.sampled_from([Need.OPERATE, Need.ADMIN]),
    st.sampled_from([None, frozenset(), frozenset("1"), frozenset("2")]),
)
def test_a_token_never_may_more_than_its_owner(
    owner: list[Grant], scope: Scope, need: Need, tags: frozenset[str] | None
) -> None:
    held = within(owner, scope, NAMES)
    if may(held, need, tags).granted:
        assert may(owner, need, tags).granted
    assert may(held, Need.VIEW).granted is may(owner, Need.VIEW).granted
