"""What every page does to what it shows."""

import pytest
from markupsafe import Markup

from farmhand.manager.web.site import visible


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u180e", "\U000e0061", "\u202e", "\x1b", "\x00"]
)
def test_no_name_looks_like_another_by_what_does_not_show(hidden: str) -> None:
    assert visible(f"node{hidden}-1") == "node\ufffd-1"


@pytest.mark.parametrize("text", ["\u0646\u200c\u0645", "a\u200db", "two\nlines", "Łódź 照明", Markup("<b>\u200b</b>")])
def test_letters_stay_as_they_are(text: str) -> None:
    assert visible(text) == text
