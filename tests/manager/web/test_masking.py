"""What is behind a mask comes back, and looks different each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmhand.manager.web.serving.masking import masked, unmasked


@given(st.binary(min_size=0, max_size=40).map(bytes.hex))
def test_what_is_masked_comes_back(secret: str) -> None:
    assert unmasked(masked(secret)) == secret


def test_it_is_never_the_same_twice() -> None:
    assert len({masked("00ff" * 16) for _ in range(50)}) == 50


@pytest.mark.parametrize("text", ["abc", "zz", "ab", "é", "0x10"])
def test_anything_else_is_nothing(text: str) -> None:
    assert unmasked(text) == ""
