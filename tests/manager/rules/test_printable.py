import pytest

from farmhand.manager.rules.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("node-1 für Łódź 照明", "node-1 für Łódź 照明"),
        ("a\nERROR: forged", "a\ufffdERROR: forged"),
        ("\x1b[2Jgone\x07", "\ufffd[2Jgone\ufffd"),
        ("gpu\u202e1\u200b", "gpu\ufffd1\ufffd"),
        ("", ""),
    ],
)
def test_a_line_has_nothing_that_is_not_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
